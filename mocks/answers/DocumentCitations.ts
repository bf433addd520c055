/** Simulates the citations of documents: the first sentences of an answer cite places of the documents that the request has. */
import type { Answer } from "./Answer.ts"
import type { Prompt } from "./Prompt.ts"
import type { Block } from "../wire/Completion.ts"
import * as Media from "../wire/Media.ts"
import { listOf, objectOf, type UncheckedJson } from "../wire/UncheckedJson.ts"
import * as WrittenSynthesis from "./WrittenSynthesis.ts"

/** The most sentences that cite something. */
const maxCited = 3

const documentsOf = ({ body }: Prompt): ReadonlyArray<UncheckedJson> =>
  listOf(body["messages"])
    .flatMap((turn) => listOf(objectOf(turn)?.["content"]))
    .flatMap((item) => {
      const block = objectOf(item)
      return block?.["type"] === "document" ? [block] : []
    })

/** The first sentence of a text, and where it stands. */
const sentenceIn = (text: string): { readonly text: string; readonly start: number; readonly end: number } => {
  const start = text.search(/\S/)
  const found =
    /^[^]*?[.!?](?=\s|$)/.exec(text.slice(Math.max(0, start)))?.[0] ?? text.slice(Math.max(0, start)).slice(0, 200)
  return { text: found, start: Math.max(0, start), end: Math.max(0, start) + found.length }
}

/** The words that a question and a page have in common. */
const overlap = (question: string, page: string): number => {
  const words = new Set(page.toLowerCase().match(/[\p{L}\p{N}]{4,}/gu))
  return new Set((question.toLowerCase().match(/[\p{L}\p{N}]{4,}/gu) ?? []).filter((word) => words.has(word))).size
}

/** A citation of a place in a document: of a PDF the page that has most of the question's words. */
const citationOf = (document: UncheckedJson, index: number, question: string): UncheckedJson | undefined => {
  const source = objectOf(document["source"])
  const common = { document_index: index, document_title: document["title"] ?? null, file_id: null }
  if (source?.["type"] === "text") {
    const { end, start, text } = sentenceIn(String(source["data"]))
    return { type: "char_location", cited_text: text, ...common, start_char_index: start, end_char_index: end }
  }
  if (source?.["type"] === "content") {
    const first = objectOf(listOf(source["content"])[0])?.["text"] ?? source["content"]
    const text = typeof first === "string" ? first : ""
    return { type: "content_block_location", cited_text: text, ...common, start_block_index: 0, end_block_index: 1 }
  }
  const pages = Media.factsOf(source?.["data"])?.pages ?? []
  const scores = pages.map((page) => overlap(question, page))
  const page = Math.max(0, scores.indexOf(Math.max(...scores)))
  const text = sentenceIn(pages[page] ?? "").text
  if (text === "") return undefined
  return { type: "page_location", cited_text: text, ...common, start_page_number: page + 1, end_page_number: page + 2 }
}

/** The answer with citations, where documents of the request have them enabled; undefined where none has. */
export const answer = (prompt: Prompt, text: string): Answer | undefined => {
  const citations = documentsOf(prompt).flatMap((document, index) => {
    const isEnabled = objectOf(document["citations"])?.["enabled"] === true
    const citation = isEnabled ? citationOf(document, index, prompt.instruction) : undefined
    return citation === undefined ? [] : [citation]
  })
  if (citations.length === 0) return undefined
  const content: Array<Block> = []
  let rest = text
  for (const [index, sentence] of WrittenSynthesis.sentences(text).slice(0, maxCited).entries()) {
    const at = rest.indexOf(sentence)
    if (at < 0) break
    const end = at + sentence.length
    content.push({ type: "text", text: rest.slice(0, end), citations: [citations[index % citations.length]] })
    rest = rest.slice(end)
  }
  return { content: rest === "" ? content : [...content, { type: "text", text: rest }], stopReason: "end_turn" }
}
