/** What an answer's schema is sent as, and how its JSON is decoded: of an Effect Schema, a Standard Schema or a JSON Schema. */
import { Effect, Result, Schema } from "effect"
import { type JsonObject, type Problem } from "./AnswerNode.ts"
import { check } from "./Check.ts"
import { read, type Reading } from "./Read.ts"
import { isStandardSchema, jsonSchemaOf, type StandardSchema, validate } from "./Standard.ts"
import { problemsOf } from "./Validation.ts"
import { toWire } from "./Wire.ts"

/** The schema of a request, and the decoder of the JSON that answers it; it fails with what does not fit, as text. */
export interface AnswerFormat<out A, out R = never> {
  readonly schema: JsonObject
  readonly decode: (json: unknown) => Effect.Effect<A, string, R>
}

/** A JSON Schema: any draft from 04 to 2020-12, or of OpenAPI 3. */
export type JsonSchema = { readonly [keyword: string]: unknown } & {
  readonly "~standard"?: never
  readonly ast?: never
}

/** What can be wrong with a JSON Schema of an answer, and what was read in another way than it is written. */
export interface Inspection {
  readonly problems: ReadonlyArray<Problem>
  readonly notices: ReadonlyArray<Problem>
  readonly format: AnswerFormat<unknown>
}

const inspections = new Map<string, Inspection>()

/** As many schemas are kept as a large plan has different ones. */
const maxInspections = 1000

/** Reads a JSON Schema. Equal schemas are read once, as the asks of a large plan often have the same one. */
export const inspect = (document: unknown): Inspection => {
  const key = keyOf(document)
  const known = key === undefined ? undefined : inspections.get(key)
  if (known !== undefined) return known
  const inspection = inspectionOf(read(copyOf(document)))
  if (key !== undefined) {
    if (inspections.size >= maxInspections) inspections.clear()
    inspections.set(key, inspection)
  }
  return inspection
}

/** `undefined` of a document that is no JSON, such as one with a cycle. */
const keyOf = (document: unknown): string | undefined =>
  Result.getOrUndefined(Result.try(() => JSON.stringify(document) as string | undefined))

/** Answers are checked by the document, which its owner may change. */
const copyOf = (document: unknown): unknown =>
  Result.getOrElse(
    Result.try(() => structuredClone(document)),
    () => document
  )

const inspectionOf = ({ documents, node, notices, problems }: Reading): Inspection => {
  const wire = problems.length > 0 ? { schema: {}, problems: [] } : toWire(node)
  const decode = (json: unknown) => {
    const checked = check(node, json)
    const wrong =
      checked.problems.length > 0 ? checked.problems : problemsOf(documents, documents.schema.value, checked.value)
    return wrong.length === 0 ? Effect.succeed(checked.value) : Effect.fail(textOf(wrong))
  }
  return { problems: [...problems, ...wire.problems], notices, format: { schema: wire.schema, decode } }
}

const textOf = (problems: ReadonlyArray<Problem>): string =>
  problems.map(({ message, path }) => (path.length === 0 ? message : `${path.join(".")}: ${message}`)).join("\n")

/** The format of a JSON Schema. Throws a `RangeError` for one that structured output cannot express. */
const ofJsonSchema = (document: unknown): AnswerFormat<unknown> => {
  const { format, problems } = inspect(document)
  if (problems.length > 0) throw new RangeError(`schema: ${textOf(problems)}`)
  return format
}

/** The format of a schema of another library. */
const ofStandard = <A>(schema: StandardSchema<any, A>): AnswerFormat<A> =>
  decodedBy(jsonSchemaOf(schema), (value) => validate(schema, value))

/** The format of an Effect Schema: it is sent as its encoded side, and decoded by itself. */
const ofEffect = <A, E, R>(schema: Schema.ConstraintCodec<A, E, R, unknown>): AnswerFormat<A, R> => {
  const codec = Schema.toCodecJson(schema)
  const { definitions, schema: root } = Schema.toJsonSchemaDocument(codec)
  const decode = Schema.decodeUnknownEffect(codec, { errors: "all" })
  return decodedBy({ ...root, $defs: definitions }, (value) => Effect.mapError(decode(value), ({ message }) => message))
}

/** Formats of Effect and Standard Schemas: each is read once for all asks that have it. */
const formats = new WeakMap<object, AnswerFormat<any>>()

/** The format of any schema. Throws a `RangeError` for one that structured output cannot express, such as a recursive one. */
export const of = (schema: object): AnswerFormat<any> => {
  const known = formats.get(schema)
  if (known !== undefined) return known
  const isEffect = Schema.isSchema(schema)
  // A JSON Schema is plain data, which may be changed between two asks.
  if (!isEffect && !isStandardSchema(schema)) return ofJsonSchema(schema)
  const format = isEffect
    ? ofEffect(schema as unknown as Schema.ConstraintCodec<unknown, unknown, never, unknown>)
    : ofStandard(schema)
  formats.set(schema, format)
  return format
}

/** What is sent is put back into the form of the JSON Schema; the schema's own decoder then checks it. */
const decodedBy = <A, R>(
  document: JsonObject,
  decode: (value: unknown) => Effect.Effect<A, string, R>
): AnswerFormat<A, R> => {
  const reading = read(document)
  const { format, problems } = inspectionOf(reading)
  if (problems.length > 0) throw new RangeError(`schema: ${textOf(problems)}`)
  return { schema: format.schema, decode: (json) => Effect.suspend(() => decode(check(reading.node, json).value)) }
}
