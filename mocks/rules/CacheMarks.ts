/** The `cache_control` marks of a request: where they are, and how many there may be in which order. */
import { objectOf, type UncheckedJson } from "../wire/UncheckedJson.ts"

/** One mark: the path of the value that has it, and its `ttl`. */
export interface Mark {
  readonly path: string
  readonly ttl: unknown
}

/** Adds the marks of a value, its items and its `content`. */
const collect = (value: unknown, path: string, marks: Array<Mark>): void => {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) collect(value[index], `${path}.${index}`, marks)
    return
  }
  const node = objectOf(value)
  if (node === undefined) return
  collect(node["content"], `${path}.content`, marks)
  const control = objectOf(node["cache_control"])
  if (control !== undefined) marks.push({ path, ttl: control["ttl"] ?? "5m" })
}

/** Lists the marks of tools, system and messages, in this order. */
export const of = (body: UncheckedJson): ReadonlyArray<Mark> => {
  const marks: Array<Mark> = []
  for (const field of ["tools", "system", "messages"]) collect(body[field], field, marks)
  return marks
}

const maxMarks = 4

/** Gives the message for too many marks, or for one of an hour after one of 5 minutes. */
export const problem = (body: UncheckedJson): string | undefined => {
  const marks = of(body)
  const count = marks.length + (objectOf(body["cache_control"]) === undefined ? 0 : 1)
  if (count > maxMarks) return `A maximum of 4 blocks with cache_control may be provided. Found ${count}.`
  const short = marks.findIndex(({ ttl }) => ttl === "5m")
  const late = short < 0 ? undefined : marks.slice(short).find(({ ttl }) => ttl === "1h")
  return late === undefined
    ? undefined
    : `${late.path}.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that blocks are processed in the following order: \`tools\`, \`system\`, \`messages\`.`
}
