/** JSON Schema as its specification says it, of values that are in their final form: the last word on an answer. */
import {
  canonical,
  hasType,
  isList,
  isObject,
  type JsonObject,
  type Limit,
  type Path,
  type Problem,
  shownShort,
  type TypeName,
  typeOf
} from "./AnswerNode.ts"
import { expressionOf } from "./Pattern.ts"
import { matches } from "./PatternMatch.ts"
import { limitsOf } from "./ReadLimits.ts"
import { type Documents, resolve } from "./Reference.ts"

/** What does not fit, and which keys and items a schema has said something about, for `unevaluatedProperties`. */
interface Outcome {
  readonly problems: Array<Problem>
  readonly names: Set<string>
  readonly items: Set<number>
}

const outcome = (...problems: Array<Problem>): Outcome => ({ problems, names: new Set(), items: new Set() })
const fitsIn = ({ problems }: Outcome): boolean => problems.length === 0

/** Takes over what another schema says of the same value. */
const add = (into: Outcome, { items, names, problems }: Outcome): void => {
  into.problems.push(...problems)
  for (const name of names) into.names.add(name)
  for (const item of items) into.items.add(item)
}

/** The limits of each schema, so that its patterns are compiled once. */
const limits = new WeakMap<JsonObject, ReadonlyArray<Limit>>()

const silent = { problem: () => {}, notice: () => {} }

const limitsFor = (schema: JsonObject): ReadonlyArray<Limit> => {
  const known = limits.get(schema)
  if (known !== undefined) return known
  const read = limitsOf(silent, schema, [])
  limits.set(schema, read)
  return read
}

/** What of a value does not fit a schema of a document that was read without problems. `oneOf` is read as `anyOf`. */
export const problemsOf = (documents: Documents, schema: unknown, value: unknown): ReadonlyArray<Problem> =>
  new Validation(documents).visit(schema, value, []).problems

class Validation {
  readonly #documents: Documents

  constructor(documents: Documents) {
    this.#documents = documents
  }

  visit(schema: unknown, value: unknown, path: Path): Outcome {
    if (schema === false) return outcome({ path, message: `expected no value, got ${shownShort(value)}` })
    const found = outcome()
    if (!isObject(schema) || (schema.nullable === true && value === null)) return found
    this.#plain(schema, value, path, found)
    this.#combined(schema, value, path, found)
    if (isList(value)) this.#list(schema, value, path, found)
    else if (isObject(value)) this.#object(schema, value, path, found)
    return found
  }

