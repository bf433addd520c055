/** Makes JSON that is valid against a JSON schema: the structured output of the mock. */
import { matching } from "./PatternSample.ts"
import type { SeededRandom } from "../time/SeededRandom.ts"
import { listOf, objectOf, type UncheckedJson } from "../wire/UncheckedJson.ts"

/** Ends the values of a recursive schema; deeper than any schema that the API accepts. */
const depthLimit = 12

const formats: Readonly<Record<string, string>> = {
  "date-time": "2026-01-15T09:30:00Z",
  date: "2026-01-15",
  time: "09:30:00Z",
  duration: "P1D",
  email: "someone@example.org",
  hostname: "example.org",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  uri: "https://example.org/",
  uuid: "00000000-0000-4000-8000-000000000000"
}

const numberOf = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined)

/** Resolves a `$ref` within the root schema, such as `#/$defs/Price`. */
const resolve = (root: UncheckedJson, schema: UncheckedJson): UncheckedJson => {
  const reference = schema["$ref"]
  if (typeof reference !== "string" || !reference.startsWith("#")) return schema
  const target = reference
    .split("/")
    .slice(1)
    .reduce<UncheckedJson | undefined>(
      (node, key) => objectOf(node?.[key.replaceAll("~1", "/").replaceAll("~0", "~")]),
      root
    )
  return target ?? {}
}

/** Keywords that an SDK's helper moves from a schema to its description, as the API rejects them. */
const bound = /(\w+): (-?\d+(?:\.\d+)?|"(?:[^"\\]|\\.)*"|true|false)(?=[,}])/g

/** Gives a schema with the bounds that its description ends with, such as `{minimum: 1, maximum: 5}`. */
const withBounds = (schema: UncheckedJson): UncheckedJson => {
  const { description } = schema
  const tail = typeof description === "string" ? /(?:^|\n\n)(\{\w+: [^]*\})\s*$/.exec(description)?.[1] : undefined
  if (tail === undefined) return schema
  const bounds = [...tail.matchAll(bound)].map(([, key, value]) => [key!, JSON.parse(value!) as unknown] as const)
  return { ...Object.fromEntries(bounds), ...schema }
}

const number = (schema: UncheckedJson, random: SeededRandom, path: string): number => {
  const step = numberOf(schema["multipleOf"]) ?? (schema["type"] === "integer" ? 1 : 0.1)
  const exclusiveMinimum = numberOf(schema["exclusiveMinimum"])
  const exclusiveMaximum = numberOf(schema["exclusiveMaximum"])
  const low = numberOf(schema["minimum"]) ?? (exclusiveMinimum === undefined ? undefined : exclusiveMinimum + step)
  const high = numberOf(schema["maximum"]) ?? (exclusiveMaximum === undefined ? undefined : exclusiveMaximum - step)
  const from = low ?? (high === undefined ? 1 : Math.min(1, high))
  const to = high ?? Math.max(100, from + 100 * step)
  const steps = Math.floor(random.uniform(path) * (Math.floor((to - from) / step) + 1))
  const aligned = Math.ceil(from / step) * step + steps * step
  return Number(Math.min(to, Math.max(from, aligned)).toFixed(6))
}

const string = (schema: UncheckedJson, text: string): string => {
  const format = typeof schema["format"] === "string" ? formats[schema["format"]] : undefined
  if (format !== undefined) return format
  const { pattern } = schema
  const matched = typeof pattern === "string" ? matching(pattern) : undefined
  if (matched !== undefined) return matched
  const minLength = numberOf(schema["minLength"]) ?? 0
  const maxLength = numberOf(schema["maxLength"]) ?? Number.POSITIVE_INFINITY
  return text.padEnd(minLength, ".").slice(0, maxLength)
}

/** Makes a value for `schema`. Strings without a format are `text`; objects have all properties, arrays one to three items. */
export const sample = (schema: UncheckedJson, text: string, random: SeededRandom): unknown => {
  const visit = (unresolved: unknown, path: string, depth: number): unknown => {
    const unresolvedNode = objectOf(unresolved)
    if (unresolvedNode === undefined || depth > depthLimit) return null
    const node = withBounds(resolve(schema, unresolvedNode))
    if ("const" in node) return node["const"]
    const choices = listOf(node["enum"])
    if (choices.length > 0) return choices[Math.floor(random.uniform(path) * choices.length)]
    const variants = listOf(node["anyOf"] ?? node["oneOf"])
    // Of nullable values, the variant that is not null.
    const variant = variants.find((one) => objectOf(one)?.["type"] !== "null") ?? variants[0]
    if (variant !== undefined) return visit(variant, path, depth + 1)
    const parts = listOf(node["allOf"])
    if (parts.length > 0) {
      const merged = parts.map((part) => resolve(schema, objectOf(part) ?? {}))
      return visit(
        {
          ...Object.assign({}, ...merged),
          properties: Object.assign({}, objectOf(node["properties"]), ...merged.map((part) => part["properties"]))
        },
        path,
        depth + 1
      )
    }
    const types = Array.isArray(node["type"]) ? node["type"] : [node["type"]]
    const type = types.find((one) => one !== "null") ?? types[0]
    switch (type) {
      case "null":
        return null
      case "boolean":
        return random.uniform(path) < 0.5
      case "integer":
      case "number":
        return number({ ...node, type }, random, path)
      case "array": {
        const minItems = numberOf(node["minItems"]) ?? 1
        const maxItems = numberOf(node["maxItems"]) ?? Math.max(3, minItems)
        const length = Math.min(
          maxItems,
          minItems + Math.floor(random.uniform(`${path}[]`) * Math.max(1, Math.min(3, maxItems)))
        )
        return node["items"] === undefined
          ? []
          : Array.from({ length }, (_, index) => visit(node["items"], `${path}[${index}]`, depth + 1))
      }
      case "string":
        return string(node, text)
      default:
    }
    const properties = objectOf(node["properties"])
    if (type !== "object" && properties === undefined) return type === undefined ? text : null
    return Object.fromEntries(
      Object.entries(properties ?? {}).map(([key, property]) => [key, visit(property, `${path}.${key}`, depth + 1)])
    )
  }
  return visit(schema, "$", 0)
}
