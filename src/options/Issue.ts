/** Says what is wrong with a value, and where: `rivals.maxTokens: expected a whole number ≥ 1, got "many"`. */
import { Array, Effect, Schema, SchemaAST, SchemaIssue } from "effect"

/** One thing wrong with a value; `path` leads to it from the value's root. */
export interface Issue {
  readonly path: ReadonlyArray<PropertyKey>
  readonly message: string
}

const strict = { errors: "all", onExcessProperty: "error", reportInput: true } as const

const inputOf = (issue: SchemaIssue.Issue): unknown => (SchemaIssue.hasInput(issue) ? issue.input : undefined)

const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => {
    if (issue._tag === "MissingKey") return "missing"
    if (issue._tag === "UnexpectedKey") {
      const message = issue.ast.annotations?.messageUnexpectedKey
      return typeof message === "string" ? message : `unknown key${known(issue.ast)}`
    }
    const expected = issue._tag === "InvalidType" ? (issue.ast.annotations?.expected ?? keysOf(issue.ast)) : undefined
    return typeof expected === "string"
      ? SchemaIssue.defaultLeafHook(new SchemaIssue.InvalidValue({ expected }, inputOf(issue), strict))
      : SchemaIssue.defaultLeafHook(issue)
  }
})

/** Keys that show the shape of an object at a glance. */
const mostKeys = 6

/** What to write where a struct of a few keys is expected: `{ within, maxWait, attempts }`. */
const keysOf = (ast: SchemaAST.AST): string | undefined => {
  const names = namesOf(ast)
  return names.length === 0 || names.length > mostKeys ? undefined : `{ ${names.join(", ")} }`
}

const namesOf = (ast: SchemaAST.AST): ReadonlyArray<string> =>
  SchemaAST.isObjects(ast) ? ast.propertySignatures.map(({ name }) => String(name)) : []

/** Names that fit in a line. */
const mostNames = 24

/** What a struct knows instead of a key that it does not. */
const known = (ast: SchemaAST.AST): string => {
  const names = namesOf(ast)
  if (names.length === 0 || names.length > mostNames) return ""
  return `, expected ${names.length === 1 ? "" : "one of "}${names.join(", ")}`
}

/** Where no alternative of a named union fits, its name says more than what each alternative misses. */
const named = (issue: SchemaIssue.Issue): SchemaIssue.Issue => {
  switch (issue._tag) {
    case "AnyOf": {
      const expected = issue.ast.annotations?.expected
      return typeof expected === "string" && issue.issues.length !== 1
        ? new SchemaIssue.InvalidValue({ expected }, inputOf(issue), strict)
        : new SchemaIssue.AnyOf(issue.ast, issue.issues.map(named), inputOf(issue), strict)
    }
    case "Composite":
      return new SchemaIssue.Composite(issue.ast, Array.map(issue.issues, named))
    case "Pointer":
      return new SchemaIssue.Pointer(issue.path, named(issue.issue))
    case "Encoding":
      return new SchemaIssue.Encoding(issue.ast, named(issue.issue))
    default:
      return issue
  }
}

/** A value that was found may be a whole document; its beginning tells which. */
const longestMessage = 240

/** Every issue of a failed decoding, with the value that was found; each once, though a value may fail several checks. */
export const issuesOf = (error: Schema.SchemaError): ReadonlyArray<Issue> => {
  const { issues } = format(named(error.issue))
  const found = issues.map(({ message, path }) => ({
    path: (path ?? []).map((part) => (typeof part === "object" ? part.key : part)),
    message: shortened(message.replace(/^Expected/, "expected"))
  }))
  return Array.dedupeWith(found, (a, b) => toString(a) === toString(b))
}

const shortened = (message: string): string =>
  message.length > longestMessage ? `${message.slice(0, longestMessage)}…` : message

/** Decodes strictly: unknown keys are refused, and all issues are told at once. */
export const decode = <S extends Schema.Constraint>(schema: S) => {
  const decodeUnknown = Schema.decodeUnknownEffect(schema, strict)
  return (value: unknown): Effect.Effect<S["Type"], ReadonlyArray<Issue>, S["DecodingServices"]> =>
    Effect.mapError(decodeUnknown(value), issuesOf)
}

/** `path: message`, or the message alone at the root. */
export const toString = ({ message, path }: Issue): string =>
  path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`

const decoderOf = (schema: Schema.ConstraintDecoder<unknown>) => Schema.decodeUnknownExit(Schema.toType(schema), strict)

/**
 * Throws a `RangeError` that names the argument and what was given: a caller's wrong argument is a defect. Without a
 * name, the value's own keys are the names.
 */
export const assert = (schema: Schema.ConstraintDecoder<unknown>, name?: string) => {
  const root = name === undefined ? [] : [name]
  // Built when it is first needed: most programs start with far more checks than they make.
  let decodeExit: ReturnType<typeof decoderOf> | undefined
  return (value: unknown): void => {
    decodeExit ??= decoderOf(schema)
    const exit = decodeExit(value)
    if (exit._tag === "Success") return
    const [failure] = exit.cause.reasons
    if (failure?._tag !== "Fail") throw new RangeError(toString({ path: root, message: "cannot be read" }))
    const issues = issuesOf(failure.error).map(({ message, path }) => toString({ path: [...root, ...path], message }))
    throw new RangeError(issues.join("\n"))
  }
}
