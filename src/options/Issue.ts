/** Describes what is wrong with a value, and where: `rivals.maxTokens: expected a whole number ≥ 1, got "many"`. */
import { Array, Effect, Schema, SchemaAST, SchemaIssue } from "effect"

/** One problem of a value; `path` leads to it from the value's root. */
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
      return typeof message === "string" ? message : `unknown key${expectedKeys(issue.ast)}`
    }
    const expected = issue._tag === "InvalidType" ? (issue.ast.annotations?.expected ?? keysOf(issue.ast)) : undefined
    return typeof expected === "string"
      ? SchemaIssue.defaultLeafHook(new SchemaIssue.InvalidValue({ expected }, inputOf(issue), strict))
      : SchemaIssue.defaultLeafHook(issue)
  }
})

/** Structs with more keys are not written out in an error. */
const maxKeys = 6

/** The text for an expected struct: `{ within, maxWait, attempts }`; `undefined` where it has more than `maxKeys` keys. */
const keysOf = (ast: SchemaAST.AST): string | undefined => {
  const names = namesOf(ast)
  return names.length === 0 || names.length > maxKeys ? undefined : `{ ${names.join(", ")} }`
}

const namesOf = (ast: SchemaAST.AST): ReadonlyArray<string> =>
  SchemaAST.isObjects(ast) ? ast.propertySignatures.map(({ name }) => String(name)) : []

/** The keys of a struct with more of them are not listed after an unknown key. A run in code has 26. */
const maxNames = 32

/** The keys that a struct has, for the error of one that it does not have. */
const expectedKeys = (ast: SchemaAST.AST): string => {
  const names = namesOf(ast)
  if (names.length === 0 || names.length > maxNames) return ""
  return `, expected ${names.length === 1 ? "" : "one of "}${names.join(", ")}`
}

/** Replaces the issues of all alternatives of a union by the union's `expected`, where it has one. */
const withUnionName = (issue: SchemaIssue.Issue): SchemaIssue.Issue => {
  switch (issue._tag) {
    case "AnyOf": {
      const expected = issue.ast.annotations?.expected
      return typeof expected === "string" && issue.issues.length !== 1
        ? new SchemaIssue.InvalidValue({ expected }, inputOf(issue), strict)
        : new SchemaIssue.AnyOf(issue.ast, issue.issues.map(withUnionName), inputOf(issue), strict)
    }
    case "Composite":
      return new SchemaIssue.Composite(issue.ast, Array.map(issue.issues, withUnionName))
    case "Pointer":
      return new SchemaIssue.Pointer(issue.path, withUnionName(issue.issue))
    case "Encoding":
      return new SchemaIssue.Encoding(issue.ast, withUnionName(issue.issue))
    default:
      return issue
  }
}

/** Messages are cut after so many characters, as the value they show may be a whole document. */
const maxMessageLength = 320

/** The issues of a failed decoding, each with the value that was found; equal ones, of several checks of a value, once. */
export const issuesOf = (error: Schema.SchemaError): ReadonlyArray<Issue> => {
  const { issues } = format(withUnionName(error.issue))
  const found = issues.map(({ message, path }) => ({
    path: (path ?? []).map((part) => (typeof part === "object" ? part.key : part)),
    message: shortened(withoutPasswords(message.replace(/^Expected/, "expected")))
  }))
  return Array.dedupeWith(found, (a, b) => toString(a) === toString(b))
}

const shortened = (message: string): string =>
  message.length > maxMessageLength ? `${message.slice(0, maxMessageLength)}…` : message

/** An address may have a password, which no message shows. */
const withoutPasswords = (message: string): string => message.replace(/(:\/\/[^\s"':@/]*:)[^\s"'@]*@/g, "$1…@")

/** Decodes strictly: unknown keys are errors, and the failure has all issues. */
export const decode = <S extends Schema.Constraint>(schema: S) => {
  const decodeUnknown = Schema.decodeUnknownEffect(schema, strict)
  return (value: unknown): Effect.Effect<S["Type"], ReadonlyArray<Issue>, S["DecodingServices"]> =>
    Effect.mapError(decodeUnknown(value), issuesOf)
}

/** `path: message`, or the message alone at the root. Characters without a width, which nobody can see, are escapes in it. */
export const toString = ({ message, path }: Issue): string =>
  (path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`).replace(
    /[\u00ad\u200b\u200e\u200f\u2060-\u2064\u2800\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

const decoderOf = (schema: Schema.ConstraintDecoder<unknown>) => Schema.decodeUnknownExit(Schema.toType(schema), strict)

/**
 * A check that throws a `RangeError` with the argument's name, what was expected, and what was given. Without a name, messages
 * begin with the value's own keys.
 */
export const assert = (schema: Schema.ConstraintDecoder<unknown>, name?: string) => {
  const root = name === undefined ? [] : [name]
  // Built at the first check: a program defines many checks at its start and runs few of them.
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
