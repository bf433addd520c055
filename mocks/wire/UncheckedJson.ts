/** Readers for JSON of unknown shape: they give undefined or an empty list for a missing or different value, and never throw. */

/** A JSON object whose fields are not checked. */
export type UncheckedJson = Readonly<Record<string, unknown>>

/** Gives the value if it is a JSON object, else undefined. */
export const objectOf = (value: unknown): UncheckedJson | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as UncheckedJson) : undefined

/** Gives the items of an array; of any other value, an empty list. */
export const listOf = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

/** Gives those items of an array that are JSON objects. */
export const objectsOf = (value: unknown): ReadonlyArray<UncheckedJson> =>
  listOf(value)
    .map(objectOf)
    .filter((item) => item !== undefined)

/** Gives a string as it is, and any other value as JSON. */
export const textOf = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""))

/** Parses the text; undefined if it is not JSON, or not an object. */
export const parse = (text: string): UncheckedJson | undefined => {
  try {
    return objectOf(JSON.parse(text))
  } catch {
    return undefined
  }
}
