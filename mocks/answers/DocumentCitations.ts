/** Simulates the citations of documents: sentences of an answer cite the places that have most of their words. */
import type { Answer } from "./Answer.ts"
import type { Prompt } from "./Prompt.ts"
import type { Block } from "../wire/Completion.ts"
import * as Media from "../wire/Media.ts"
import { listOf, objectOf, type UncheckedJson } from "../wire/UncheckedJson.ts"
import * as WrittenSynthesis from "./WrittenSynthesis.ts"

/** The most sentences of an answer that cite something. */
const maxCited = 4

const documentsOf = ({ body }: Prompt): ReadonlyArray<UncheckedJson> =>
  listOf(body["messages"])
    .flatMap((turn) => listOf(objectOf(turn)?.["content"]))
    .flatMap((item) => {
      const block = objectOf(item)
      return block?.["type"] === "document" ? [block] : []
    })

const isCited = (document: UncheckedJson): boolean => objectOf(document["citations"])?.["enabled"] === true

const wordsOf = (text: string): ReadonlySet<string> => new Set(text.toLowerCase().match(/[\p{L}\p{N}]{4,}/gu))

/** A text with the number of words that it shares with others, and its place among its like. */
interface Scored {
  readonly text: string
  readonly score: number
  readonly index: number
}

/** The text that shares most words with `words`; the first one where none shares any. */
const best = (texts: ReadonlyArray<string>, words: ReadonlySet<string>): Scored => {
  let found: Scored = { text: "", score: -1, index: 0 }
  for (const [index, text] of texts.entries()) {
    const own = wordsOf(text)
    let score = 0
    for (const word of words) if (own.has(word)) score++
    if (score > found.score && text.trim() !== "") found = { text, score, index }
  }
  return found
}

/** A text cut after each sentence; joined, the pieces are the text. */
const sentencesIn = (text: string): ReadonlyArray<string> => text.split(/(?<=[.!?]\s)/)

/** The citation of the place in a document that shares most words with a sentence. */
const citationOf = (
  document: UncheckedJson,
  index: number,
  words: ReadonlySet<string>
): { readonly citation: UncheckedJson; readonly score: number } | undefined => {
  const source = objectOf(document["source"])
  const common = { document_index: index, document_title: document["title"] ?? null, file_id: null }
  if (source?.["type"] === "text") {
    const sentences = sentencesIn(String(source["data"]))
    const found = best(sentences, words)
    const start = sentences.slice(0, found.index).reduce((sum, { length }) => sum + length, 0)
    const span = { start_char_index: start, end_char_index: start + found.text.length }
    return { citation: { type: "char_location", cited_text: found.text, ...common, ...span }, score: found.score }
  }
  if (source?.["type"] === "content") {
    const content = source["content"]
    const texts = listOf(content).map((item) => String(objectOf(item)?.["text"] ?? ""))
    const found = best(typeof content === "string" ? [content] : texts, words)
    const span = { start_block_index: found.index, end_block_index: found.index + 1 }
    return {
      citation: { type: "content_block_location", cited_text: found.text, ...common, ...span },
      score: found.score
    }
  }
  const page = best(Media.factsOf(source?.["data"])?.texts ?? [], words)
  if (page.score < 0) return undefined
  const sentence = best(sentencesIn(page.text), words)
  const span = { start_page_number: page.index + 1, end_page_number: page.index + 2 }
  return { citation: { type: "page_location", cited_text: sentence.text, ...common, ...span }, score: page.score }
}

/** The answer with citations, where documents of the request have them enabled; undefined where none can be cited. */
export const answer = (prompt: Prompt, text: string): Answer | undefined => {
  const documents = documentsOf(prompt)
  if (!documents.some(isCited)) return undefined
  const content: Array<Block> = []
  let rest = text
  for (const sentence of WrittenSynthesis.sentences(text).slice(0, maxCited)) {
    const at = rest.indexOf(sentence)
    if (at < 0) break
    const words = wordsOf(sentence)
    const found = documents.flatMap((document, index) =>
      isCited(document) ? (citationOf(document, index, words) ?? []) : []
    )
    const [first, ...others] = found
    if (first === undefined) return undefined
    const { citation } = others.reduce((a, b) => (b.score > a.score ? b : a), first)
    const end = at + sentence.length
    content.push({ type: "text", text: rest.slice(0, end), citations: [citation] })
    rest = rest.slice(end)
  }
  return { content: rest === "" ? content : [...content, { type: "text", text: rest }], stopReason: "end_turn" }
}
