/** Which JSON schemas the API takes for structured output, and what it says of the others. */
import { listOf, objectOf, type UncheckedJson } from "../wire/UncheckedJson.ts"

/** Constraints that the API refuses, by the type they stand at. */
const refused: Readonly<Record<string, ReadonlyArray<string>>> = {
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

/** Gives what the API would say against a schema; nothing if it takes it. */
export const problem = (root: UncheckedJson): string | undefined => {
  const visit = (schema: UncheckedJson, above: ReadonlySet<UncheckedJson>): string | undefined => {
    if (above.has(schema)) return "Recursive schemas are not supported."
    const type = typeof schema["type"] === "string" ? schema["type"] : ""
    const constraint = (refused[type] ?? []).filter((key) => key in schema)
    if (constraint.length > 0) {
      return `For '${type}' type, ${constraint.length === 1 ? "property" : "properties"} ${constraint.map((key) => `'${key}'`).join(", ")} ${constraint.length === 1 ? "is" : "are"} not supported`
    }
    if (type === "array" && Number(schema["minItems"] ?? 0) > 1) {
      return "For 'array' type, 'minItems' values other than 0 or 1 are not supported"
    }
    if (type === "object" && schema["additionalProperties"] !== false) {
      return "For 'object' type, 'additionalProperties' must be explicitly set to false"
    }
    const inside = new Set([...above, schema])
    const reference = schema["$ref"]
    if (typeof reference === "string") {
      const resolved = target(root, reference)
      return resolved === undefined ? `Reference '${reference}' cannot be resolved` : visit(resolved, inside)
    }
    for (const child of children(schema)) {
      const found = visit(child, inside)
      if (found !== undefined) return found
    }
    return undefined
  }
  return visit(root, new Set())
}
