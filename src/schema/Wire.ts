/** The schema that is sent: what the API's structured output takes, with all other limits in the descriptions. */
import {
  type AnswerNode,
  anything,
  hasType,
  isEntries,
  type JsonObject,
  type Path,
  type Problem,
  type TypeName,
  typeOf,
  typesOf
} from "./AnswerNode.ts"
import { contradictionOf } from "./Limits.ts"
import { keyOf } from "./Merge.ts"

/** The most optional properties, and the most unions, that the API takes in all schemas of a request. */
const maxOptional = 24
const maxUnions = 16

/** Formats of text that the API enforces. */
const formats = new Set(["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"])

export interface Wire {
  readonly schema: JsonObject
  readonly problems: ReadonlyArray<Problem>
}

/** What a schema that any value fits is sent as: the API takes no object without a stated form. */
const scalars = ["string", "number", "boolean", "null"] as const

/** The schema to send for a node, and what the API would reject in it. */
export const toWire = (root: AnswerNode): Wire => {
  const writer = new Writer(root)
  const schema = writer.write(root, true)
  const definitions = writer.definitions
  if (writer.problems.length === 0) {
    writer.bound(writer.optional, maxOptional, "optional properties", "list more in required, or split the ask")
    writer.bound(
      writer.unions,
      maxUnions,
      "unions (anyOf, or a type with null)",
      "leave properties out of required instead, or split the ask"
    )
  }
  return {
    schema: { ...schema, ...(definitions.size > 0 && { $defs: Object.fromEntries(definitions) }) },
    problems: writer.problems
  }
}

const entriesText = "An object: each entry is one of its keys with its value"
const tupleText = "A list of a fixed form: 0 is its first item"

/** How many nodes a node is a part of. */
const usesOf = (root: AnswerNode): ReadonlyMap<AnswerNode, number> => {
  const uses = new Map<AnswerNode, number>()
  const visit = (node: AnswerNode): void => {
    const count = uses.get(node) ?? 0
    uses.set(node, count + 1)
    if (count > 0) return
    for (const part of partsOf(node)) visit(part)
  }
  visit(root)
  return uses
}

const partsOf = (node: AnswerNode): ReadonlyArray<AnswerNode> => {
  const { items, patterns = [], prefix = [], properties, rest, variants = [] } = node
  return [
    ...(properties?.values() ?? []),
    ...patterns.map((pattern) => pattern.node),
    ...variants,
    ...prefix,
    ...(items === undefined ? [] : [items]),
    ...(typeof rest === "object" ? [rest] : [])
  ]
}

class Writer {
  readonly problems: Array<Problem> = []
  readonly optional: Array<Path> = []
  readonly unions: Array<Path> = []
  readonly definitions = new Map<string, JsonObject>()
  readonly #uses: ReadonlyMap<AnswerNode, number>
  readonly #names = new Map<AnswerNode, string>()

  constructor(root: AnswerNode) {
    this.#uses = usesOf(root)
  }

  /** Reports where there are more than the API takes; the place is that of the first one too many. */
  bound(paths: ReadonlyArray<Path>, limit: number, what: string, advice: string): void {
    const first = paths[limit]
    if (first !== undefined)
      this.#problem(first, `expected at most ${limit} ${what} in all of the schema, got ${paths.length}: ${advice}`)
  }

