/**
 * What the API rejects of the documents and images of a request. Messages as users have reported them, but for that of citations.
 */
import * as Media from "../wire/Media.ts"
import type { Model } from "../wire/Models.ts"
import { listOf, objectOf, type UncheckedJson } from "../wire/UncheckedJson.ts"

/** The bytes of an image, in base64. */
const maxImageBytes = 5_242_880

/** Of each side of an image in pixels; of more than `manyImages` images in a request. */
const maxPixels = { single: 8000, many: 2000 }
const manyImages = 20

/** Pages and images together, by the window of the model. */
const maxMedia = (model: Model): number => (model.windowTokens > 200_000 ? 600 : 100)

const signatures: Readonly<Record<string, (start: string) => boolean>> = {
  "image/png": (start) => start.startsWith("\x89PNG"),
  "image/jpeg": (start) => start.startsWith("\xff\xd8\xff"),
  "image/gif": (start) => start.startsWith("GIF8"),
  "image/webp": (start) => start.startsWith("RIFF") && start.slice(8, 12) === "WEBP"
}

/** A block with its path. */
interface Placed {
  readonly block: UncheckedJson
  readonly path: string
}

const placedIn = (body: UncheckedJson): ReadonlyArray<Placed> =>
  listOf(body["messages"]).flatMap((turn, index) =>
    listOf(objectOf(turn)?.["content"]).flatMap((item, place) => {
      const block = objectOf(item)
      const path = `messages.${index}.content.${place}`
      return block?.["type"] === "image" || block?.["type"] === "document" ? [{ block, path }] : []
    })
  )

const imageProblem = ({ block, path }: Placed, isOneOfMany: boolean): string | undefined => {
  const source = objectOf(block["source"])
  if (source?.["type"] !== "base64") return undefined
  const data = String(source["data"])
  if (data.length > maxImageBytes) {
    return `${path}.image.source.base64: image exceeds 5 MB maximum: ${data.length} bytes > ${maxImageBytes} bytes`
  }
  const facts = Media.factsOf(data)
  if (facts === undefined) return undefined
  const start = String.fromCharCode(...facts.bytes)
  const type = String(source["media_type"])
  const isOther = signatures[type]?.(start) === false && Object.values(signatures).some((is) => is(start))
  if (isOther) return `${path}.image.source.base64.data: Image does not match the provided media type ${type}`
  if (facts.isDamaged === true) return "Could not process image"
  const most = isOneOfMany ? maxPixels.many : maxPixels.single
  if (Math.max(facts.width ?? 0, facts.height ?? 0) <= most) return undefined
  const many = isOneOfMany ? " for many-image requests" : ""
  return `${path}.image.source.base64.data: At least one of the image dimensions exceed max allowed size${many}: ${most} pixels`
}

const pagesOf = ({ block }: Placed): number => Media.factsOf(objectOf(block["source"])?.["data"])?.pages ?? 0

const documentProblem = (placed: Placed, model: Model): string | undefined => {
  const facts = Media.factsOf(objectOf(placed.block["source"])?.["data"])
  if (facts?.isEncrypted === true) return "The PDF specified is password protected."
  if (facts?.isDamaged === true) return "The PDF specified was not valid."
  const most = maxMedia(model)
  return pagesOf(placed) > most
    ? `${placed.path}.pdf.source.base64.data: A maximum of ${most} PDF pages may be provided.`
    : undefined
}

const isCited = ({ block }: Placed): boolean => objectOf(block["citations"])?.["enabled"] === true

/** Gives the message with which the API rejects the media of a request; undefined if it accepts them. */
export const problem = (body: UncheckedJson, model: Model): string | undefined => {
  const all = placedIn(body)
  if (all.length === 0) return undefined
  const images = all.filter(({ block }) => block["type"] === "image")
  const documents = all.filter(({ block }) => block["type"] === "document")
  for (const image of images) {
    const found = imageProblem(image, images.length > manyImages)
    if (found !== undefined) return found
  }
  for (const document of documents) {
    const found = documentProblem(document, model)
    if (found !== undefined) return found
  }
  const pages = documents.reduce((sum, document) => sum + pagesOf(document), 0)
  const most = maxMedia(model)
  if (pages + images.length > most) {
    return `Too much media: ${pages} document pages + ${images.length} images > ${most}`
  }
  const cited = documents.filter(isCited).length
  return cited > 0 && cited < documents.length
    ? "messages: citations must be enabled on all documents of a request, or on none"
    : undefined
}
