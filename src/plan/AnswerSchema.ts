/** The schema of a plan's `answer`: any JSON Schema that structured output can express. */
import { type JsonSchema, Schema } from "effect"
import { inspect } from "../schema/AnswerFormat.ts"
import { typeNames } from "../schema/AnswerNode.ts"
import { names } from "../schema/Keywords.ts"
import { countKeywords, numericKeywords } from "../schema/Limits.ts"

/** The name of the JSON Schema of `answer` in that of plans. */
export const definition = "Answer"

/** A JSON Schema, whose problems are those of its parts, each with its path. */
export const AnswerSchema = Schema.Json.check(
  Schema.makeFilter(
    (answer) => {
      const { problems } = inspect(answer)
      return problems.length === 0 ? undefined : problems.map(({ message, path }) => ({ path, issue: message }))
    },
    { toJsonSchema: () => [{ $ref: `#/$defs/${definition}` }, true] }
  )
)

const of = (keys: Iterable<string>, schema: unknown) => Object.fromEntries([...keys].map((key) => [key, schema]))

/** The JSON Schema of JSON Schemas for editors: its keywords and the kinds of their values. */
export const definitions = (): Readonly<Record<string, JsonSchema.JsonSchema>> => {
  const part = { $ref: "#/$defs/AnswerPart" }
  const list = { type: "array", items: part }
  const named = { type: "object", additionalProperties: part }
  const type = { enum: [...typeNames, null] }
  const properties = {
    ...of([...names.annotations, ...names.constraints], {}),
    ...of(["$id", "$ref", "title", "description", "format", "pattern"], { type: "string" }),
    ...of(countKeywords, { type: "integer" }),
    ...of(numericKeywords, { type: ["number", "boolean"] }),
    ...of(["minimum", "maximum", "multipleOf"], { type: "number" }),
    ...of(["nullable", "uniqueItems"], { type: "boolean" }),
    ...of(["allOf", "anyOf", "oneOf", "prefixItems"], list),
    ...of(["properties", "patternProperties", "dependentSchemas", ...names.holders], named),
    ...of(["additionalProperties", "propertyNames", "contains", "not", "if", "then", "else"], part),
    type: { anyOf: [type, { type: "array", items: type }] },
    required: { type: "array", items: { type: "string" } },
    items: { anyOf: [part, list] }
  }
  const keywords = { type: "object", properties, patternProperties: { "^x-": {} }, additionalProperties: false }
  const document = { ...keywords, properties: { ...properties, ...of(names.openApi, {}) } }
  const wrapped = { type: "object", properties: { type: { const: "json_schema" } }, required: ["type"] }
  return { AnswerPart: { anyOf: [keywords, { type: "boolean" }] }, [definition]: { anyOf: [document, wrapped] } }
}
