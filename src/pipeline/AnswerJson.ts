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

const fence = /^[ \t]*(`{3,}|~{3,})[^\n`]*\n([^]*?)\n[ \t]*\1[ \t]*$/gm

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
  const [fenced, ...others] = text.matchAll(fence)
  const texts = [
    lastBlock === undefined ? "" : textOf({ content: [lastBlock] }),
    others.length === 0 && fenced !== undefined ? fenced[2]! : ""
  ]
  return texts.flatMap((text) => parse(text.trim()) ?? [])
}
