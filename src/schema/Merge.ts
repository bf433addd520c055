/** The schema of values that fit two schemas, as `allOf` and keywords beside `anyOf` or `$ref` state it. */
import { type AnswerNode, anything, canonical, hasType, type TypeName } from "./AnswerNode.ts"
import { matches } from "./PatternMatch.ts"

/** More variants than this come from multiplied `anyOf`s, and the API takes only 16 unions. */
const maxVariants = 100

/** The reason why no value fits both schemas. */
export class Contradiction {
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}

/** A schema that any value fits, whatever its annotations. */
export const isOpen = (node: AnswerNode): boolean =>
  node.types === undefined &&
  node.choices === undefined &&
  node.properties === undefined &&
  node.required.length === 0 &&
  node.rest === undefined &&
  node.patterns === undefined &&
  node.items === undefined &&
  node.prefix === undefined &&
  node.variants === undefined &&
  node.limits.length === 0 &&
  node.format === undefined

/** Both schemas as one. Path and annotations of the first win. */
export const merge = (a: AnswerNode, b: AnswerNode): AnswerNode | Contradiction => {
  const annotations = {
    path: a.path,
    title: a.title ?? b.title,
    description: a.description ?? b.description,
    examples: a.examples ?? b.examples
  }
  if (isOpen(a)) return { ...b, ...annotations, name: undefined }
  if (isOpen(b)) return { ...a, ...annotations, name: undefined }
  if (a.variants !== undefined || b.variants !== undefined) return mergeVariants(a, b, annotations)

  const types = bothTypes(a.types, b.types)
  if (types?.length === 0)
    return new Contradiction(`type ${nameOf(a.types)} and type ${nameOf(b.types)} exclude each other`)
  const choices = bothChoices(a.choices, b.choices)
  if (choices?.length === 0) return new Contradiction("no value stands in both lists of enum")
  const properties = mergeProperties(a, b)
  if (properties instanceof Contradiction) return properties
  const rest = mergeRest(a.rest, b.rest)
  if (rest instanceof Contradiction) return rest
  const items = mergeOptional(a.items, b.items)
  if (items instanceof Contradiction) return items
  const prefix = mergePrefix(a, b)
  if (prefix instanceof Contradiction) return prefix
  return {
    ...annotations,
    types,
    choices,
    properties,
    required: [...new Set([...a.required, ...b.required])],
    patterns:
      a.patterns === undefined || b.patterns === undefined
        ? (a.patterns ?? b.patterns)
        : [...a.patterns, ...b.patterns],
    rest,
    items,
    prefix,
    hasMore: a.hasMore === false || b.hasMore === false ? false : undefined,
    limits: [...a.limits, ...b.limits],
    format: a.format ?? b.format
  }
}

const nameOf = (types: ReadonlyArray<TypeName> = []): string => types.join(" or ")

const bothTypes = (a: AnswerNode["types"], b: AnswerNode["types"]): AnswerNode["types"] => {
  if (a === undefined || b === undefined) return a ?? b
  return [...new Set([...a.filter((type) => hasType(b, type)), ...b.filter((type) => hasType(a, type))])]
}

const bothChoices = (a: AnswerNode["choices"], b: AnswerNode["choices"]): AnswerNode["choices"] => {
  if (a === undefined || b === undefined) return a ?? b
  const known = new Set(b.map(canonical))
  return a.filter((choice) => known.has(canonical(choice)))
}

type Annotations = Pick<AnswerNode, "path" | "title" | "description" | "examples">

const mergeVariants = (a: AnswerNode, b: AnswerNode, annotations: Annotations): AnswerNode | Contradiction => {
  const [left, right] = [a, b].map((node) => node.variants ?? [{ ...node, title: undefined, description: undefined }])
  if (left!.length * right!.length > maxVariants)
    return new Contradiction(`anyOf multiplies to more than ${maxVariants} variants`)
  const merged = left!.flatMap((one) =>
    right!.map((other) => merge(b.variants === undefined ? one : other, b.variants === undefined ? other : one))
  )
  const variants = merged.flatMap((one) => (one instanceof Contradiction ? [] : [one]))
  const [first] = merged
  if (variants.length === 0) return first instanceof Contradiction ? first : new Contradiction("no variant is left")
  const limits = [a, b].flatMap((node) => (node.variants === undefined ? [] : node.limits))
  if (variants.length === 1)
    return { ...variants[0]!, ...withoutUndefined(annotations), limits: [...variants[0]!.limits, ...limits] }
  return { ...annotations, required: [], limits, variants }
}

