/** Lines of `check` about documents: what is sent beside the questions, and its tokens, which are estimated before it is sent. */
import { type Document, hashOf } from "../claude/Document.ts"
import { documentsOf } from "../claude/RequestBody.ts"
import type { Request } from "../claude/Message.ts"
import * as DocumentTokens from "../cost/DocumentTokens.ts"
import { numberText, plural } from "../options/NumberText.ts"
import { inert } from "../report/TerminalText.ts"

/** So many documents are named. */
const maxNamed = 10

const factsOf = ({ height = 0, pages, width = 0 }: Document): ReadonlyArray<string> => {
  if (pages !== undefined) return [plural(pages, "page", "pages")]
  return width > 0 ? [`${numberText(width)} × ${numberText(height)} pixels`] : []
}

const textOf = (document: Document, asks: number): string => {
  const tokens = `about ${numberText(DocumentTokens.estimated([document]))} tokens (estimated)`
  const name = document.title ?? (document.mediaType === "text/plain" ? "text" : document.mediaType)
  return `  ${inert(name)}: ${[...factsOf(document), tokens, `in ${plural(asks, "ask", "asks")}`].join(", ")}`
}

/** A line for each document, with the number of asks that it is sent with. */
export const lines = (requests: ReadonlyArray<Request>): ReadonlyArray<string> => {
  const counts = new Map<Document, number>()
  for (const request of requests) {
    for (const document of documentsOf(request)) counts.set(document, (counts.get(document) ?? 0) + 1)
  }
  if (counts.size === 0) return []
  const all = [...counts].map(([document, asks]) => textOf(document, asks))
  const more = all.length > maxNamed ? [`  … and ${numberText(all.length - maxNamed)} more`] : []
  return ["Documents:", ...all.slice(0, maxNamed), ...more]
}

/** What `check --json` shows in the place of the bytes of a document, which may have megabytes. */
export const dataText = (document: Document): string =>
  document.mediaType === "text/plain"
    ? document.data
    : `${numberText(document.data.length)} characters of base64, sha256 ${hashOf(document)}`
