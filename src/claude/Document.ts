/** What is sent beside a question: a PDF, an image, or a text with its title. Its bytes are there once, however many asks share it. */
import { Schema } from "effect"
import type { Block } from "./Block.ts"

/** The types of images that the API takes. */
export const imageTypes = ["image/png", "image/jpeg", "image/gif", "image/webp"] as const

/** One document. Facts of its bytes that limits and costs depend on stand beside them, as nothing reads the bytes again. */
export const Document = Schema.Struct({
  mediaType: Schema.Literals(["application/pdf", "text/plain", ...imageTypes]),
  /** The text of `text/plain`; of the others the bytes in base64. */
  data: Schema.String,
  title: Schema.optionalKey(Schema.String),
  /** Claude names the places of the document that its statements rest on. */
  citations: Schema.optionalKey(Schema.Literal(true)),
  /** Of a PDF. */
  pages: Schema.optionalKey(Schema.Int),
  /** Of an image, in pixels. */
  width: Schema.optionalKey(Schema.Int),
  height: Schema.optionalKey(Schema.Int)
})
export interface Document extends Schema.Schema.Type<typeof Document> {}

/** What all asks of a run share: a text, or documents in their order. */
export type Context = string | ReadonlyArray<Document>

/** The blocks of a document as the API takes them; `data` stands in the place of its bytes. An image has its title in a text before it. */
export const blocksOf = (document: Document, data: unknown = document.data): ReadonlyArray<Block> => {
  const { citations, mediaType, title } = document
  const more = {
    ...(title !== undefined && { title }),
    ...(citations === true && { citations: { enabled: true } })
  }
  if (mediaType === "application/pdf") {
    return [{ type: "document", source: { type: "base64", media_type: mediaType, data }, ...more }]
  }
  if (mediaType === "text/plain") {
    return title === undefined && citations === undefined
      ? [{ type: "text", text: data }]
      : [{ type: "document", source: { type: "text", media_type: mediaType, data }, ...more }]
  }
  const image = { type: "image", source: { type: "base64", media_type: mediaType, data } }
  return title === undefined ? [image] : [{ type: "text", text: `${title}:` }, image]
}

const hashes = new WeakMap<Document, string>()

/** The hash of a document's bytes, or of its text: 43 characters of base64url. It is made once for each document. */
export const hashOf = (document: Document): string => {
  const known = hashes.get(document)
  if (known !== undefined) return known
  const hash = process.getBuiltinModule("node:crypto").hash("sha256", document.data, "base64url")
  hashes.set(document, hash)
  return hash
}

/** The document with its hash in the place of its bytes: for what is written to be read, and for keys. */
export const withoutData = (document: Document): Document => ({ ...document, data: `sha256:${hashOf(document)}` })

const keys = new WeakMap<ReadonlyArray<Document>, string>()

/** A text that is the same for equal contexts alone: of documents their hashes, so that megabytes are read once. */
export const keyOf = (context: Context): string => {
  if (typeof context === "string") return context
  const known = keys.get(context)
  if (known !== undefined) return known
  const key = JSON.stringify(context.map(withoutData))
  keys.set(context, key)
  return key
}
