/** What a schema says of an object's properties, and the keywords that structured output has no form for: `not`, `if`, `contains` … */
import {
  type AnswerNode,
  anything,
  isList,
  isObject,
  type JsonObject,
  type KeyPattern,
  type Limit,
  type Path
} from "./AnswerNode.ts"
import { Contradiction, isOpen, keyOf, merge } from "./Merge.ts"
import { compile } from "./Pattern.ts"

/** Takes what is wrong with a schema. */
export interface Reporter {
  readonly problem: (path: Path, message: string) => void
  readonly notice: (path: Path, message: string) => void
}

/** What reads the schemas that a keyword has. */
export interface Reader extends Reporter {
  readonly read: (value: unknown, path: Path) => AnswerNode
  readonly byName: (schema: JsonObject, key: string, path: Path) => ReadonlyMap<string, AnswerNode> | undefined
  /** Whether a value fits a schema as it is written. */
  readonly fits: (schema: unknown, value: unknown) => boolean
}

type OfObject = Pick<AnswerNode, "properties" | "patterns" | "required" | "rest" | "limits" | "types">

/** Adds the limit of one keyword, whose meaning depends on those of `beside`. `value` is what its description says. */
type Add = (keyword: string, beside?: JsonObject, value?: unknown) => void

/** The properties of a schema, and its conditions as limits. */
export const conditionsOf = (reader: Reader, schema: JsonObject, path: Path): OfObject => {
  const limits: Array<Limit> = []
  const part = (keyword: string): AnswerNode | undefined =>
    schema[keyword] === undefined ? undefined : reader.read(schema[keyword], [...path, keyword])
  const add: Add = (keyword, beside = {}, value = schema[keyword]) => {
    const tested = { ...beside, [keyword]: schema[keyword] }
    limits.push({ keyword, value, test: (answer) => reader.fits(tested, answer) })
  }

  const not = part("not")
  const isNever = not !== undefined && isOpen(not)
  if (not !== undefined && !isNever) add("not")
  const [condition, then, otherwise] = ["if", "then", "else"].map(part)
  if (condition !== undefined && (then !== undefined || otherwise !== undefined)) {
    const whole = pick(schema, ["if", "then", "else"])
    add("if", whole, whole)
  }
  if (part("contains") !== undefined) add("contains", pick(schema, ["minContains", "maxContains"]))
  const branches = condition === undefined ? [] : [then, otherwise].filter((branch) => branch !== undefined)
  for (const keyword of ["dependentRequired", "dependentSchemas", "dependencies"]) {
    if (!isObject(schema[keyword]) || Object.keys(schema[keyword]).length === 0) continue
    add(keyword)
    if (keyword === "dependentRequired") continue
    for (const [name, dependent] of Object.entries(schema[keyword])) {
      if (!isList(dependent)) branches.push(reader.read(dependent, [...path, keyword, name]))
    }
  }
  const properties = propertiesOf(reader, schema, path, add)
  return {
    ...withBranches(properties, branches, schema.unevaluatedProperties !== undefined),
    required: requiredOf(reader, schema, path),
    limits,
    ...(isNever && { types: [] })
  }
}

/** The keywords that a schema has of these, in its own order. */
const pick = (schema: JsonObject, keywords: ReadonlyArray<string>): JsonObject =>
  Object.fromEntries(Object.entries(schema).filter(([keyword]) => keywords.includes(keyword)))

