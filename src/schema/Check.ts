/** Reads an answer as its schema says: puts lists of entries and numbered items back into objects and tuples, and checks limits. */
import {
  type AnswerNode,
  canonical,
  hasType,
  isEntries,
  isList,
  isObject,
  type JsonObject,
  type Path,
  type Problem,
  shownShort,
  typeOf,
  typesOf
} from "./AnswerNode.ts"
import { keyOf } from "./Merge.ts"

/** A value, what does not fit in it, and how many of its properties the schema does not have. */
export interface Checked {
  readonly value: unknown
  readonly problems: ReadonlyArray<Problem>
  readonly surplus: number
}

/** The value that an answer stands for, and the problems of it. Properties that the schema does not have are left out. */
export const check = (node: AnswerNode, answer: unknown): Checked => {
  const checking = new Checking()
  const value = checking.visit(node, answer, [])
  return { value, problems: checking.problems, surplus: checking.surplus }
}

class Checking {
  readonly problems: Array<Problem> = []
  surplus = 0

  #problem(path: Path, message: string): void {
    this.problems.push({ path, message })
  }

  visit(node: AnswerNode, answer: unknown, path: Path): unknown {
    const value =
      node.variants === undefined ? this.#plain(node, answer, path) : this.#variant(node.variants, answer, path)
    for (const { keyword, test, value: limit } of node.limits) {
      if (!test(value))
        this.#problem(path, `expected a value with ${keyword} ${shownShort(limit)}, got ${shownShort(value)}`)
    }
    return value
  }

  /** Of the variants that fit, the one that leaves out the fewest properties; if none fits, the one with the fewest problems. */
  #variant(variants: ReadonlyArray<AnswerNode>, answer: unknown, path: Path): unknown {
    let best: Checked | undefined
    for (const variant of variants) {
      const checked = check(variant, answer)
      const isBetter =
        best === undefined ||
        checked.problems.length < best.problems.length ||
        (checked.problems.length === best.problems.length && checked.surplus < best.surplus)
      if (isBetter) best = checked
    }
    for (const { message, path: within } of best?.problems ?? []) this.#problem([...path, ...within], message)
    this.surplus += best?.surplus ?? 0
    return best === undefined ? answer : best.value
  }

  #plain(node: AnswerNode, answer: unknown, path: Path): unknown {
    const types = typesOf(node)
    if (node.choices !== undefined) {
      const isTyped = node.types === undefined || hasType(node.types, typeOf(answer))
      const known = isTyped && node.choices.some((choice) => canonical(choice) === canonical(answer))
      if (!known)
        this.#problem(path, `expected one of ${node.choices.map(shownShort).join(", ")}, got ${shownShort(answer)}`)
      return answer
    }
    if (isList(answer)) {
      if (isEntries(node) && types?.includes("array") !== true && answer.every(isEntry))
        return this.#entries(node, answer, path)
      if (types === undefined || types.includes("array")) return this.#list(node, answer, path)
    }
    if (isObject(answer)) {
      if (node.prefix !== undefined && types?.includes("object") !== true) return this.#tuple(node, answer, path)
      if (types === undefined || types.includes("object")) return this.#object(node, answer, path)
    }
    if (types !== undefined && !hasType(types, typeOf(answer))) {
      this.#problem(path, `expected ${types.length === 0 ? "no value" : types.join(" or ")}, got ${shownShort(answer)}`)
    }
    return answer
  }

  #list(node: AnswerNode, answer: ReadonlyArray<unknown>, path: Path): ReadonlyArray<unknown> {
    const { hasMore, items, prefix = [] } = node
    if (hasMore === false && answer.length > prefix.length) {
      this.#problem(path, `expected at most ${prefix.length} items, got ${answer.length}`)
    }
    return answer.map((item, index) => {
      const part = prefix[index] ?? items
      return part === undefined ? item : this.visit(part, item, [...path, index])
    })
  }

  /** A tuple is sent as an object with the properties 0, 1, … and `rest`. */
  #tuple(node: AnswerNode, answer: JsonObject, path: Path): ReadonlyArray<unknown> {
    const { rest = [] } = answer
    const first: Array<unknown> = []
    for (let index = 0; index < node.prefix!.length && Object.hasOwn(answer, String(index)); index += 1) {
      first.push(answer[String(index)])
    }
    const list = [...first, ...(isList(rest) ? rest : [rest])]
    if (list.length < node.prefix!.length)
      this.#problem(path, `expected ${node.prefix!.length} items, got ${list.length}`)
    return this.#list(node, list, path)
  }

  /** An object with any keys is sent as a list of `{ key, value }`. */
  #entries(node: AnswerNode, answer: ReadonlyArray<Entry>, path: Path): unknown {
    const values = new Map<string, string>()
    for (const { key, value } of answer) {
      const text = canonical(value)
      if ((values.get(key) ?? text) !== text)
        this.#problem([...path, key], "this key stands here twice, with two values")
      values.set(key, text)
    }
    return this.#object(node, Object.fromEntries(answer.map(({ key, value }) => [key, value])), path)
  }

  #object(node: AnswerNode, answer: JsonObject, path: Path): unknown {
    const { patterns, properties, required, rest } = node
    const entries = Object.entries(answer).flatMap(([name, value]): ReadonlyArray<readonly [string, unknown]> => {
      const property = properties?.get(name) ?? keyOf(node, name)
      if (typeof property === "object") {
        // Without structured output, Claude often writes null for a property that may be left out.
        if (value === null && !required.includes(name) && !allowsNull(property)) return []
        if (property.isConditional !== true) return [[name, this.visit(property, value, [...path, name])]]
        const checked = check(property, value)
        return [[name, checked.problems.length === 0 ? checked.value : value]]
      }
      // A key that fits no pattern may be a misspelt one, so it is not left out.
      if (rest === true || (properties === undefined && (rest === undefined || patterns !== undefined)))
        return [[name, value]]
      this.surplus += 1
      return []
    })
    for (const name of required) if (!Object.hasOwn(answer, name)) this.#problem([...path, name], "missing")
    return Object.fromEntries(entries)
  }
}

const allowsNull = (node: AnswerNode): boolean =>
  node.variants?.some(allowsNull) ?? node.choices?.includes(null) ?? typesOf(node)?.includes("null") ?? true

interface Entry {
  readonly key: string
  readonly value: unknown
}

const isEntry = (item: unknown): item is Entry => isObject(item) && typeof item.key === "string" && "value" in item
