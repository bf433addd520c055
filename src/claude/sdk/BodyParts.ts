/** The JSON of a request in parts: the bytes of a document are there once in the process, however many requests send them. */
import type { Document } from "../Document.ts"
import type { Request } from "../Message.ts"
import { bodyOf, documentsOf } from "../RequestBody.ts"

/** The whole JSON as text, or its bytes in parts. */
export type Json = string | ReadonlyArray<Uint8Array>

const written = new WeakMap<Document, Uint8Array>()

/** The bytes or the text of a document as a JSON string. */
const jsonOf = (document: Document): Uint8Array => {
  const known = written.get(document)
  if (known !== undefined) return known
  const { data, mediaType } = document
  // Base64 has nothing to escape.
  const json =
    mediaType === "text/plain" ? Buffer.from(JSON.stringify(data), "utf8") : Buffer.from(`"${data}"`, "latin1")
  written.set(document, json)
  return json
}

/** Stands in the JSON for the bytes of the document with this number. */
const markOf = (index: number): string => `@@fanfold document ${index}@@`
const mark = /"@@fanfold document (\d+)@@"/

/** The JSON of the body of a request with documents. */
export const of = (request: Request, isStreamed: boolean): Json => {
  const documents = documentsOf(request)
  const stream = isStreamed ? { stream: true } : {}
  const numbers = new Map(documents.map((document, index) => [document, index]))
  const body = bodyOf(request, undefined, (document) => markOf(numbers.get(document) ?? 0))
  const pieces = JSON.stringify({ ...body, ...stream }).split(mark)
  // A question may have such a mark in its text: then the JSON is written at once.
  if (pieces.length !== 2 * documents.length + 1) return JSON.stringify({ ...bodyOf(request), ...stream })
  return pieces.map((piece, index) =>
    index % 2 === 0 ? Buffer.from(piece, "utf8") : jsonOf(documents[Number(piece)]!)
  )
}
