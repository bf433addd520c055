/** Finds the JSON of an answer: in all of its text, in its last text block, or in its only fenced block. */
import { Result } from "effect"
import { type Reply, textOf } from "../claude/Message.ts"

/** JSON as it was parsed, and the whole numbers in it that a number of JavaScript cannot hold exactly. */
export interface Parsed {
  readonly json: unknown
  readonly inexact: ReadonlyArray<string>
}

/** A reviver gets the source of each plain value (ES2025); where the engine gives none, rounded numbers are not found. */
type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown

/** `undefined` of text that is no JSON. */
const parse = (text: string): Parsed | undefined => {
  const inexact: Array<string> = []
  const reviver: Reviver = (_key, value, context) => {
    const source = context?.source
    const isWhole = typeof value === "number" && source !== undefined && /^-?\d+$/.test(source)
    if (isWhole && BigInt(source) !== BigInt(value)) inexact.push(source)
    return value
  }
  // Only a number of 16 digits or more can be rounded, and a reviver makes parsing slower.
  const given = /\d{16}/.test(text) ? reviver : undefined
  return Result.getOrUndefined(
    Result.map(
      Result.try((): unknown => JSON.parse(text, given)),
      (json) => ({ json, inexact })
    )
  )
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
