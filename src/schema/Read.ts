/** Reads JSON Schema of any draft from 04 to 2020-12, and of OpenAPI 3.0 and 3.1, into nodes. */
import {
  type AnswerNode,
  anything,
  isList,
  isObject,
  type JsonObject,
  type Path,
  type Problem,
  shown,
  typeNames,
  type TypeName
} from "./AnswerNode.ts"
import { closed, literal, nullable, type Unevaluated } from "./Compose.ts"
import { conditionsOf } from "./Conditions.ts"
import { isKeyword } from "./Keywords.ts"
import { limitsOf } from "./ReadLimits.ts"
import { Contradiction, isOpen, merge } from "./Merge.ts"
import { type Documents, resolve, type Target } from "./Reference.ts"
import { problemsOf } from "./Validation.ts"
import { damageIn } from "./WellFormed.ts"

/** A schema that was read. It can be used where there are no `problems`; `notices` name what was read in another way than it is written. */
export interface Reading {
  readonly node: AnswerNode
  readonly documents: Documents
  readonly problems: ReadonlyArray<Problem>
  readonly notices: ReadonlyArray<Problem>
}

/** Reads a JSON Schema, alone or in a wrapper: `{ type: json_schema, json_schema: { schema } }`, `{ name, schema }`. */
export const read = (document: unknown): Reading => {
  const reader = new Reader(document)
  const { path, value } = reader.documents.schema
  const node = reader.read(value, path)
  if (
    isObject(value) &&
    isOpen(node) &&
    holders.some((key) => isObject(value[key]) && Object.keys(value[key]).length > 0)
  ) {
    reader.problem(path, "expected which of its schemas the answer has, such as $ref: '#/components/schemas/Name'")
  }
  const { documents, notices, problems } = reader
  return { node, documents, problems: [...damageIn(document), ...problems], notices }
}

/** Keywords that hold schemas, none of which is that of the answer. */
const holders = ["components", "$defs", "definitions"]

const wrappers = ["json_schema", "schema", "format"]

/** The schema within the objects that APIs wrap it in. */
const unwrapped = ({ path, value }: Target): Target => {
  if (!isObject(value) || typeNames.includes(value.type as TypeName)) return { path, value }
  const inner = wrappers.find((name) => isObject(value[name]))
  const isSchema = ["properties", "$ref", "anyOf", "oneOf", "allOf", "items"].some((key) => key in value)
  return inner !== undefined && !isSchema ? unwrapped({ path: [...path, inner], value: value[inner] }) : { path, value }
}

const nonFinite = "Infinity,-Infinity,NaN"
const aSchema = "expected a JSON Schema"
const aType = `expected a JSON type: ${typeNames.join(", ")}`
/** The last name on a path; definitions are sent under it. */
const nameOf = (path: Path): string | undefined => path.findLast((part) => typeof part === "string")

/** YAML reads some texts as numbers or booleans. */
const textOf = (value: unknown): string | undefined =>
  value === undefined || typeof value === "string" ? value : shown(value)

export class Reader {
  readonly problems: Array<Problem> = []
  readonly notices: Array<Problem> = []
  readonly documents: Documents
  /** The schemas that are being read: one that is met again refers to itself. */
  readonly #open = new Set<unknown>()
  /** The nodes of schemas that were read, so that all references to one share its node. */
  readonly #nodes = new Map<unknown, AnswerNode>()

  constructor(document: unknown) {
    this.documents = {
      root: isObject(document) ? document : {},
      schema: unwrapped({ path: [], value: document })
    }
  }

  problem(path: Path, message: string): void {
    this.problems.push({ path, message })
  }

  notice(path: Path, message: string): void {
    this.notices.push({ path, message })
  }

  fits(schema: unknown, value: unknown): boolean {
    // A schema that refers to itself is a problem, and has no end.
    return this.problems.length > 0 || problemsOf(this.documents, schema, value).length === 0
  }

