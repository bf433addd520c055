/** What the API rejects of the documents of one request together. Sources: its documentation of PDFs, images and citations. */
import type { Document } from "../claude/Document.ts"
import type { Request } from "../claude/Message.ts"
import * as ModelInfo from "../claude/ModelInfo.ts"
import { documentsOf } from "../claude/RequestBody.ts"
import { numberText, plural } from "../options/NumberText.ts"
import { maxRequestBytes } from "./Read.ts"

/** Pages of PDFs and images in one request, by the window of its model. */
const maxMedia = { ofLargeWindow: 600, ofSmallWindow: 100 }

/** A model with a larger window takes the larger number; one that is not known is not checked. */
const smallWindow = 200_000

/** Of more images than `count`, each side may have so many pixels alone. */
const manyImages = { count: 20, maxPixels: 2000 }

const nameOf = ({ mediaType, title }: Document): string => title ?? (mediaType === "text/plain" ? "a text" : mediaType)

const names = (documents: ReadonlyArray<Document>): string => {
  const first = documents.slice(0, 3).map(nameOf).join(", ")
  return documents.length > 3 ? `${first} and ${documents.length - 3} more` : first
}

const isPdf = ({ mediaType }: Document): boolean => mediaType === "application/pdf"
const isImage = ({ mediaType }: Document): boolean => mediaType.startsWith("image/")

/** The bytes of a document in a request. */
export const bytesOf = ({ data, mediaType }: Document): number =>
  mediaType === "text/plain" ? Buffer.byteLength(data) : data.length

const sizeProblem = (documents: ReadonlyArray<Document>): string | undefined => {
  const bytes = documents.reduce((sum, document) => sum + bytesOf(document), 0)
  if (bytes <= maxRequestBytes) return undefined
  const [has, takes] = [bytes, maxRequestBytes].map((size) => `${numberText(Math.ceil(size / 1e6))} MB`)
  return `${names(documents)}: ${has} in base64 together, and the API takes ${takes} a request: send fewer, or smaller ones`
}

const mediaProblem = (documents: ReadonlyArray<Document>, model: string): string | undefined => {
  const window = ModelInfo.infoOf(model)?.windowTokens
  if (window === undefined) return undefined
  const most = window > smallWindow ? maxMedia.ofLargeWindow : maxMedia.ofSmallWindow
  const pages = documents.reduce((sum, document) => sum + (document.pages ?? 0), 0)
  const images = documents.filter(isImage).length
  if (pages + images <= most) return undefined
  const has = [
    ...(pages > 0 ? [plural(pages, "page", "pages")] : []),
    ...(images > 0 ? [plural(images, "image", "images")] : [])
  ].join(" and ")
  const all = names(documents.filter((document) => isPdf(document) || isImage(document)))
  return `${all}: ${has}, and ${model} takes ${numberText(most)} pages and images a request: split it, or send fewer`
}

const pixelsProblem = (documents: ReadonlyArray<Document>): string | undefined => {
  const images = documents.filter(isImage)
  if (images.length <= manyImages.count) return undefined
  const large = images.find(({ height = 0, width = 0 }) => Math.max(height, width) > manyImages.maxPixels)
  return large === undefined
    ? undefined
    : `${nameOf(large)}: has ${numberText(large.width ?? 0)} × ${numberText(large.height ?? 0)} pixels, and of more than ${manyImages.count} images in a request the API takes ${numberText(manyImages.maxPixels)} on each side`
}

const citationsProblem = (documents: ReadonlyArray<Document>, isStructured: boolean): string | undefined => {
  const cited = documents.filter(({ citations }) => citations === true)
  if (cited.length === 0) return undefined
  if (isStructured) {
    return `${names(cited)}: citations and an answer schema exclude each other: leave out one of them`
  }
  const other = documents.find(
    (document) =>
      document.citations !== true && (isPdf(document) || (!isImage(document) && document.title !== undefined))
  )
  return other === undefined
    ? undefined
    : `${nameOf(other)}: has no citations, and ${names(cited)} has: the API takes them on all documents of a request, or on none`
}

/** What the API would reject of a request's documents, with their names; `undefined` where nothing is wrong. */
export const problemOf = (request: Request, models: ReadonlyArray<string>): string | undefined => {
  const documents = documentsOf(request)
  if (documents.length === 0) return undefined
  const media = models.map((model) => mediaProblem(documents, model)).find((problem) => problem !== undefined)
  return (
    sizeProblem(documents) ??
    media ??
    pixelsProblem(documents) ??
    citationsProblem(documents, request.answerSchema !== undefined)
  )
}