  #problem(path: Path, message: string): void {
    this.problems.push({ path, message })
  }

  write(node: AnswerNode, isRoot = false): JsonObject {
    const isShared = !isRoot && node.name !== undefined && (this.#uses.get(node) ?? 0) > 1
    if (!isShared || (node.properties === undefined && node.variants === undefined)) return this.#form(node)
    const known = this.#names.get(node)
    if (known !== undefined) return { $ref: `#/$defs/${known}` }
    const stem = node.name.replace(/\W+/g, "_")
    let name = stem
    for (let number = 2; [...this.#names.values()].includes(name); number += 1) name = `${stem}${number}`
    this.#names.set(node, name)
    this.definitions.set(name, this.#form(node))
    return { $ref: `#/$defs/${name}` }
  }

  #form(node: AnswerNode): JsonObject {
    const contradiction = contradictionOf(node.limits)
    if (contradiction !== undefined) this.#problem(node.path, `no answer fits: ${contradiction}`)
    if (node.variants !== undefined) return this.#union(node, node.variants)
    const types = typesOf(node)
    if (types?.length === 0) this.#problem(node.path, "no answer fits this schema")
    if (node.choices !== undefined) return this.#choice(node, node.choices)
    if (types === undefined) {
      return this.#union(
        node,
        scalars.map((type) => Object.assign(anything(node.path), { types: [type] }))
      )
    }
    const [type, ...others] = types
    if (type === undefined) return {}
    if (others.length === 0) return this.#typed(node, type)
    const plain = { ...node, title: undefined, description: undefined, examples: undefined }
    return this.#union(
      node,
      types.map((one) => ofType(plain, one))
    )
  }

  #union(node: AnswerNode, variants: ReadonlyArray<AnswerNode>): JsonObject {
    this.unions.push(node.path)
    const limits = node.variants === undefined ? [] : node.limits
    return { ...annotations({ ...node, limits }), anyOf: variants.map((variant) => this.write(variant)) }
  }

  #choice(node: AnswerNode, choices: ReadonlyArray<unknown>): JsonObject {
    const { limits, types } = node
    const possible = choices.filter(
      (choice) => (types === undefined || hasType(types, typeOf(choice))) && limits.every(({ test }) => test(choice))
    )
    if (possible.length === 0)
      this.#problem([...node.path, "enum"], "no answer fits: none of these values has the type and the limits")
    const kinds = new Set(possible.map(typeOf))
    const [kind] = kinds
    return { ...annotations({ ...node, limits: [] }), ...(kinds.size === 1 && { type: kind }), enum: possible }
  }

  #typed(node: AnswerNode, type: TypeName): JsonObject {
    switch (type) {
      case "object":
        return isEntries(node) ? this.#entries(node) : this.#object(node)
      case "array":
        return node.prefix === undefined ? this.#list(node) : this.#tuple(node, node.prefix)
      case "string": {
        const isEnforced = node.format !== undefined && formats.has(node.format)
        const format = isEnforced || node.format === undefined ? {} : { format: node.format }
        // The patterns that libraries export beside such a format are long, and say the same.
        const limits = isEnforced ? node.limits.filter(({ keyword }) => keyword !== "pattern") : node.limits
        return { ...annotations({ ...node, limits }, format), type, ...(isEnforced && { format: node.format }) }
      }
      default:
        return { ...annotations(node), type }
    }
  }

  #object(node: AnswerNode): JsonObject {
    const properties = new Map(node.properties)
    for (const name of node.required) {
      if (properties.has(name)) continue
      const part = keyOf(node, name) ?? (node.rest === true ? anything([...node.path, "required"]) : false)
      if (part !== false) properties.set(name, part)
      else this.#problem([...node.path, "required"], `${JSON.stringify(name)} is none of the properties`)
    }
    const possible = [...properties].filter(([name, property]) => {
      if (property.types?.length !== 0) return true
      if (node.required.includes(name))
        this.#problem(property.path, "no answer fits: this property is required, and no value of it is allowed")
      return false
    })
    const optional = possible.filter(([name]) => !node.required.includes(name))
    for (const [name, { path }] of optional) {
      this.optional.push(path.at(-1) === name ? path : [...node.path, "properties", name])
    }
    return {
      ...annotations(node),
      type: "object",
      properties: Object.fromEntries(possible.map(([name, property]) => [name, this.write(property)])),
      ...(node.required.length > 0 && { required: node.required }),
      additionalProperties: false
    }
  }

  #entries(node: AnswerNode): JsonObject {
    const kinds = (node.patterns ?? []).map((pattern) => pattern.node).filter(({ types }) => types?.length !== 0)
    if (typeof node.rest === "object") kinds.push(node.rest)
    const [only, ...further] = kinds
    const value = further.length > 0 ? { ...anything(node.path), variants: kinds } : (only ?? anything(node.path))
    const properties = { key: { type: "string" }, value: this.write(value) }
    const required = node.required.length > 0 ? { required: node.required } : {}
    return {
      ...annotations(node, required, entriesText),
      type: "array",
      items: { type: "object", properties, required: ["key", "value"], additionalProperties: false }
    }
  }

  #list(node: AnswerNode): JsonObject {
    const fewest = Math.max(
      0,
      ...node.limits.flatMap(({ keyword, value }) => (keyword === "minItems" ? [Number(value)] : []))
    )
    // The API takes `minItems` 0 and 1, and no other.
    const limits = fewest > 1 ? node.limits : node.limits.filter(({ keyword }) => keyword !== "minItems")
    const items = this.write(node.items ?? anything(node.path))
    return { ...annotations({ ...node, limits }), type: "array", items, ...(fewest > 0 && { minItems: 1 }) }
  }

  #tuple(node: AnswerNode, prefix: ReadonlyArray<AnswerNode>): JsonObject {
    const first = prefix.map((item, index) => [String(index), this.write(item)] as const)
    // An array may be longer than its prefix only where its further items have a schema.
    const rest =
      node.items === undefined || node.hasMore === false
        ? []
        : [["rest", { type: "array", items: this.write(node.items) }] as const]
    const limits = node.limits.filter(({ keyword }) => keyword !== "minItems" && keyword !== "maxItems")
    return {
      ...annotations({ ...node, limits }, {}, tupleText),
      type: "object",
      properties: Object.fromEntries([...first, ...rest]),
      required: [...first, ...rest].map(([name]) => name),
      additionalProperties: false
    }
  }
}

/** One type of a node of several, with the keywords that are about it. */
const ofType = (node: AnswerNode, type: TypeName): AnswerNode => {
  const isNumber = type === "number" || type === "integer"
  const limits = node.limits.filter(({ keyword }) => {
    const about = typesOf({ ...anything([]), limits: [{ keyword, value: undefined, test: () => true }] })
    return about === undefined ? type !== "null" : about.some((one) => one === type || (one === "number" && isNumber))
  })
  return {
    ...node,
    types: [type],
    limits,
    ...(type !== "object" && { properties: undefined, required: [], rest: undefined }),
    ...(type !== "array" && { items: undefined, prefix: undefined }),
    ...(type !== "string" && { format: undefined })
  }
}

/**
 * Title and description. What the API does not enforce follows the description as `{minLength: 2, pattern: "^a"}`, the form
 * in which the SDK writes it.
 */
const annotations = (node: AnswerNode, further: JsonObject = {}, form?: string): JsonObject => {
  const { description, examples, limits, title } = node
  const stated = [
    ...limits.map(({ keyword, value }) => [keyword, value] as const),
    ...Object.entries(further),
    ...(examples === undefined ? [] : [["examples", examples] as const])
  ]
  const unique = new Map(stated.map(([keyword, value]) => [`${keyword}: ${JSON.stringify(value)}`, true]))
  const text = [description, form, unique.size === 0 ? undefined : `{${[...unique.keys()].join(", ")}}`]
  const lines = text.filter((line) => line !== undefined && line.trim() !== "")
  return { ...(title !== undefined && { title }), ...(lines.length > 0 && { description: lines.join("\n\n") }) }
}
