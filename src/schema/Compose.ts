/** Schemas made of another one, or of a value: with null, closed, a literal. */
import { type AnswerNode, anything, isList, isObject, type JsonObject, type Path, typeOf } from "./AnswerNode.ts"

/** A node of null and whatever fits already. */
export const nullable = (node: AnswerNode): AnswerNode => {
  const { types, choices } = node
  if (choices !== undefined)
    return {
      ...node,
      types: types && [...new Set([...types, "null" as const])],
      choices: [...new Set([...choices, null])]
    }
  if (types !== undefined && node.variants === undefined)
    return { ...node, types: [...new Set([...types, "null" as const])] }
  const { description, path, title } = node
  const variants = [...(node.variants ?? [{ ...node, title: undefined, description: undefined }])]
  if (variants.some((variant) => variant.types?.includes("null") === true)) return node
  return {
    path,
    title,
    description,
    required: [],
    limits: node.variants === undefined ? [] : node.limits,
    variants: [...variants, { ...anything(path), types: ["null"] }]
  }
}

/** The schema of one value: an object or a list by its parts, as the API takes only plain values in `enum`. */
export const literal = (value: unknown, path: Path): AnswerNode => {
  const node = { ...anything(path), types: [typeOf(value)] }
  if (isList(value)) return { ...node, prefix: value.map((part) => literal(part, path)), hasMore: false }
  if (!isObject(value)) return { ...node, choices: [value] }
  const properties = new Map(Object.entries(value).map(([key, part]) => [key, literal(part, path)]))
  return { ...node, properties, required: Object.keys(value), rest: false }
}

/** The schema of `unevaluatedProperties` and `unevaluatedItems`: what keys and items are that nothing else speaks of. */
export interface Unevaluated {
  readonly rest: AnswerNode | boolean | undefined
  readonly items: AnswerNode | boolean | undefined
}

/** A merged schema whose further keys and items are those of `unevaluated`. */
export const closed = (node: AnswerNode, unevaluated: Unevaluated, schema: JsonObject): AnswerNode => {
  const { items, rest } = unevaluated
  if (rest === undefined && items === undefined) return node
  const limits = Object.entries(schema)
    .filter(([keyword]) => keyword.startsWith("unevaluated"))
    // All of the schema is tested again where the answer is complete.
    .map(([keyword, value]) => ({ keyword, value, test: () => true }))
  const close = (part: AnswerNode): AnswerNode => {
    if (part.variants !== undefined) return { ...part, variants: part.variants.map(close) }
    const isObjects = part.types?.includes("object") ?? (part.properties !== undefined || part.patterns !== undefined)
    const isLists = part.types?.includes("array") ?? part.prefix !== undefined
    // These may speak of items that no other keyword does.
    const hasConditions = part.limits.some(({ keyword }) => keyword === "contains" || keyword === "if")
    const stated = limits.filter(({ keyword }) =>
      keyword === "unevaluatedProperties" ? isObjects && part.patterns !== undefined : isLists && hasConditions
    )
    return {
      ...part,
      ...(rest !== undefined && isObjects && part.rest === undefined && { rest }),
      ...(items !== undefined && isLists && part.items === undefined && !hasConditions && closedItems(items)),
      limits: [...part.limits, ...stated]
    }
  }
  return close(node)
}

const closedItems = (items: AnswerNode | boolean): Partial<AnswerNode> => {
  if (typeof items === "object") return { items }
  return items ? {} : { hasMore: false }
}
