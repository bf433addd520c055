/** Checks JSON schemas for structured output: which ones the API rejects, and with what message. */
import { listOf, objectOf, type UncheckedJson } from "../wire/UncheckedJson.ts"

/** Keywords that the API does not support, by the schema's type. */
const unsupported: Readonly<Record<string, ReadonlyArray<string>>> = {
  number: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
  integer: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
  string: ["minLength", "maxLength"],
  array: ["maxItems", "uniqueItems"],
  object: ["minProperties", "maxProperties"]
}

const children = (schema: UncheckedJson): ReadonlyArray<UncheckedJson> =>
  [
    ...Object.values(objectOf(schema["properties"]) ?? {}),
    ...["anyOf", "oneOf", "allOf"].flatMap((key) => listOf(schema[key])),
    schema["items"]
  ].flatMap((child) => {
    const node = objectOf(child)
    return node === undefined ? [] : [node]
  })

const target = (root: UncheckedJson, reference: string): UncheckedJson | undefined =>
  reference
    .split("/")
    .slice(1)
    .reduce<UncheckedJson | undefined>((node, key) => objectOf(node?.[key]), root)

/** Gives the message with which the API rejects a schema; undefined if it accepts it. */
export const problem = (root: UncheckedJson): string | undefined => {
  const visit = (schema: UncheckedJson, ancestors: ReadonlySet<UncheckedJson>): string | undefined => {
    if (ancestors.has(schema)) return "Recursive schemas are not supported."
    const type = typeof schema["type"] === "string" ? schema["type"] : ""
    const keywords = (unsupported[type] ?? []).filter((key) => key in schema)
    if (keywords.length > 0) {
      return `For '${type}' type, ${keywords.length === 1 ? "property" : "properties"} ${keywords.map((key) => `'${key}'`).join(", ")} ${keywords.length === 1 ? "is" : "are"} not supported`
    }
    if (type === "array" && Number(schema["minItems"] ?? 0) > 1) {
      return "For 'array' type, 'minItems' values other than 0 or 1 are not supported"
    }
    if (type === "object" && schema["additionalProperties"] !== false) {
      return "For 'object' type, 'additionalProperties' must be explicitly set to false"
    }
    const path = new Set([...ancestors, schema])
    const reference = schema["$ref"]
    if (typeof reference === "string") {
      const resolved = target(root, reference)
      return resolved === undefined ? `Reference '${reference}' cannot be resolved` : visit(resolved, path)
    }
    for (const child of children(schema)) {
      const found = visit(child, path)
      if (found !== undefined) return found
    }
    return undefined
  }
  return visit(root, new Set())
}
