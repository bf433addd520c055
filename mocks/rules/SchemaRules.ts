/** Checks JSON schemas for structured output and strict tools: which ones the API rejects, and with what message. */
import { listOf, objectOf, type UncheckedJson } from "../wire/UncheckedJson.ts"

/** Keywords that the API does not support, by the schema's type. */
const unsupported: Readonly<Record<string, ReadonlyArray<string>>> = {
  number: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
  integer: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
  string: ["minLength", "maxLength"],
  array: ["maxItems", "uniqueItems", "prefixItems", "contains"],
  object: ["minProperties", "maxProperties", "patternProperties", "propertyNames"]
}

/** Keywords that the API does not support in a schema of any type. */
const unsupportedTypes = ["oneOf", "not", "if"]

/** The formats of strings that the documentation lists. */
const formats = "date-time time date duration email hostname uri ipv4 ipv6 uuid".split(" ")
const types = "array boolean integer null number object string".split(" ")

/** Limits of one request, over its answer schema and its strict tools together. */
const limits = { optional: 24, unions: 16, strictTools: 20 }

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

const typeNames = (schema: UncheckedJson): ReadonlyArray<string> =>
  (Array.isArray(schema["type"]) ? schema["type"] : [schema["type"]]).filter((one) => typeof one === "string")

const isList = (value: unknown): boolean => value === undefined || Array.isArray(value)
const isMap = (value: unknown): boolean => value === undefined || objectOf(value) !== undefined

/** Gives whether a schema has known types, and lists and objects where JSON Schema has them. */
export const isJsonSchema = (schema: UncheckedJson): boolean => {
  return (
    typeNames(schema).every((name) => types.includes(name)) &&
    [schema["required"], schema["enum"], schema["anyOf"], schema["oneOf"], schema["allOf"]].every(isList) &&
    [schema["properties"], schema["$defs"]].every(isMap) &&
    Object.values(objectOf(schema["properties"]) ?? {}).every((one) => isMap(one) || typeof one === "boolean") &&
    children(schema).every(isJsonSchema)
  )
}

const keywordProblem = (schema: UncheckedJson): string | undefined => {
  const combinator = unsupportedTypes.find((key) => key in schema)
  if (combinator !== undefined) return `Schema type '${combinator}' is not supported`
  for (const type of typeNames(schema)) {
    if (!types.includes(type)) return `Schema type '${type}' is not supported`
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
  }
  const format = schema["format"]
  if (typeof format === "string" && !formats.includes(format)) return `String format '${format}' is not supported`
  const choices = listOf(schema["enum"])
  if (Array.isArray(schema["enum"]) && choices.length === 0) return "Enum must have at least one value"
  return choices.some((one) => typeof one === "object" && one !== null)
    ? "Enum values must be strings, numbers, booleans or null"
    : undefined
}

/** Gives the message with which the API rejects a schema; undefined if it accepts it. */
export const problem = (root: UncheckedJson): string | undefined => {
  const visit = (schema: UncheckedJson, ancestors: ReadonlySet<UncheckedJson>): string | undefined => {
    if (ancestors.has(schema)) return "Recursive schemas are not supported."
    const found = keywordProblem(schema)
    if (found !== undefined) return found
    const path = new Set([...ancestors, schema])
    const reference = schema["$ref"]
    if (typeof reference === "string") {
      if (!reference.startsWith("#")) return `External reference '${reference}' is not supported`
      const resolved = target(root, reference)
      return resolved === undefined ? `Reference '${reference}' cannot be resolved` : visit(resolved, path)
    }
    for (const child of children(schema)) {
      const inside = visit(child, path)
      if (inside !== undefined) return inside
    }
    return undefined
  }
  return visit(root, new Set())
}

/** Counts the properties that are not required, and the schemas with several types or with `anyOf`. */
const counts = (schemas: ReadonlyArray<UncheckedJson>): { readonly optional: number; readonly unions: number } => {
  let optional = 0
  let unions = 0
  const seen = new Set<UncheckedJson>()
  const visit = (schema: UncheckedJson): void => {
    if (seen.has(schema)) return
    seen.add(schema)
    const required = listOf(schema["required"])
    optional += Object.keys(objectOf(schema["properties"]) ?? {}).filter((key) => !required.includes(key)).length
    if (Array.isArray(schema["type"]) || Array.isArray(schema["anyOf"])) unions++
    for (const child of children(schema)) visit(child)
    for (const defined of Object.values(objectOf(schema["$defs"]) ?? objectOf(schema["definitions"]) ?? {})) {
      const node = objectOf(defined)
      if (node !== undefined) visit(node)
    }
  }
  for (const schema of schemas) visit(schema)
  return { optional, unions }
}

/** Gives the message for a request whose schemas are too many, or have too many optional or union-typed parameters. */
export const limitProblem = (schemas: ReadonlyArray<UncheckedJson>, strictTools: number): string | undefined => {
  if (strictTools > limits.strictTools) {
    return `Too many strict tools (${strictTools}). Reduce the number of strict tools (limit: ${limits.strictTools}).`
  }
  const { optional, unions } = counts(schemas)
  if (optional > limits.optional) {
    return `Schemas contains too many optional parameters (${optional}), which would make grammar compilation inefficient. Reduce the number of optional parameters in your tool schemas (limit: ${limits.optional}).`
  }
  return unions > limits.unions
    ? `Schemas contains too many parameters with union types (${unions} parameters with type arrays or anyOf). This causes exponential compilation cost. Reduce the number of nullable or union-typed parameters (limit: ${limits.unions}).`
    : undefined
}
