/** What an answer leans on: pages that were fetched, and by the API's own citations pages that a web search brought, and places in documents. */
import { Predicate, Schema } from "effect"
import type { Block } from "./Block.ts"

/** A page of the web has a `url`; a document has its title, and a `location` in it: `page 3`, `characters 120 to 180`, `blocks 2 to 4`. */
export const Source = Schema.Struct({
  url: Schema.optionalKey(Schema.String),
  title: Schema.String,
  location: Schema.optionalKey(Schema.String)
})
export interface Source extends Schema.Schema.Type<typeof Source> {}

type Citation = { readonly [field: string]: unknown }

const spanText = (one: string, many: string, first: number, last: number): string =>
  last > first ? `${many} ${first} to ${last}` : `${one} ${first}`

const numbersOf = (citation: Citation, ...names: ReadonlyArray<string>): ReadonlyArray<number> =>
  names.map((name) => citation[name]).filter((value) => typeof value === "number")

/** The place of a citation; the API's ends are exclusive, and count blocks and characters from 0. */
const locationOf = (citation: Citation): string | undefined => {
  const [page, pageEnd = 0] = numbersOf(citation, "start_page_number", "end_page_number")
  if (page !== undefined) return spanText("page", "pages", page, pageEnd - 1)
  const [character, characterEnd = 0] = numbersOf(citation, "start_char_index", "end_char_index")
  if (character !== undefined) return spanText("character", "characters", character, characterEnd)
  const [block, blockEnd = 0] = numbersOf(citation, "start_block_index", "end_block_index")
  return block === undefined ? undefined : spanText("block", "blocks", block + 1, blockEnd)
}

const sourceOf = (citation: Citation): Source | undefined => {
  const { document_index: index, document_title: documentTitle, title, url } = citation
  if (typeof url === "string") return { url, title: typeof title === "string" ? title : url }
  const location = locationOf(citation)
  if (location === undefined) return undefined
  const name = typeof documentTitle === "string" ? documentTitle : `document ${Number(index ?? 0) + 1}`
  return { title: name, location }
}

/** What tells a source from others: its address, or its title and place. */
export const sourceKey = ({ location = "", title, url }: Source): string => url ?? `${title}\n${location}`

/** A source on a line: `contract.pdf, page 3`; a page of the web by its title alone. */
export const sourceText = ({ location, title }: Source): string =>
  location === undefined ? title : `${title}, ${location}`

/** The page of a result of `web_fetch`; `undefined` for one that could not be fetched. */
const fetchedPage = ({ content, type }: Block): Source | undefined => {
  if (type !== "web_fetch_tool_result" || !Predicate.isObject(content)) return undefined
  const { content: document, url } = content as { readonly content?: unknown; readonly url?: unknown }
  if (typeof url !== "string") return undefined
  const title = Predicate.isObject(document) ? document["title"] : undefined
  return { url, title: typeof title === "string" && title.trim() !== "" ? title : url }
}

/**
 * The pages that were fetched, and the sources cited by the text, each once, in the order in which they come. A citation of a
 * fetched page is that page, which the API names by its title.
 */
export const sourcesOf = (reply: { readonly content: ReadonlyArray<Block> }): ReadonlyArray<Source> => {
  const found = new Map<string, Source>()
  const fetchedTitles = new Set<unknown>()
  const add = (source: Source | undefined): void => {
    if (source !== undefined && !found.has(sourceKey(source))) found.set(sourceKey(source), source)
  }
  for (const block of reply.content) {
    const page = fetchedPage(block)
    if (page !== undefined) fetchedTitles.add(page.title)
    add(page)
    if (!Array.isArray(block.citations)) continue
    for (const citation of block.citations as ReadonlyArray<unknown>) {
      if (Predicate.isObject(citation) && !fetchedTitles.has(citation["document_title"])) add(sourceOf(citation))
    }
  }
  return [...found.values()]
}
