/** Checks of JSON values with the API's words: the parts that the tables of request fields are made of. */
import { objectOf, textOf, type UncheckedJson } from "../wire/UncheckedJson.ts"

/** Gives what is wrong with a value, as `PATH: words`; undefined if nothing is. `path` is empty for the body itself. */
export type Shape = (value: unknown, path: string) => string | undefined

/** Shapes of an object's fields. A name that ends with `?` is optional, and may be null. */
export type Fields = Readonly<Record<string, Shape>>

const quoted = (names: ReadonlyArray<string>): ReadonlyArray<string> => names.map((name) => `'${name}'`)

const listed = (names: ReadonlyArray<string>): string =>
  names.length < 2
    ? quoted(names).join("")
    : `${quoted(names.slice(0, -1)).join(", ")} or ${quoted(names.slice(-1)).join("")}`

const expect =
  (isValid: (value: unknown) => boolean, words: string): Shape =>
  (value, path) =>
    isValid(value) ? undefined : `${path}: Input should be ${words}`

/** Adds a field to a path; the fields of the body have no dot before them. */
const joinPath = (path: string, field: string | number): string => (path === "" ? String(field) : `${path}.${field}`)

export const anything: Shape = () => undefined
export const string: Shape = expect((value) => typeof value === "string", "a valid string")
export const boolean: Shape = expect((value) => typeof value === "boolean", "a valid boolean")
export const number: Shape = expect((value) => typeof value === "number", "a valid number")
export const dictionary: Shape = expect((value) => objectOf(value) !== undefined, "a valid dictionary")
export const literal = (...values: ReadonlyArray<string>): Shape =>
  expect((value) => values.includes(value as string), listed(values))

/** An integer of at least `minimum`. */
export const integer =
  (minimum: number): Shape =>
  (value, path) => {
    if (typeof value !== "number" || !Number.isInteger(value)) return `${path}: Input should be a valid integer`
    return value < minimum ? `${path}: Input should be greater than or equal to ${minimum}` : undefined
  }

/** A string that matches a regular expression. */
export const pattern =
  (source: string): Shape =>
  (value, path) =>
    string(value, path) ??
    (new RegExp(source).test(value as string) ? undefined : `${path}: String should match pattern '${source}'`)

/** A string of at most `length` characters, and at least 1. */
export const text =
  (length: number): Shape =>
  (value, path) => {
    const problem = string(value, path)
    if (problem !== undefined) return problem
    if (value === "") return `${path}: String should have at least 1 character`
    return (value as string).length > length ? `${path}: String should have at most ${length} characters` : undefined
  }

/** A list whose items have one shape; the path of an item ends with its index. */
export const list =
  (item: Shape): Shape =>
  (value, path) => {
    if (!Array.isArray(value)) return `${path}: Input should be a valid list`
    for (const [index, one] of value.entries()) {
      const problem = item(one, joinPath(path, index))
      if (problem !== undefined) return problem
    }
    return undefined
  }

/** A string, or a list: strings are not checked further. */
export const stringOr =
  (other: Shape): Shape =>
  (value, path) =>
    typeof value === "string" ? undefined : other(value, path)

interface Field {
  readonly name: string
  readonly isOptional: boolean
  readonly shape: Shape
}

const fieldOf = ([key, shape]: readonly [string, Shape]): Field =>
  key.endsWith("?") ? { name: key.slice(0, -1), isOptional: true, shape } : { name: key, isOptional: false, shape }

const fieldsProblem = (fields: ReadonlyArray<Field>, value: UncheckedJson, path: string): string | undefined => {
  for (const { isOptional, name, shape } of fields) {
    const field = value[name]
    if (field === undefined && !isOptional) return `${joinPath(path, name)}: Field required`
    if (field === undefined || (field === null && isOptional)) continue
    const problem = shape(field, joinPath(path, name))
    if (problem !== undefined) return problem
  }
  return undefined
}

/** An object with some known fields; others are accepted. */
export const open = (fields: Fields): Shape => {
  const known = Object.entries(fields).map(fieldOf)
  return (value, path) => {
    const found = objectOf(value)
    return found === undefined ? `${path}: Input should be an object` : fieldsProblem(known, found, path)
  }
}

/** An object that has no fields but these. */
export const object = (fields: Fields): Shape => {
  const names = new Set(Object.entries(fields).map((entry) => fieldOf(entry).name))
  const known = open(fields)
  return (value, path) => {
    const problem = known(value, path)
    if (problem !== undefined) return problem
    const extra = Object.keys(value as UncheckedJson).find((name) => !names.has(name))
    return extra === undefined ? undefined : `${joinPath(path, extra)}: Extra inputs are not permitted`
  }
}

/** An object whose `type` selects its shape; the path of a problem inside names the type. */
export const tagged = (shapes: Readonly<Record<string, Shape>>, absent?: string): Shape => {
  const tags = quoted(Object.keys(shapes)).join(", ")
  return (value, path) => {
    const found = objectOf(value)
    if (found === undefined) return `${path}: Input should be an object`
    const tag = found["type"] ?? absent
    if (tag === undefined) return `${path}.type: Field required`
    const shape = typeof tag === "string" && Object.hasOwn(shapes, tag) ? shapes[tag] : undefined
    return shape === undefined
      ? `${path}: Input tag '${textOf(tag)}' found using 'type' does not match any of the expected tags: ${tags}`
      : shape(found, `${path}.${textOf(tag)}`)
  }
}