  read(value: unknown, path: Path): AnswerNode {
    if (value === true) return anything(path)
    if (value === false) return { ...anything(path), types: [] }
    if (!isObject(value)) {
      this.problem(path, `${aSchema}, got ${shown(value)}`)
      return anything(path)
    }
    if (this.#open.has(value)) {
      this.problem(path, "Recursive schemas are not supported by structured output: this refers to itself")
      return anything(path)
    }
    const known = this.#nodes.get(value)
    if (known !== undefined) return known
    this.#open.add(value)
    const own = this.#readObject(value, path)
    // A schema that is only a reference is the node that it refers to.
    const node = own.name === undefined ? { ...own, name: nameOf(path) } : own
    this.#open.delete(value)
    this.#nodes.set(value, node)
    return node
  }

  #readObject(schema: JsonObject, path: Path): AnswerNode {
    const isRoot = path.length === this.documents.schema.path.length
    for (const key of Object.keys(schema)) {
      if (!isKeyword(key, isRoot) && schema[key] !== undefined) this.problem([...path, key], "unknown key")
    }
    const own = this.#readOwn(schema, path)
    const parts = this.#list(schema, "allOf", path).map((part, index) => this.read(part, [...path, "allOf", index]))
    if (schema.$ref !== undefined) {
      const target = this.#reference(schema.$ref, [...path, "$ref"])
      // Beside `$`-keywords and definitions, other schemas would have to fit too.
      const isAlone = Object.keys(schema).every((key) => key.startsWith("$") || holders.includes(key))
      if (isAlone && parts.length === 0) return target
      parts.unshift(target)
    }
    let node = own
    for (const part of parts) node = this.#join(node, part, path)
    for (const key of ["anyOf", "oneOf"]) {
      const variants = this.#variants(schema, key, path)
      if (variants !== undefined) node = this.#join(node, variants, path)
    }
    node = closed(node, this.#unevaluated(schema, path), schema)
    return schema.nullable === true ? nullable(node) : node
  }

