/** The schema of a plan's `answer`: JSON Schema, limited to the keywords that Claude's structured output takes. */
import { JsonSchema, Record, Result, Schema, SchemaRepresentation, Struct } from "effect"
import * as Ask from "../pipeline/Ask.ts"

const typeNames = ["string", "number", "integer", "boolean", "null", "array", "object"] as const
const aType = { expected: `a JSON type: ${typeNames.join(", ")}` }
const Type = Schema.Literals(typeNames).annotate(aType)

/** The keywords that hold other schemas, which `closed` walks through. */
export interface JsonSchemaPart {
  readonly properties?: Readonly<Record<string, JsonSchemaPart>>
  readonly required?: ReadonlyArray<string>
  readonly additionalProperties?: boolean | JsonSchemaPart
  readonly items?: JsonSchemaPart
  readonly prefixItems?: ReadonlyArray<JsonSchemaPart>
  readonly anyOf?: ReadonlyArray<JsonSchemaPart>
  readonly oneOf?: ReadonlyArray<JsonSchemaPart>
  readonly $defs?: Readonly<Record<string, JsonSchemaPart>>
}

const Part: Schema.Codec<JsonSchemaPart> = Schema.suspend(() => Keywords).annotate({ identifier: "Answer" })
const Parts = Schema.Array(Part).annotate({ expected: "a list of JSON Schemas" })
const Named = Schema.Record(Schema.String, Part).annotate({ identifier: "Answers", expected: "JSON Schemas by name" })
const Count = Schema.Int.annotate({ expected: "a whole number" })

const fields = {
  $schema: Schema.String,
  $id: Schema.String,
  $comment: Schema.String,
  $ref: Schema.String,
  $defs: Named,
  title: Schema.String,
  description: Schema.String,
  default: Schema.Unknown,
  examples: Schema.Array(Schema.Unknown),
  type: Schema.Union([Type, Schema.Array(Type)]).annotate(aType),
  enum: Schema.Array(Schema.Unknown),
  const: Schema.Unknown,
  properties: Named,
  required: Schema.Array(Schema.String),
  additionalProperties: Schema.Union([Schema.Boolean, Part]).annotate({ expected: "a boolean or a JSON Schema" }),
  minProperties: Count,
  maxProperties: Count,
  items: Part,
  prefixItems: Parts,
  minItems: Count,
  maxItems: Count,
  uniqueItems: Schema.Boolean,
  anyOf: Parts,
  oneOf: Parts,
  allOf: Parts,
  format: Schema.String,
  pattern: Schema.String,
  minLength: Count,
  maxLength: Count,
  minimum: Schema.Finite,
  maximum: Schema.Finite,
  exclusiveMinimum: Schema.Finite,
  exclusiveMaximum: Schema.Finite,
  multipleOf: Schema.Finite
}

/** A JSON Schema of these keywords only: an unknown one, such as a misspelled one, would have no effect. */
const Keywords = Schema.Struct(fields)
  .mapFields(Struct.map(Schema.optionalKey))
  .annotate({ expected: "a JSON Schema" })
  .check(
    Schema.makeFilter(({ properties = {}, required = [] }) => {
      const unknown = required.filter((name) => !Object.hasOwn(properties, name))
      return unknown.map((name) => ({ path: ["required"], issue: `${JSON.stringify(name)} is none of the properties` }))
    })
  )

/** A JSON Schema that `Ask.object` takes: without recursion, and with every definition that it refers to. */
export const AnswerSchema = Keywords.check(
  Schema.makeFilter((answer) => {
    const read = Result.try({ try: () => Ask.object("?", toSchema(answer)), catch: (cause) => cause })
    return Result.isSuccess(read) ? undefined : `expected what structured output can take: ${reasonOf(read.failure)}`
  })
)

/** The first line of an error, without the module name before its colon. */
const reasonOf = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).replace(/^\w+: /, "").replace(/\n[^]*/, "")

/** The schema that decodes the answers of a plan's JSON Schema. */
export const toSchema = (answer: typeof Keywords.Type): Schema.Codec<unknown> => {
  const document = JsonSchema.fromSchemaDraft2020_12({ ...closed(answer) })
  return SchemaRepresentation.fromJsonSchemaDocument(document, { patterns: "ignore" }) as Schema.Codec<unknown>
}

/** Adds `type: object` and `additionalProperties: false` to every schema with `properties`, as structured output requires them. */
const closed = (part: JsonSchemaPart): JsonSchemaPart => {
  const all = (parts: ReadonlyArray<JsonSchemaPart>) => parts.map(closed)
  const named = (parts: Readonly<Record<string, JsonSchemaPart>>) => Record.map(parts, closed)
  return {
    ...(part.properties !== undefined && { type: "object", additionalProperties: false }),
    // `Struct.evolve` skips keys that are missing.
    ...Struct.evolve(part as Required<JsonSchemaPart>, {
      $defs: named,
      properties: named,
      additionalProperties: (rest) => (typeof rest === "boolean" ? rest : closed(rest)),
      items: closed,
      prefixItems: all,
      anyOf: all,
      oneOf: all
    })
  }
}
