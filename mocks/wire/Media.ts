/** What is in the PDFs and images of requests: looked at once, before a request is answered, and kept by their bytes. */
import * as SeededRandom from "../time/SeededRandom.ts"
import { listOf, objectOf, type UncheckedJson } from "./UncheckedJson.ts"

/** `pages` has the text of each page of a PDF. `isEncrypted` and `isDamaged`: the API cannot read it. */
export interface Facts {
  /** The string itself: equal ones of many requests are held once. */
  readonly data: string
  readonly hash: number
  readonly bytes: Uint8Array
  readonly pages?: ReadonlyArray<string>
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
  known.set(facts.data, facts)
  kept += facts.data.length
  for (const [data] of known) {
    if (kept <= maxKept || data === facts.data) break
    known.delete(data)
    kept -= data.length
  }
}

const isPassword = (thrown: unknown): boolean => objectOf(thrown)?.["name"] === "PasswordException"

const pdfFacts = async (bytes: Uint8Array): Promise<Partial<Facts>> => {
  const { extractText, getDocumentProxy } = await import("unpdf")
  try {
    const pdf = await getDocumentProxy(bytes, { verbosity: 0 })
    const { info } = await pdf.getMetadata()
    const isEncrypted = typeof objectOf(info)?.["EncryptFilterName"] === "string"
    const { text } = await extractText(pdf, { mergePages: false })
    await pdf.loadingTask.destroy()
    return { pages: text, ...(isEncrypted && { isEncrypted }) }
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

const look = async (data: string, mediaType: unknown): Promise<void> => {
  const bytes = Buffer.from(data, "base64")
  const found = mediaType === "application/pdf" ? pdfFacts(new Uint8Array(bytes)) : imageFacts(bytes)
  keep({ data, hash: SeededRandom.hash(data, 0), bytes: new Uint8Array(bytes.subarray(0, 16)), ...(await found) })
}

type Source = { readonly type?: unknown; readonly media_type?: unknown; data?: unknown }

/** The base64 sources in the turns of a request, or of the requests of a batch. */
const sourcesOf = (body: UncheckedJson): ReadonlyArray<Source> => {
  const bodies = Array.isArray(body["requests"])
    ? listOf(body["requests"]).map((item) => objectOf(objectOf(item)?.["params"]) ?? {})
    : [body]
  return bodies.flatMap((one) =>
    listOf(one["messages"]).flatMap((turn) =>
      listOf(objectOf(turn)?.["content"]).flatMap((block): ReadonlyArray<Source> => {
        const source = objectOf(objectOf(block)?.["source"])
        return source?.["type"] === "base64" && typeof source["data"] === "string" ? [source] : []
      })
    )
  )
}

/** Whether the text of a request may have such a source. */
export const isIn = (text: string): boolean => text.includes('"base64"')

/** Looks at all media of a request that are not known, and lets it hold the strings that are known already. */
export const prepare = async (body: UncheckedJson | undefined): Promise<void> => {
  for (const source of sourcesOf(body ?? {})) {
    const data = String(source.data)
    if (!known.has(data)) await look(data, source.media_type)
    source.data = known.get(data)?.data ?? data
  }
}
