/** The statements of a Markdown document, and the marks in it that name the asks on which they rest. */
import { Effect } from "effect"
import type { Token } from "markdown-it"
import { mark, namesOf } from "./Mark.ts"

/** One sentence without its marks, and the asks that its marks name. */
export interface Statement {
  readonly text: string
  readonly asks: ReadonlyArray<string>
}

/** The statements of prose, list items and table rows; headings and code make none. The parser of Markdown is loaded for it. */
export const of = (document: string): Effect.Effect<ReadonlyArray<Statement>> =>
  Effect.map(
    Effect.promise(() => import("markdown-it")),
    ({ default: markdownIt }) => blocksOf(markdownIt().parse(document, {})).flatMap(statementsOf)
  )

/** The text of each paragraph, and of each row of a table without its heading, on one line. */
const blocksOf = (tokens: ReadonlyArray<Token>): ReadonlyArray<string> => {
  const blocks: Array<string> = []
  let row: Array<string> = []
  for (const [index, { children, type }] of tokens.entries()) {
    const container = tokens[index - 1]?.type
    if (type === "inline" && container === "paragraph_open") blocks.push(plainOf(children ?? []))
    else if (type === "inline" && container === "td_open") row.push(plainOf(children ?? []))
    else if (type === "tr_close") {
      if (row.length > 0) blocks.push(row.join(" "))
      row = []
    }
  }
  return blocks
}

/** The text that is read, with marks, but without code, images, addresses and emphasis. */
const plainOf = (tokens: ReadonlyArray<Token>): string => {
  const inline = tokens.filter(({ content, type }) => type !== "text" || content !== "")
  const end = inline[0]?.type === "strong_open" ? inline.findIndex(({ type }) => type === "strong_close") : -1
  const title = textOf(inline.slice(0, end + 1))
  // Bold words with a full stop or colon at the beginning of a paragraph are its heading.
  return textOf(/[.:]$/.test(title) && end + 1 < inline.length ? inline.slice(end + 1) : inline).trim()
}

const textOf = (tokens: ReadonlyArray<Token>): string =>
  tokens
    .map(({ content, type }) => {
      if (type === "code_inline") return "…"
      if (type === "softbreak" || type === "hardbreak") return " "
      return type.startsWith("text") ? content : ""
    })
    .join("")

// Made with the first document, as the first segmenter of a process loads tables.
let segmenter: Intl.Segmenter | undefined

/** A full stop after these ends no sentence. */
const abbreviation = /(?:^|[\s(])(?:[A-Z]|Dr|Mr|Mrs|Ms|Prof|St|No|Nr|vs|approx|ca|Inc|Ltd|Co|e\.g|i\.e|cf|Fig|U\.S)\.$/

/** Marks behind a full stop, which belong to the sentence before it. */
const behind = /([.!?]["”»)]*)((?:\s*\[[A-Za-z_][\w-]*(?:\s*,\s*[A-Za-z_][\w-]*)*\](?![[(:]))+)/g

const markWithSpace = new RegExp(`\\s*${mark.source}`, "g")

const statementsOf = (block: string): ReadonlyArray<Statement> => {
  const sentences: Array<string> = []
  segmenter ??= new Intl.Segmenter("en", { granularity: "sentence" })
  for (const { segment } of segmenter.segment(block.replaceAll(behind, "$2$1"))) {
    const last = sentences.at(-1)
    if (last !== undefined && abbreviation.test(last.trim())) sentences[sentences.length - 1] = last + segment
    else sentences.push(segment)
  }
  return sentences.flatMap((sentence) => {
    const asks = [...sentence.matchAll(mark)].flatMap(([, names = ""]) => namesOf(names))
    const text = sentence.replaceAll(markWithSpace, "").replace(/\s+/g, " ").trim()
    return text === "" && asks.length === 0 ? [] : [{ text, asks: [...new Set(asks)] }]
  })
}
