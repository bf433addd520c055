/** The JSON Schema that a library exports of its own, and the types in it that no JSON has, such as `Date`. */
import { Predicate, Result } from "effect"
import { isList, isObject, type JsonObject, type Path } from "./AnswerNode.ts"

export interface JsonSchemaExport {
  readonly input: (options: {
    readonly target: "draft-2020-12"
    readonly libraryOptions?: Record<string, unknown> | undefined
  }) => JsonObject
}

/** The exported JSON Schema. Throws a `RangeError` with the place of a type that JSON does not have. */
export const exportOf = (vendor: string, jsonSchema: JsonSchemaExport): JsonObject => {
  const attempt = (libraryOptions: Record<string, unknown> | undefined) =>
    Result.try(() => jsonSchema.input({ target: "draft-2020-12", ...(libraryOptions && { libraryOptions }) }))
  const refused = (why: string, path: Path = []) => {
    const place = path.length === 0 ? "it" : path.join(".")
    return new RangeError(`schema: ${vendor} exports no JSON Schema of ${place}: ${why}. Use types that JSON has`)
  }
  const exported = attempt(silent[vendor])
  if (Result.isSuccess(exported)) {
    const marked = markedIn(exported.success, [])
    if (marked === undefined) return exported.success
    throw refused(`${marked.type} cannot be represented in JSON Schema`, marked.path)
  }
  const marked = Result.getOrUndefined(Result.map(attempt(loud[vendor]), (schema) => markedIn(schema, [])))
  const { failure } = exported
  throw refused(String(Predicate.hasProperty(failure, "message") ? failure.message : failure), marked?.path)
}

const prefix = "no JSON: "

/** Stands for a type that no JSON has: a schema that no value fits, so that it counts for nothing in a union. */
const marker = (type: unknown) => ({ not: {}, $comment: `${prefix}${String(type)}` })

const fallback = {
  date: () => marker("Date"),
  domain: ({ domain }: { readonly domain: unknown }) => marker(domain),
  proto: ({ proto }: { readonly proto: { readonly name: string } }) => marker(proto.name),
  unit: ({ unit }: { readonly unit: unknown }) => marker(unit)
}

interface ZodContext {
  readonly zodSchema: { readonly _zod?: { readonly def?: { readonly type?: string } } }
  readonly jsonSchema: Record<string, unknown>
}

const override = ({ jsonSchema, zodSchema }: ZodContext) => {
  if (zodSchema._zod?.def?.type !== "file") return
  for (const key of Object.keys(jsonSchema)) delete jsonSchema[key]
  Object.assign(jsonSchema, marker("File"))
}

/** Options that mark what a library exports as `{}`, or as a text that it does not take. */
const silent: Readonly<Record<string, Record<string, unknown>>> = { arktype: { fallback }, zod: { override } }

interface ValibotContext {
  readonly errors?: ReadonlyArray<string> | undefined
}

/** Options that mark what a library throws of, to find its place. */
const loud: Readonly<Record<string, Record<string, unknown>>> = {
  zod: { unrepresentable: () => marker("type") },
  valibot: { overrideSchema: ({ errors }: ValibotContext) => (errors === undefined ? undefined : marker("type")) }
}

interface Marked {
  readonly type: string
  readonly path: Path
}

/** The first marker outside of unions, or of a union that has nothing else. */
const markedIn = (part: unknown, path: Path): Marked | undefined => {
  if (isMarker(part)) return { type: part.$comment.slice(prefix.length), path }
  if (!isObject(part) && !isList(part)) return undefined
  for (const [key, value] of isList(part) ? part.entries() : Object.entries(part)) {
    const isUnion = key === "anyOf" && isList(value) && !value.every(isMarker)
    const found = markedIn(isUnion ? value.map((variant) => isMarker(variant) || variant) : value, [...path, key])
    if (found !== undefined) return found
  }
  return undefined
}

const isMarker = (part: unknown): part is { readonly $comment: string } =>
  isObject(part) && typeof part.$comment === "string" && part.$comment.startsWith(prefix)