  #unevaluated(schema: JsonObject, path: Path): Unevaluated {
    const part = (keyword: string) =>
      schema[keyword] === undefined || typeof schema[keyword] === "boolean"
        ? schema[keyword]
        : this.read(schema[keyword], [...path, keyword])
    return { rest: part("unevaluatedProperties"), items: part("unevaluatedItems") }
  }

  /** Both schemas as one; reports where no value fits both. */
  #join(a: AnswerNode, b: AnswerNode, path: Path): AnswerNode {
    const merged = merge(a, b)
    if (!(merged instanceof Contradiction)) return merged
    this.problem(path, `no answer fits: ${merged.message}`)
    return a
  }

  #reference(reference: unknown, path: Path): AnswerNode {
    const target = typeof reference === "string" ? resolve(this.documents, reference) : undefined
    if (target === undefined) {
      this.problem(path, `expected a reference within this schema, such as "#/$defs/Name", got ${shown(reference)}`)
      return anything(path)
    }
    if (this.#open.has(target.value)) {
      this.problem(
        path,
        `Recursive schemas are not supported by structured output: ${shown(reference)} refers to itself`
      )
      return anything(path)
    }
    return this.read(target.value, target.path)
  }

  #variants(schema: JsonObject, key: string, path: Path): AnswerNode | undefined {
    const list = this.#list(schema, key, path)
    if (schema[key] === undefined || list.length === 0) return undefined
    const variants = list.flatMap((part, index) => {
      const at = [...path, key, index]
      const node = this.#discriminated(schema.discriminator, part, this.read(part, at), at)
      return node.variants !== undefined && node.limits.length === 0 ? node.variants : [node]
    })
    // `Schema.Number` of Effect has the texts of what JSON has no numbers for; Claude has no use for them.
    const possible = variants.filter(({ choices, types }) => types?.length !== 0 && choices?.join() !== nonFinite)
    const useful = possible.length === 0 ? variants.slice(0, 1) : possible
    const [only] = useful
    return useful.length === 1 && only !== undefined ? only : { path, required: [], limits: [], variants: useful }
  }

  /** Gives a variant of a `discriminator` the value of its property, where the variant itself states none. */
  #discriminated(discriminator: unknown, part: unknown, node: AnswerNode, path: Path): AnswerNode {
    if (!isObject(discriminator) || typeof discriminator.propertyName !== "string") return node
    const { mapping, propertyName } = discriminator
    const own = node.properties?.get(propertyName)
    const reference = isObject(part) && typeof part.$ref === "string" ? part.$ref : undefined
    if (reference === undefined || node.variants !== undefined || own?.choices?.length === 1) return node
    const name = reference.split("/").at(-1)!
    const mapped = isObject(mapping) ? Object.entries(mapping).filter(([, to]) => to === reference || to === name) : []
    const values = mapped.length > 0 ? mapped.map(([value]) => value) : [name]
    const constant: AnswerNode = {
      ...anything(path),
      types: ["object"],
      properties: new Map([
        [propertyName, { ...anything([...path, propertyName]), types: ["string"], choices: values }]
      ]),
      required: [propertyName]
    }
    return this.#join(node, constant, path)
  }

  #list(schema: JsonObject, key: string, path: Path): ReadonlyArray<unknown> {
    const list = schema[key]
    if (list === undefined) return []
    if (isList(list) && list.length > 0) return list
    this.problem([...path, key], `expected a list of JSON Schemas, got ${shown(list)}`)
    return []
  }

  /** The schemas of `properties` and other keywords that have schemas by name. */
  byName(schema: JsonObject, key: string, path: Path): ReadonlyMap<string, AnswerNode> | undefined {
    const named = schema[key]
    if (named === undefined) return undefined
    if (!isObject(named)) {
      this.problem([...path, key], `expected JSON Schemas by name, got ${shown(named)}`)
      return undefined
    }
    return new Map(Object.entries(named).map(([name, part]) => [name, this.read(part, [...path, key, name])]))
  }

  /** The node of the keywords that need no other schema to be merged. */
  #readOwn(schema: JsonObject, path: Path): AnswerNode {
    const choices = this.#choices(schema, path)
    const text = (key: string) => (schema[key] === undefined ? undefined : textOf(schema[key]))
    const { limits: conditions, ...object } = conditionsOf(this, schema, path)
    const examples = schema.examples ?? (schema.example === undefined ? undefined : [schema.example])
    const own: AnswerNode = {
      path,
      title: text("title"),
      description: text("description"),
      examples: isList(examples) ? examples : undefined,
      types: this.#types(schema, path),
      choices: choices?.every((choice) => typeof choice !== "object" || choice === null) === true ? choices : undefined,
      ...object,
      ...this.#itemsOf(schema, path),
      limits: [...limitsOf(this, schema, path), ...conditions],
      format: text("format")
    }
    if (choices === undefined || own.choices !== undefined) return own
    return this.#join(own, { ...anything(path), variants: choices.map((choice) => literal(choice, path)) }, path)
  }

  #types({ type }: JsonObject, path: Path): AnswerNode["types"] {
    if (type === undefined) return undefined
    const at = [...path, "type"]
    // YAML reads an unquoted `null` as the value.
    const named = (isList(type) ? type : [type]).map((name) => (name === null ? "null" : name))
    const types = named.flatMap((name, index) => {
      if (typeNames.includes(name as TypeName)) return [name as TypeName]
      this.problem(isList(type) ? [...at, index] : at, `${aType}, got ${shown(name)}`)
      return []
    })
    return types.length === 0 ? undefined : [...new Set(types)]
  }

  #choices(schema: JsonObject, path: Path): ReadonlyArray<unknown> | undefined {
    if (schema.const !== undefined) return [schema.const]
    if (schema.enum === undefined) return undefined
    if (isList(schema.enum) && schema.enum.length > 0) return schema.enum
    this.problem([...path, "enum"], `expected a list of values, got ${shown(schema.enum)}`)
    return undefined
  }

  #itemsOf(schema: JsonObject, path: Path): Partial<AnswerNode> {
    const isDraft07 = isList(schema.items)
    const [prefixKey, restKey] = isDraft07 ? ["items", "additionalItems"] : ["prefixItems", "items"]
    const prefix = schema[prefixKey] === undefined ? undefined : this.#list(schema, prefixKey, path)
    const rest = schema[restKey]
    return {
      prefix: prefix?.map((part, index) => this.read(part, [...path, prefixKey, index])),
      items: rest === undefined || rest === false ? undefined : this.read(rest, [...path, restKey]),
      hasMore: rest === false ? false : undefined
    }
  }
}
