/** Finds the JSON of an answer: in all of its text, in its last text block, or in its only fenced block. */
import { Result } from "effect"
import { type Reply, textOf } from "../claude/Message.ts"

/** JSON as it was parsed, and the numbers in it that became others, as a number of JavaScript cannot hold them. */
export interface Parsed {
  readonly json: unknown
  readonly inexact: ReadonlyArray<string>
  /** An object has a key twice, so that one of two values is not in `json`. */
  readonly hasKeyTwice: boolean
}

/** A reviver gets the source of each plain value (ES2025); where the engine gives none, rounded numbers are not found. */
type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown

/**
 * Whether a number is another one than its source says: a whole one that is rounded, one beyond the whole numbers that are exact, or
 * one that became infinite or 0. That a fraction is rounded to some 17 digits is no error.
 */
const isAnother = (value: number, source: string): boolean => {
  if (/^-?\d+$/.test(source)) return !Number.isFinite(value) || BigInt(source) !== BigInt(value)
  if (!Number.isFinite(value)) return true
  const isRoundedBelowOne = Math.abs(value) <= Number.MAX_SAFE_INTEGER && value !== 0
  return !isRoundedBelowOne && decimalOf(source) !== decimalOf(String(value))
}

/** A number as its digits without zeros at their ends, and the exponent of the last one: `1200`, `1.2e3` and `12e2` are the same. */
const decimalOf = (number: string): string => {
  const [, whole = "", fraction = "", exponent = "0"] = /^-?(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(number) ?? []
  const digits = `${whole}${fraction}`.replace(/^0+/, "")
  const significant = digits.replace(/0+$/, "")
  return significant === ""
    ? "0"
    : `${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`
}

/** `undefined` of text that is no JSON. */
const parse = (text: string): Parsed | undefined => {
  const inexact: Array<string> = []
  const reviver: Reviver = (_key, value, context) => {
    const source = context?.source
    if (typeof value === "number" && source !== undefined && isAnother(value, source)) inexact.push(source)
    return value
  }
  // Only a number of 16 digits or more can be rounded, and a reviver makes parsing slower.
  const given = /\d{16}|\d[eE][+-]?\d/.test(text) ? reviver : undefined
  return Result.getOrUndefined(
    Result.map(
      Result.try((): unknown => JSON.parse(text, given)),
      (json) => ({ json, inexact, hasKeyTwice: keysIn(text) > keysOf(json) })
    )
  )
}

/** How many keys the text of JSON has. An expression would fail at strings of megabytes. */
const keysIn = (text: string): number => {
  let count = 0
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at)) {
    at = endOfString(text, at)
    while (text.charCodeAt(at) <= space) at++
    if (text[at] === ":") count++
  }
  return count
}

const space = 0x20

/** Where the text goes on after the string of JSON that begins at `start`. */
const endOfString = (text: string, start: number): number => {
  let end = text.indexOf('"', start + 1)
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end < 0 ? text.length : end + 1
}

const isEscaped = (text: string, at: number): boolean => {
  let before = at
  while (text[before - 1] === "\\") before--
  return (at - before) % 2 === 1
}

/** How many keys parsed JSON has, at any depth. */
const keysOf = (json: unknown): number => {
  let count = 0
  const open = [json]
  while (open.length > 0) {
    const value = open.pop()
    if (typeof value !== "object" || value === null) continue
    const values: ReadonlyArray<unknown> = Object.values(value)
    if (!Array.isArray(value)) count += values.length
    for (const each of values) open.push(each)
  }
  return count
}

const opening = /^[ \t]*(`{3,}|~{3,})[^`]*$/
const closing = /^[ \t]*(`{3,}|~{3,})[ \t]*\r?$/

/** The contents of the fenced blocks of a text, found in one pass: text after a fence that nothing closes is no block. */
const fencedBlocks = (text: string): ReadonlyArray<string> => {
  const lines = text.split("\n")
  /** For each fence, the lines that it closes a block at, last first. */
  const ends = new Map<string, Array<number>>()
  for (let line = lines.length - 1; line >= 0; line--) {
    const [, mark] = closing.exec(lines[line]!) ?? []
    if (mark === undefined) continue
    const known = ends.get(mark)
    if (known === undefined) ends.set(mark, [line])
    else known.push(line)
  }
  const blocks: Array<string> = []
  for (let line = 0; line < lines.length; line++) {
    const [, mark = ""] = opening.exec(lines[line]!) ?? []
    // A block has at least one line between its fences.
    const end = firstFrom(line + 2, ends.get(mark) ?? [])
    if (end === undefined) continue
    blocks.push(lines.slice(line + 1, end).join("\n"))
    line = end
  }
  return blocks
}

/** The first of `lines` from `line` on, which stand last first; those before it are dropped. */
const firstFrom = (line: number, lines: Array<number>): number | undefined => {
  for (let last = lines.at(-1); last !== undefined && last < line; last = lines.at(-1)) lines.pop()
  return lines.at(-1)
}

/**
 * The JSON of a reply, best first. Where all of its text is JSON, that is the answer: a block within a string of it is text.
 * Otherwise Claude wrote prose around it: the last text block may be JSON, or the only fenced block.
 */
export const candidates = (reply: Reply): ReadonlyArray<Parsed> => {
  const text = textOf(reply)
  const joined = parse(text.trim())
  if (joined !== undefined) return [joined]
  const lastBlock = reply.content.findLast(
    (block) => block.type === "text" && textOf({ content: [block] }).trim() !== ""
  )
  const [fenced, ...others] = fencedBlocks(text)
  const texts = [
    lastBlock === undefined ? "" : textOf({ content: [lastBlock] }),
    others.length === 0 && fenced !== undefined ? fenced : ""
  ]
  return texts.flatMap((text) => parse(text.trim()) ?? [])
}