/** Adds what `then` and other schemas for some values know of an object: without it, no answer could have it. */
const withBranches = (own: OfKeys, branches: ReadonlyArray<AnswerNode>, isClosed: boolean): OfKeys => {
  if (own.rest !== undefined && own.rest !== true) return own
  const further = new Map<string, AnswerNode>()
  for (const { path, properties, required } of branches) {
    for (const name of new Set([...(properties?.keys() ?? []), ...required])) {
      const part = properties?.get(name) ?? anything(path)
      const known = further.get(name)
      if (own.properties?.has(name) === true || part.types?.length === 0) continue
      const isOther = known !== undefined && !isOpen(known) && !isOpen(part)
      if (isOther) further.set(name, { ...anything(path), variants: [...(known.variants ?? [known]), part] })
      else if (known === undefined || isOpen(known)) further.set(name, part)
    }
  }
  if ((own.properties === undefined && !isClosed) || further.size === 0) return own
  return { ...own, properties: new Map([...(own.properties ?? []), ...[...further].map(conditional)]) }
}

const conditional = ([name, node]: readonly [string, AnswerNode]) => [name, { ...node, isConditional: true }] as const

const requiredOf = (reader: Reader, { required }: JsonObject, path: Path): ReadonlyArray<string> => {
  // In OpenAPI 2 and draft-03 a property says `required: true` of itself, which has no meaning here.
  if (required === undefined) return []
  if (isList(required) && required.every((name) => typeof name === "string" || typeof name === "number")) {
    return [...new Set(required.map(String))]
  }
  reader.problem([...path, "required"], `expected a list of property names, got ${JSON.stringify(required)}`)
  return []
}

type OfKeys = Pick<AnswerNode, "properties" | "patterns" | "rest">

/** Properties by name. Names that `propertyNames` lists become properties; of other names, only their limits are kept. */
const propertiesOf = (reader: Reader, schema: JsonObject, path: Path, add: Add): OfKeys => {
  const { additionalProperties: stated, propertyNames } = schema
  const rest =
    stated === undefined || typeof stated === "boolean"
      ? stated
      : reader.read(stated, [...path, "additionalProperties"])
  const patterns = patternsOf(reader, schema, path)
  const others = { ...anything(path), patterns, rest }
  const named = reader.byName(schema, "properties", path)

  if (propertyNames !== undefined) {
    const names = reader.read(propertyNames, [...path, "propertyNames"])
    if (names.choices !== undefined && named === undefined) {
      const listed = names.choices.filter((name) => reader.fits(propertyNames, name)).map(String)
      const never = { ...anything(path), types: [] }
      const partOf = (name: string) => keyOf(others, name) ?? anything(path)
      return { properties: new Map(listed.map((name) => [name, partOf(name) || never])), rest: false }
    }
    // `type: string` says nothing of a name.
    if (!isOpen({ ...names, types: undefined }) || names.types?.includes("string") === false) add("propertyNames")
  }
  if (patterns === undefined) return { properties: named, rest }
  add("patternProperties")
  if (rest === false) add("additionalProperties", keysOf(schema))
  const properties =
    named &&
    new Map(
      [...named].map(([name, node]) => {
        const merged = merge(node, keyOf({ ...others, rest: undefined }, name) || anything(path))
        if (!(merged instanceof Contradiction)) return [name, merged]
        reader.problem(node.path, `no answer fits: ${merged.message}`)
        return [name, node]
      })
    )
  return { properties, patterns, rest }
}

/** The keys that are no additional ones. */
const keysOf = (schema: JsonObject): JsonObject =>
  Object.fromEntries(
    ["properties", "patternProperties"].map((keyword) => {
      const keys = isObject(schema[keyword]) ? Object.keys(schema[keyword]) : []
      return [keyword, Object.fromEntries(keys.map((key) => [key, true]))]
    })
  )

const patternsOf = (reader: Reader, schema: JsonObject, path: Path): ReadonlyArray<KeyPattern> | undefined => {
  const patterns = [...(reader.byName(schema, "patternProperties", path) ?? [])]
  if (patterns.length === 0) return undefined
  return patterns.flatMap(([pattern, node]) => {
    const compiled = compile(pattern)
    if ("expression" in compiled) return [{ expression: compiled.expression, node }]
    reader.problem([...path, "patternProperties", pattern], compiled.problem)
    return []
  })
}
