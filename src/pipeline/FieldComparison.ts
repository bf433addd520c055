/** Finds, by code, fields of typed answers that contradict each other. */
import type { Contradiction } from "../claude/Contradiction.ts"
import * as Quantity from "./Quantity.ts"

/** A typed answer: any JSON. */
export interface Typed {
  readonly ask: string
  readonly value: unknown
}

/** A field with a quantity, and what its object says it is about. */
interface Field {
  readonly ask: string
  readonly path: ReadonlyArray<string>
  readonly key: string
  readonly quantity: Quantity.Quantity
  readonly about: ReadonlyMap<string, string>
  readonly shape: string
}

/** Names of fields that say what the other fields of their object are about. */
const identity =
  /\b(?:name|id|title|subject|topic|company|maker|vendor|brand|product|model|country|city|region|market|segment|place|person|candidate|option|scenario|year|quarter|period|unit|currency)$/

/** Names that say nothing alone: two such fields are compared only under the same path. */
const generic = new Set(
  "value amount number count total score rating rank index id confidence probability year date min max low high from to price cost size quantity level weight share".split(
    " "
  )
)

/** Fields of one name are compared with each other up to this many: of rows there may be thousands. */
const maxCompared = 200

/**
 * The contradictions among typed answers, in the order of their first field. Two fields are compared where their names agree, and
 * their objects name the same thing, or have different fields and name no different things: answers of one form to several
 * questions are of several things.
 */
export const find = (answers: ReadonlyArray<Typed>): ReadonlyArray<Contradiction> => {
  const fields = answers.flatMap(({ ask, value }) => fieldsOf(ask, value, shapeOf(value)))
  return [...Map.groupBy(fields, ({ key }) => key).values()].flatMap((all) => {
    const group = all.slice(0, maxCompared)
    const taking = group.filter((field) => group.some((other) => areContradicting(field, other)))
    const [first] = taking
    if (first === undefined) return []
    const statements = taking.map(({ ask, quantity }) => ({ ask, text: quantity.text }))
    const about = [...first.about.values()].join(", ")
    const subject = `${first.path.join(".")}${about === "" ? "" : ` of ${about}`}`
    return [{ subject, statements, foundBy: "fields" }]
  })
}

const areContradicting = (a: Field, b: Field): boolean =>
  a.ask !== b.ask && areOfOneThing(a, b) && Quantity.contradict(a.quantity, b.quantity)

const areOfOneThing = (a: Field, b: Field): boolean => {
  const shared = [...a.about].filter(([key]) => b.about.has(key))
  if (shared.some(([key, text]) => b.about.get(key) !== text)) return false
  const isEnding = a.path.length <= b.path.length ? endsWith(b.path, a.path) : endsWith(a.path, b.path)
  if (!isEnding) return false
  if (shared.length > 0) return true
  const isGeneric = generic.has(a.key)
  return a.shape !== b.shape && (!isGeneric || (a.path.length > 1 && a.path.length === b.path.length))
}

const endsWith = (path: ReadonlyArray<string>, end: ReadonlyArray<string>): boolean =>
  end.every((key, n) => {
    const other = path[path.length - end.length + n]
    return other !== undefined && Quantity.subjectOf(other) === Quantity.subjectOf(key)
  })

/** The names of all fields: answers of one schema have the same. */
const shapeOf = (value: unknown): string => {
  if (typeof value !== "object" || value === null) return typeof value
  if (Array.isArray(value)) return `[${value.length === 0 ? "" : shapeOf(value[0])}]`
  return `{${Object.entries(value)
    .map(([key, each]) => `${key}:${typeof each === "object" ? shapeOf(each) : ""}`)
    .toSorted()
    .join()}}`
}

const ranges = [
  ["min", "max"],
  ["from", "to"],
  ["low", "high"]
] as const

const fieldsOf = (
  ask: string,
  value: unknown,
  shape: string,
  path: ReadonlyArray<string> = [],
  above: ReadonlyMap<string, string> = new Map()
): ReadonlyArray<Field> => {
  if (typeof value !== "object" || value === null) return []
  // Places in a list are no names: its items are told apart by what they say they are about.
  if (Array.isArray(value)) return value.flatMap((each: unknown) => fieldsOf(ask, each, shape, path, above))
  const entries = Object.entries(value)
  const about = new Map([...above, ...entries.flatMap(aboutOf)])
  const fieldOf = (path: ReadonlyArray<string>, quantity: Quantity.Quantity): Field => ({
    ask,
    path,
    key: Quantity.subjectOf(path.at(-1) ?? ""),
    quantity,
    about,
    shape
  })
  const record = new Map(entries)
  const parent = path.at(-1)
  for (const [from, to] of parent === undefined ? [] : ranges) {
    const [low, high] = [Quantity.of(parent ?? from, record.get(from)), Quantity.of(parent ?? to, record.get(to))]
    if (low !== undefined && high !== undefined) return [fieldOf(path, Quantity.rangeOf(low, high))]
  }
  return entries.flatMap(([key, each]) => {
    if (typeof each === "object") return fieldsOf(ask, each, shape, [...path, key], about)
    const quantity = isIdentity(key) ? undefined : Quantity.of(key, each)
    return quantity === undefined ? [] : [fieldOf([...path, key], quantity)]
  })
}

const isIdentity = (key: string): boolean => identity.test(Quantity.wordsOf(key).join(" "))

const aboutOf = ([key, value]: [string, unknown]): ReadonlyArray<readonly [string, string]> =>
  isIdentity(key) && (typeof value === "string" || typeof value === "number")
    ? [[Quantity.subjectOf(key), String(value).trim().toLowerCase()]]
    : []
