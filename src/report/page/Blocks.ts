/** Packs data of a page: JSON, deflated, as text. Answers are packed many together, and inflated when one of them is opened. */
import type { Answer } from "../View.ts"
import * as Base85 from "./Base85.ts"

/** What an element of the page has as its text; `bytes`: how long it is deflated. */
export interface Block {
  readonly text: string
  readonly bytes: number
}

/** `first`: the index of the ask whose answer comes first in it. */
export interface AnswerBlock extends Block {
  readonly first: number
}

/** How much JSON a block has: inflating it takes a few milliseconds, and its answers share one dictionary. */
const blockCharacters = 200_000

/** Where level 9 takes too long for what it gains. */
const largeCharacters = 8_000_000

export const pack = (value: unknown, level = 9): Block => {
  const { deflateRawSync } = process.getBuiltinModule("node:zlib")
  const deflated = deflateRawSync(JSON.stringify(value), { level })
  return { text: Base85.encode(deflated), bytes: deflated.length }
}

/** In the order of the asks; null where there is no answer. */
export const packAnswers = (answers: ReadonlyArray<Answer | null>): ReadonlyArray<AnswerBlock> => {
  const sizes = answers.map((answer) => (answer === null ? 4 : JSON.stringify(answer).length))
  const level = sizes.reduce((sum, size) => sum + size, 0) > largeCharacters ? 6 : 9
  const blocks: Array<AnswerBlock> = []
  let [first, size] = [0, 0]
  for (const [n, own] of sizes.entries()) {
    size += own
    if (size < blockCharacters && n < answers.length - 1) continue
    blocks.push({ ...pack(answers.slice(first, n + 1), level), first })
    first = n + 1
    size = 0
  }
  return blocks
}
