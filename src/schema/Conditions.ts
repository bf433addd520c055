/** What a schema says of an object's properties, and the keywords that structured output has no form for: `not`, `if`, `contains` … */
import { type AnswerNode, anything, isList, isObject, type JsonObject, type Limit, type Path } from "./AnswerNode.ts"
import { fits } from "./Check.ts"
import { expressionOf } from "./Limits.ts"
import { isOpen } from "./Merge.ts"

/** What reads the schemas that a keyword has. */
export interface Reader {
  readonly read: (value: unknown, path: Path) => AnswerNode
  readonly byName: (schema: JsonObject, key: string, path: Path) => ReadonlyMap<string, AnswerNode> | undefined
  readonly problem: (path: Path, message: string) => void
  readonly notice: (path: Path, message: string) => void
}

type OfObject = Pick<AnswerNode, "properties" | "required" | "rest" | "limits" | "types">

/** The properties of a schema, and its conditions as limits. */
export const conditionsOf = (reader: Reader, schema: JsonObject, path: Path): OfObject => {
  const limits: Array<Limit> = []
  const add = (keyword: string, test: Limit["test"]) => limits.push({ keyword, value: schema[keyword], test })
  const part = (keyword: string): AnswerNode | undefined =>
    schema[keyword] === undefined ? undefined : reader.read(schema[keyword], [...path, keyword])

  const not = part("not")
  const isNever = not !== undefined && isOpen(not)
  if (not !== undefined && !isNever) add("not", (value) => !fits(not, value))
  const [condition, then, otherwise] = ["if", "then", "else"].map(part)
  if (condition !== undefined && (then !== undefined || otherwise !== undefined)) {
    const test = (value: unknown) => {
      const next = fits(condition, value) ? then : otherwise
      return next === undefined || fits(next, value)
    }
    const value = Object.fromEntries(Object.entries(schema).filter(([key]) => /^(if|then|else)$/.test(key)))
    limits.push({ keyword: "if", value, test })
  }
  const contained = part("contains")
  if (contained !== undefined) {
    const { maxContains = Number.POSITIVE_INFINITY, minContains = 1 } = schema
    add("contains", (value) => {
      if (!isList(value)) return true
      const count = value.filter((item) => fits(contained, item)).length
      return count >= Number(minContains) && count <= Number(maxContains)
    })
  }
  for (const keyword of ["dependentRequired", "dependencies"]) {
    const named = schema[keyword]
    if (isObject(named)) add(keyword, (value) => !isObject(value) || hasDependents(named, value))
  }
  for (const keyword of ["dependentSchemas", "dependencies"]) {
    if (!isObject(schema[keyword])) continue
    for (const [name, dependent] of Object.entries(schema[keyword])) {
      if (isList(dependent)) continue
      const node = reader.read(dependent, [...path, keyword, name])
      add(keyword, (value) => !isObject(value) || !Object.hasOwn(value, name) || fits(node, value))
    }
  }
  const properties = propertiesOf(reader, schema, path, limits)
  return { ...properties, required: requiredOf(reader, schema, path), limits, ...(isNever && { types: [] }) }
}

const hasDependents = (named: JsonObject, value: JsonObject): boolean =>
  Object.entries(named).every(
    ([name, others]) =>
      !Object.hasOwn(value, name) || !isList(others) || others.every((other) => Object.hasOwn(value, String(other)))
  )

const requiredOf = (reader: Reader, { required }: JsonObject, path: Path): ReadonlyArray<string> => {
  // In OpenAPI 2 and draft-03 a property says `required: true` of itself, which has no meaning here.
  if (required === undefined) return []
  if (isList(required) && required.every((name) => typeof name === "string" || typeof name === "number")) {
    return [...new Set(required.map(String))]
  }
  reader.problem([...path, "required"], `expected a list of property names, got ${JSON.stringify(required)}`)
  return []
}

/** Properties by name. Names that `propertyNames` lists become properties; of other names, only their limits are kept. */
const propertiesOf = (
  reader: Reader,
  schema: JsonObject,
  path: Path,
  limits: Array<Limit>
): Pick<OfObject, "properties" | "rest"> => {
  const stated = schema.additionalProperties ?? schema.unevaluatedProperties
  const others =
    stated === undefined || typeof stated === "boolean"
      ? stated
      : reader.read(stated, [...path, "additionalProperties"])
  const properties = reader.byName(schema, "properties", path)
  const patterns = [...(reader.byName(schema, "patternProperties", path) ?? [])]
  const names =
    schema.propertyNames === undefined ? undefined : reader.read(schema.propertyNames, [...path, "propertyNames"])
  if (names !== undefined) {
    const value = schema.propertyNames
    const test = (object: unknown) => !isObject(object) || Object.keys(object).every((name) => fits(names, name))
    if (names.choices === undefined && names.limits.length > 0) limits.push({ keyword: "propertyNames", value, test })
    if (names.choices !== undefined && properties === undefined) {
      const node = typeof others === "object" ? others : anything(path)
      return { properties: new Map(names.choices.map((name) => [String(name), node])), rest: false }
    }
  }
  if (patterns.length === 0) return { properties, rest: others }
  const expressions = patterns.map(([pattern, node]) => [expressionOf(pattern), node] as const)
  limits.push({
    keyword: "patternProperties",
    value: schema.patternProperties,
    test: (object) =>
      !isObject(object) ||
      Object.entries(object).every(([name, value]) =>
        expressions.every(([expression, node]) => expression?.test(name) !== true || fits(node, value))
      )
  })
  if (properties !== undefined) return { properties, rest: others }
  const [first] = patterns
  const rest =
    patterns.length === 1 && first !== undefined
      ? first[1]
      : { ...anything(path), variants: patterns.map(([, node]) => node) }
  return { properties, rest }
}
