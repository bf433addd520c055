/** The limits of JSON Schema that structured output cannot enforce, and which of them contradict each other. */
import { canonical, isList, isObject, type Limit } from "./AnswerNode.ts"

type Test<A> = (value: A, limit: any) => boolean

/** Characters as JSON Schema counts them: code points. */
const lengthOf = (text: string): number => {
  let length = 0
  for (const _ of text) length += 1
  return length
}

/** A finite number as a whole number of tens: `0.25` is 25 and -2. */
const decimalOf = (value: number): { readonly digits: bigint; readonly exponent: number } => {
  const [mantissa = "", exponent = "0"] = String(value).split("e")
  const [whole = "", fraction = ""] = mantissa.split(".")
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length }
}

/** In decimals, as a multiple of 0.1 is no exact multiple in binary fractions. */
const isMultiple = (value: number, step: number): boolean => {
  if (!Number.isFinite(value)) return false
  const [a, b] = [decimalOf(value), decimalOf(step)]
  const exponent = Math.min(a.exponent, b.exponent)
  const scaled = (of: typeof a) => of.digits * 10n ** BigInt(of.exponent - exponent)
  return scaled(a) % scaled(b) === 0n
}

const ofText: Readonly<Record<string, Test<string>>> = {
  minLength: (text, limit) => lengthOf(text) >= limit,
  maxLength: (text, limit) => lengthOf(text) <= limit
}

const ofNumber: Readonly<Record<string, Test<number>>> = {
  minimum: (value, limit) => value >= limit,
  maximum: (value, limit) => value <= limit,
  exclusiveMinimum: (value, limit) => value > limit,
  exclusiveMaximum: (value, limit) => value < limit,
  multipleOf: isMultiple
}

const ofList: Readonly<Record<string, Test<ReadonlyArray<unknown>>>> = {
  minItems: (list, limit) => list.length >= limit,
  maxItems: (list, limit) => list.length <= limit,
  uniqueItems: (list, limit) => limit !== true || new Set(list.map(canonical)).size === list.length
}

const ofObject: Readonly<Record<string, Test<object>>> = {
  minProperties: (value, limit) => Object.keys(value).length >= limit,
  maxProperties: (value, limit) => Object.keys(value).length <= limit
}

export const numericKeywords = new Set(Object.keys(ofNumber))
export const countKeywords = new Set(
  [ofText, ofList, ofObject].flatMap((tests) => Object.keys(tests)).filter((keyword) => keyword !== "uniqueItems")
)

/** The limit of a keyword: values of other types than its own pass. `undefined` for a keyword that sets no limit. */
export const limitOf = (keyword: string, limit: unknown): Limit | undefined => {
  const test = (value: unknown): boolean => {
    if (typeof value === "string") return ofText[keyword]?.(value, limit) ?? true
    if (typeof value === "number") return ofNumber[keyword]?.(value, limit) ?? true
    if (isList(value)) return ofList[keyword]?.(value, limit) ?? true
    return isObject(value) ? (ofObject[keyword]?.(value, limit) ?? true) : true
  }
  const isKnown = [ofText, ofNumber, ofList, ofObject].some((tests) => Object.hasOwn(tests, keyword))
  return isKnown ? { keyword, value: limit, test } : undefined
}

const pairs = [
  ["minLength", "maxLength"],
  ["minItems", "maxItems"],
  ["minProperties", "maxProperties"],
  ["minimum", "maximum"],
  ["exclusiveMinimum", "maximum"],
  ["minimum", "exclusiveMaximum"],
  ["exclusiveMinimum", "exclusiveMaximum"]
] as const

/** The first two limits that no value meets together: `minimum 9 is above maximum 3`. */
export const contradictionOf = (limits: ReadonlyArray<Limit>): string | undefined => {
  const valuesOf = (name: string) => limits.flatMap(({ keyword, value }) => (keyword === name ? [Number(value)] : []))
  for (const [lower, upper] of pairs) {
    const low = Math.max(...valuesOf(lower))
    const high = Math.min(...valuesOf(upper))
    const isOpen = lower.startsWith("exclusive") || upper.startsWith("exclusive")
    if (low > high || (isOpen && low === high && Number.isFinite(low))) {
      return `${lower} ${low} ${low === high ? "leaves no value below" : "is above"} ${upper} ${high}`
    }
  }
  return undefined
}