  #fits(schema: unknown, value: unknown): boolean {
    return fitsIn(this.visit(schema, value, []))
  }

  #plain(schema: JsonObject, value: unknown, path: Path, found: Outcome): void {
    const problem = (message: string) => found.problems.push({ path, message })
    if (schema.type !== undefined) {
      const named = (isList(schema.type) ? schema.type : [schema.type]) as ReadonlyArray<TypeName | null>
      const types = named.map((type) => type ?? "null")
      if (!hasType(types, typeOf(value))) problem(`expected ${types.join(" or ")}, got ${shownShort(value)}`)
    }
    for (const choices of [schema.enum, schema.const === undefined ? undefined : [schema.const]]) {
      if (isList(choices) && !choices.some((choice) => canonical(choice) === canonical(value)))
        problem(`expected one of ${choices.map(shownShort).join(", ")}, got ${shownShort(value)}`)
    }
    for (const { keyword, test, value: limit } of limitsFor(schema)) {
      if (!test(value)) problem(`expected a value with ${keyword} ${shownShort(limit)}, got ${shownShort(value)}`)
    }
  }

  #combined(schema: JsonObject, value: unknown, path: Path, found: Outcome): void {
    if (typeof schema.$ref === "string") {
      add(found, this.visit(resolve(this.#documents, schema.$ref)?.value, value, path))
    }
    if (isList(schema.allOf)) for (const part of schema.allOf) add(found, this.visit(part, value, path))
    for (const variants of [schema.anyOf, schema.oneOf]) {
      if (!isList(variants) || variants.length === 0) continue
      const outcomes = variants.map((variant) => this.visit(variant, value, path))
      const fitting = outcomes.filter(fitsIn)
      for (const one of fitting) add(found, one)
      const [nearest] = outcomes.toSorted((a, b) => a.problems.length - b.problems.length)
      if (fitting.length === 0 && nearest !== undefined) add(found, nearest)
    }
    if (schema.not !== undefined && this.#fits(schema.not, value))
      found.problems.push({
        path,
        message: `expected a value with not ${shownShort(schema.not)}, got ${shownShort(value)}`
      })
    if (schema.if !== undefined) {
      const condition = this.visit(schema.if, value, path)
      if (fitsIn(condition)) add(found, condition)
      const next = fitsIn(condition) ? schema.then : schema.else
      if (next !== undefined) add(found, this.visit(next, value, path))
    }
  }

  #list(schema: JsonObject, value: ReadonlyArray<unknown>, path: Path, found: Outcome): void {
    const isDraft07 = isList(schema.items)
    const prefix = isDraft07 ? schema.items : schema.prefixItems
    const rest = isDraft07 ? schema.additionalItems : schema.items
    const first = isList(prefix) ? prefix : []
    const visit = (part: unknown, item: unknown, index: number) => {
      found.problems.push(...this.visit(part, item, [...path, index]).problems)
      found.items.add(index)
    }
    for (const [index, item] of value.entries()) {
      if (index < first.length) visit(first[index], item, index)
      else if (rest !== undefined) visit(rest, item, index)
    }
    if (schema.contains !== undefined) {
      const { maxContains = Number.POSITIVE_INFINITY, minContains = 1 } = schema
      const matching = [...value.keys()].filter((index) => this.#fits(schema.contains, value[index]))
      for (const index of matching) found.items.add(index)
      if (matching.length < Number(minContains) || matching.length > Number(maxContains)) {
        const wanted = `expected a value with contains ${shownShort(schema.contains)}`
        found.problems.push({ path, message: `${wanted}, got ${shownShort(value)}` })
      }
    }
    if (schema.unevaluatedItems === undefined) return
    for (const [index, item] of value.entries()) {
      if (!found.items.has(index)) visit(schema.unevaluatedItems, item, index)
    }
  }

  #object(schema: JsonObject, value: JsonObject, path: Path, found: Outcome): void {
    for (const name of isList(schema.required) ? schema.required.map(String) : []) {
      if (!Object.hasOwn(value, name)) found.problems.push({ path: [...path, name], message: "missing" })
    }
    const own = isObject(schema.properties) ? schema.properties : {}
    const patterns = Object.entries(isObject(schema.patternProperties) ? schema.patternProperties : {})
    const visit = (part: unknown, name: string) => {
      found.names.add(name)
      if (part === false) found.problems.push({ path: [...path, name], message: "this key is not allowed" })
      else found.problems.push(...this.visit(part, value[name], [...path, name]).problems)
    }
    for (const name of Object.keys(value)) {
      const parts = patterns.flatMap(([pattern, part]) => {
        const expression = expressionOf(pattern)
        return expression !== undefined && matches(expression, name) ? [part] : []
      })
      if (Object.hasOwn(own, name)) parts.push(own[name])
      if (parts.length === 0 && schema.additionalProperties !== undefined) parts.push(schema.additionalProperties)
      for (const part of parts) visit(part, name)
      if (schema.propertyNames !== undefined)
        found.problems.push(...this.visit(schema.propertyNames, name, [...path, name]).problems)
    }
    this.#dependents(schema, value, path, found)
    if (schema.unevaluatedProperties === undefined) return
    for (const name of Object.keys(value)) if (!found.names.has(name)) visit(schema.unevaluatedProperties, name)
  }

  #dependents(schema: JsonObject, value: JsonObject, path: Path, found: Outcome): void {
    for (const keyword of ["dependentRequired", "dependentSchemas", "dependencies"]) {
      for (const [name, dependent] of Object.entries(isObject(schema[keyword]) ? schema[keyword] : {})) {
        if (!Object.hasOwn(value, name)) continue
        const missing = isList(dependent) ? dependent.filter((other) => !Object.hasOwn(value, String(other))) : []
        for (const other of missing) {
          found.problems.push({ path: [...path, String(other)], message: `missing beside ${shownShort(name)}` })
        }
        if (!isList(dependent)) add(found, this.visit(dependent, value, path))
      }
    }
  }
}
