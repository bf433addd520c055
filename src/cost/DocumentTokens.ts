/** Tokens of documents, estimated before they are sent from what is known of them: pages, pixels, characters. */
import type { Context, Document } from "../claude/Document.ts"
import { bytesOf, charactersPerToken } from "./TextLength.ts"

/** Text tokens of a page of a PDF: the API's documentation says 1,500 to 3,000; each page is read as an image, too. */
const pageTextTokens = { estimated: 2250, most: 3000 }

/** Tokens of an image at most: of models with an image resolution of 1,568 pixels, and of those with 2,576. */
const imageTokens = { estimated: 1600, most: 4784 }

const pixelsPerToken = 750

type Bound = "estimated" | "most"

const imageTokensOf = ({ height = 0, width = 0 }: Document, bound: Bound): number =>
  width * height === 0 ? imageTokens[bound] : Math.min(imageTokens[bound], Math.ceil((width * height) / pixelsPerToken))

const tokensOfDocument = (document: Document, bound: Bound): number => {
  if (document.mediaType === "application/pdf") {
    return (document.pages ?? 1) * (pageTextTokens[bound] + imageTokens[bound])
  }
  if (document.mediaType !== "text/plain") return imageTokensOf(document, bound)
  return bound === "most" ? bytesOf(document.data) : Math.ceil(document.data.length / charactersPerToken)
}

/** Tokens of documents, estimated. */
export const estimated = (documents: ReadonlyArray<Document>): number =>
  documents.reduce((sum, document) => sum + tokensOfDocument(document, "estimated"), 0)

/** A high estimate of the tokens of documents. Nothing limits the text of a page; the window of a model limits them together. */
export const most = (documents: ReadonlyArray<Document>): number =>
  documents.reduce((sum, document) => sum + tokensOfDocument(document, "most"), 0)

/** Tokens of what asks share, estimated. */
export const ofContext = (context: Context = ""): number =>
  typeof context === "string" ? Math.ceil(context.length / charactersPerToken) : estimated(context)