const withoutUndefined = (annotations: Annotations): Annotations => ({
  path: annotations.path,
  ...(annotations.title !== undefined && { title: annotations.title }),
  ...(annotations.description !== undefined && { description: annotations.description }),
  ...(annotations.examples !== undefined && { examples: annotations.examples })
})

/** What a schema says of a key that is none of its properties; false where its objects have no such key. */
export const keyOf = ({ path, patterns = [], rest }: AnswerNode, name: string): AnswerNode | false | undefined => {
  const fitting = patterns.filter(({ expression }) => matches(expression, name))
  if (fitting.length === 0) return rest === true ? undefined : rest
  return fitting.reduce<AnswerNode>((all, { node }) => {
    const merged = merge(all, node)
    return merged instanceof Contradiction ? { ...anything(path), types: [] } : merged
  }, anything(path))
}

const mergeProperties = (a: AnswerNode, b: AnswerNode): AnswerNode["properties"] | Contradiction => {
  if (a.properties === undefined && b.properties === undefined) return undefined
  const properties = new Map<string, AnswerNode>()
  for (const name of new Set([...(a.properties?.keys() ?? []), ...(b.properties?.keys() ?? [])])) {
    const [one, other] = [a, b].map((node) => node.properties?.get(name) ?? keyOf(node, name))
    const conditional = [one, other].find((node) => typeof node === "object" && node.isConditional)
    const certain = [one, other].find((node) => node !== undefined && node !== conditional)
    if (typeof conditional === "object") {
      if (certain !== false) properties.set(name, certain ?? conditional)
      continue
    }
    if (one === false || other === false) return excluded(name)
    const merged = mergeOptional(one, other)
    if (merged instanceof Contradiction) return new Contradiction(`${name}: ${merged.message}`)
    if (merged !== undefined) properties.set(name, merged)
  }
  const missing = [...a.required, ...b.required].find(
    (name) => !properties.has(name) && [a, b].some((node) => keyOf(node, name) === false)
  )
  return missing === undefined ? properties : excluded(missing)
}

const excluded = (name: string): Contradiction =>
  new Contradiction(
    `additionalProperties: false of one part excludes "${name}" of another: write unevaluatedProperties: false beside both instead`
  )

const mergeRest = (a: AnswerNode["rest"], b: AnswerNode["rest"]): AnswerNode["rest"] | Contradiction => {
  if (a === false || b === false) return false
  if (typeof a === "object" && typeof b === "object") return merge(a, b)
  return typeof a === "object" ? a : (b ?? a)
}

const mergeOptional = (a: AnswerNode | undefined, b: AnswerNode | undefined): AnswerNode | Contradiction | undefined =>
  a === undefined || b === undefined ? (a ?? b) : merge(a, b)

const mergePrefix = (a: AnswerNode, b: AnswerNode): AnswerNode["prefix"] | Contradiction => {
  if (a.prefix === undefined && b.prefix === undefined) return undefined
  const most = Math.min(...[a, b].flatMap(({ hasMore, prefix = [] }) => (hasMore === false ? [prefix.length] : [])))
  const length = Math.min(most, Math.max(a.prefix?.length ?? 0, b.prefix?.length ?? 0))
  const prefix: Array<AnswerNode> = []
  for (let index = 0; index < length; index += 1) {
    const merged = mergeOptional(a.prefix?.[index] ?? a.items, b.prefix?.[index] ?? b.items)
    if (merged instanceof Contradiction) return merged
    prefix.push(merged ?? anything(a.path))
  }
  return prefix
}
