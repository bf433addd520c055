/** Readers for JSON that nobody has checked: what is not there reads as absent, nothing throws. */

/** A JSON object of unknown content. */
export type UncheckedJson = Readonly<Record<string, unknown>>

/** Gives the value if it is an object. */
export const objectOf = (value: unknown): UncheckedJson | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as UncheckedJson) : undefined

/** Gives the items of an array, or none. */
export const listOf = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

/** Gives the objects of an array, leaving out what is none. */
export const objectsOf = (value: unknown): ReadonlyArray<UncheckedJson> =>
  listOf(value)
    .map(objectOf)
    .filter((item) => item !== undefined)

/** Gives the text if it is JSON of an object. */
export const parse = (text: string): UncheckedJson | undefined => {
  try {
    return objectOf(JSON.parse(text))
  } catch {
    return undefined
  }
}
