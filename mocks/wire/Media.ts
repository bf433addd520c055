/** What is in the PDFs and images of requests: looked at once, before a request is answered, and kept by their bytes. */
import * as SeededRandom from "../time/SeededRandom.ts"
import { listOf, objectOf, type UncheckedJson } from "./UncheckedJson.ts"

/** `texts` has the text of each page of a PDF that is cited. `isEncrypted` and `isDamaged`: the API cannot read it. */
export interface Facts {
  /** The string itself: equal ones of many requests are held once. */
  readonly data: string
  readonly hash: number
  readonly bytes: Uint8Array
  readonly pages?: number
  readonly texts?: ReadonlyArray<string>
  readonly width?: number
  readonly height?: number
  readonly isEncrypted?: true
  readonly isDamaged?: true
}

/** The characters of base64 that are kept at most; the oldest go first. */
const maxKept = 256 * 1024 * 1024

const known = new Map<string, Facts>()
let kept = 0

/** What is known of the bytes of a block; undefined of what was not looked at. */
export const factsOf = (data: unknown): Facts | undefined => (typeof data === "string" ? known.get(data) : undefined)

const keep = (facts: Facts): void => {
  if (!known.has(facts.data)) kept += facts.data.length
  known.set(facts.data, facts)
  for (const [data] of known) {
    if (kept <= maxKept || data === facts.data) break
    known.delete(data)
    kept -= data.length
  }
}

const isPassword = (thrown: unknown): boolean => objectOf(thrown)?.["name"] === "PasswordException"

/** The text of all pages takes longer than the rest: it is read for citations alone. */
const pdfFacts = async (bytes: Uint8Array, isCited: boolean): Promise<Partial<Facts>> => {
  const { extractText, getDocumentProxy } = await import("unpdf")
  try {
    const pdf = await getDocumentProxy(bytes, { verbosity: 0 })
    const { info } = await pdf.getMetadata()
    const isEncrypted = typeof objectOf(info)?.["EncryptFilterName"] === "string"
    const pages = pdf.numPages
    const texts = isCited ? (await extractText(pdf, { mergePages: false })).text : undefined
    await pdf.loadingTask.destroy()
    return { pages, ...(texts && { texts }), ...(isEncrypted && { isEncrypted }) }
  } catch (error) {
    return isPassword(error) ? { isEncrypted: true } : { isDamaged: true }
  }
}

const imageFacts = async (bytes: Uint8Array): Promise<Partial<Facts>> => {
  const { imageSize } = await import("image-size")
  try {
    const { height, width } = imageSize(bytes)
    return { height, width }
  } catch {
    return { isDamaged: true }
  }
}

const look = async (data: string, mediaType: unknown, isCited: boolean): Promise<void> => {
  const bytes = Buffer.from(data, "base64")
  const found = mediaType === "application/pdf" ? pdfFacts(new Uint8Array(bytes), isCited) : imageFacts(bytes)
  keep({ data, hash: SeededRandom.hash(data, 0), bytes: new Uint8Array(bytes.subarray(0, 16)), ...(await found) })
}

type Source = { readonly type?: unknown; readonly media_type?: unknown; data?: unknown }

/** The base64 sources in the turns of a request, or of the requests of a batch, and whether they may be cited. */
const sourcesOf = (body: UncheckedJson): ReadonlyArray<{ readonly source: Source; readonly isCited: boolean }> => {
  const bodies = Array.isArray(body["requests"])
    ? listOf(body["requests"]).map((item) => objectOf(objectOf(item)?.["params"]) ?? {})
    : [body]
  return bodies.flatMap((one) =>
    listOf(one["messages"]).flatMap((turn) =>
      listOf(objectOf(turn)?.["content"]).flatMap((item) => {
        const block = objectOf(item)
        const source = objectOf(block?.["source"])
        const isCited = objectOf(block?.["citations"])?.["enabled"] === true
        return source?.["type"] === "base64" && typeof source["data"] === "string" ? [{ source, isCited }] : []
      })
    )
  )
}

/** Whether the text of a request may have such a source. */
export const isIn = (text: string): boolean => text.includes('"base64"')

/** Looks at all media of a request that are not known, and lets it hold the strings that are known already. */
export const prepare = async (body: UncheckedJson | undefined): Promise<void> => {
  for (const { isCited, source } of sourcesOf(body ?? {})) {
    const data = String(source.data)
    const facts = known.get(data)
    const isMissing = isCited && facts?.pages !== undefined && facts.texts === undefined
    if (facts === undefined || isMissing) await look(facts?.data ?? data, source.media_type, isCited)
    source.data = known.get(data)?.data ?? data
  }
}
