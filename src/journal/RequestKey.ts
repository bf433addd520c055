/** The key of an answer: a hash of all that changes it, and of nothing about how it was asked for. */
import { Schema } from "effect"
import * as Documents from "../claude/Document.ts"
import { Request } from "../claude/Message.ts"

/** Raised when `of` makes another key of the same request. Keys of older rows are computed anew from what is stored beside them. */
export const version = 1

/** A request as it is stored: `json` has the hash in the place of each long text, and `texts` has these by their hash. */
export interface KeyedRequest {
  /** 43 characters of base64url: 256 bits. */
  readonly key: string
  readonly json: string
  readonly texts: ReadonlyArray<readonly [hash: string, text: string]>
}

/** A value, or the hash of the text that it is. */
const Value = Schema.Struct({ value: Schema.Unknown })
const Text = Schema.Struct({ text: Schema.String })

/** Documents, each with its bytes by their hash. */
const DocumentList = Schema.Struct({
  documents: Schema.Array(Schema.Struct({ ...Documents.Document.fields, data: Schema.Union([Value, Text]) }))
})

const Part = Schema.Union([Value, Text, DocumentList])
type Part = typeof Part.Type

/** The models in the order that they are asked, the turns, and the request's other fields that are set. */
const Stored = Schema.Struct({
  models: Schema.NonEmptyArray(Schema.String),
  messages: Schema.Array(Schema.Struct({ role: Schema.Literals(["user", "assistant"]), content: Part })),
  fields: Schema.Record(Schema.String, Part)
})
type Stored = typeof Stored.Type

/** Shorter texts take less room than their hash and its row. */
const minTextLength = 256

/** The fields in the schema's order, so that the order in which a request was put together does not change its key. */
const names = Object.keys(Request.fields).filter((name) => name !== "model" && name !== "messages")

const sha256 = (text: string): string => process.getBuiltinModule("node:crypto").hash("sha256", text, "base64url")

/** The last context and its hash: all asks of a run share one, which may have megabytes. */
let lastContext = { text: "", hash: sha256("") }

const contextHash = (text: string): string => {
  if (lastContext.text !== text) lastContext = { text, hash: sha256(text) }
  return lastContext.hash
}

/** `others`: the models that are asked next where the request's own cannot answer. */
export const of = (request: Request, others: ReadonlyArray<string> = []): KeyedRequest => {
  const texts: Array<readonly [string, string]> = []
  const partOf = (value: unknown, hashOf = sha256): typeof Value.Type | typeof Text.Type => {
    // UTF-8 has no lone surrogates: of two texts that differ in them, hash and row would be the same.
    if (typeof value !== "string" || value.length < minTextLength || !value.isWellFormed()) return { value }
    const hash = hashOf(value)
    texts.push([hash, value])
    return { text: hash }
  }
  const documentsPart = (documents: ReadonlyArray<Documents.Document>): Part => ({
    documents: documents.map((document) => ({
      ...ordered(document),
      data: partOf(document.data, () => Documents.hashOf(document))
    }))
  })
  const fields: Record<string, Part> = {}
  for (const name of names) {
    const value = request[name as keyof Request]
    if (value === undefined) continue
    if (name === "files" || (name === "context" && typeof value !== "string")) {
      fields[name] = documentsPart(value as ReadonlyArray<Documents.Document>)
      continue
    }
    // A schema is stored as its text: many asks share it, and the order of its properties is the order of the answer's.
    const part = name === "answerSchema" ? JSON.stringify(value) : value
    fields[name] = partOf(part, name === "context" ? contextHash : sha256)
  }
  const stored: Stored = {
    models: [request.model, ...others],
    messages: request.messages.map(({ content, role }) => ({ role, content: partOf(content) })),
    fields
  }
  const json = JSON.stringify(stored)
  return { key: sha256(json), json, texts }
}

/** A document without its bytes, with its fields in the schema's order. */
const ordered = (document: Documents.Document) =>
  Object.fromEntries(
    documentFields.flatMap((name) => (document[name] === undefined ? [] : [[name, document[name]]]))
  ) as Omit<Documents.Document, "data">

const documentFields = (Object.keys(Documents.Document.fields) as Array<keyof Documents.Document>).filter(
  (name) => name !== "data"
)

/** The last documents that were read, by what is stored of them: the requests of a run share them, and their bytes. */
let lastDocuments: { readonly stored: string; readonly documents: ReadonlyArray<Documents.Document> } | undefined

/** Numbers equal requests of a run from 0, in the order in which they are asked. */
export class Ordinals {
  readonly #counts = new Map<string, number>()
  /** By ask and key, where it is not 0. */
  readonly #ofAsks = new Map<string, number>()

  /** Of an ask's request. One that is asked again keeps its number, by which its answer is found later. */
  of(key: string, ask: string, isAgain: boolean): number {
    const name = `${ask} ${key}`
    if (isAgain) return this.#ofAsks.get(name) ?? 0
    const ordinal = this.next(key)
    if (ordinal > 0) this.#ofAsks.set(name, ordinal)
    return ordinal
  }

  next(key: string): number {
    const ordinal = this.#counts.get(key) ?? 0
    this.#counts.set(key, ordinal + 1)
    return ordinal
  }
}

/**
 * Tells the turns of one ask from what else it might send: nothing but the messages differs between them. The same in all
 * versions, as the requests of later turns are not stored.
 */
export const ofTurn = ({ messages }: Request): string => sha256(JSON.stringify(messages))

const decodeStored = Schema.decodeUnknownSync(Schema.fromJsonString(Stored))
const isRequest = Schema.is(Request)

/** The request, and its further models, of a stored one; throws where `json` is none, or `textOf` has not one of its texts. */
export const read = (
  json: string,
  textOf: (hash: string) => string
): { readonly request: Request; readonly others: ReadonlyArray<string> } => {
  const { fields, messages, models } = decodeStored(json)
  const [model, ...others] = models
  const valueOf = (part: Part): unknown =>
    "documents" in part ? documentsOf(part, textOf) : "text" in part ? textOf(part.text) : part.value
  const values = Object.entries(fields).map(([name, part]) => {
    const value = valueOf(part)
    return [name, name === "answerSchema" && typeof value === "string" ? JSON.parse(value) : value]
  })
  const turns = messages.map(({ content, role }) => ({ role, content: valueOf(content) }))
  const request = { model, messages: turns, ...Object.fromEntries(values) }
  // Not what a decoder makes of it, which would put the keys of a block in another order: that would be another key.
  if (!isRequest(request)) throw new Error("not a request")
  return { request, others }
}

const documentsOf = (
  { documents }: typeof DocumentList.Type,
  textOf: (hash: string) => string
): ReadonlyArray<Documents.Document> => {
  const stored = JSON.stringify(documents)
  if (lastDocuments?.stored === stored) return lastDocuments.documents
  const read = documents.map((document) => {
    const { data, ...facts } = document
    return { ...facts, data: "text" in data ? textOf(data.text) : String(data.value) }
  })
  lastDocuments = { stored, documents: read }
  return read
}
