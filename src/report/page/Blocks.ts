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
const blockCharacters = 500_000

/** 0.8 % less than at level 6, in 1.3 times its time; level 9 brings another 0.1 %. */
const level = 7

/** Deflates in a thread beside, so that of many blocks several are under way at once. */
const packText = (json: string): Promise<Block> =>
  new Promise((resolve, reject) => {
    process.getBuiltinModule("node:zlib").deflateRaw(json, { level }, (error, deflated) => {
      if (error === null) resolve({ text: Base85.encode(deflated), bytes: deflated.length })
      else reject(error)
    })
  })

export const pack = (value: unknown): Promise<Block> => packText(JSON.stringify(value))

/** In the order of the asks; null where there is no answer. */
export const packAnswers = (answers: ReadonlyArray<Answer | null>): Promise<ReadonlyArray<AnswerBlock>> => {
  const blocks: Array<Promise<AnswerBlock>> = []
  let texts: Array<string> = []
  let [first, size] = [0, 0]
  const close = () => {
    const own = first
    blocks.push(packText(`[${texts.join()}]`).then((block) => ({ ...block, first: own })))
    first += texts.length
    texts = []
    size = 0
  }
  for (const answer of answers) {
    const text = JSON.stringify(answer)
    texts.push(text)
    size += text.length
    if (size >= blockCharacters) close()
  }
  if (texts.length > 0) close()
  return Promise.all(blocks)
}
