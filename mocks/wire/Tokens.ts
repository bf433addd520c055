/** Estimated token counts: close to the recorded ones for plain English, and equal in all endpoints. */
import * as Media from "./Media.ts"
import { listOf, objectOf, type UncheckedJson } from "./UncheckedJson.ts"

const charactersPerToken = 4.4
const perRequest = 7
const perMessage = 3
/** Added once to a request with tools. In the recordings, a request with one small tool has 550 to 700 input tokens. */
const toolPreamble = 450
/** The tokens of an image of about 1.15 megapixels; larger ones are made smaller. */
const perImage = 1_600
const pixelsPerToken = 750
/** The text of a page of a PDF, which is read as an image, too: the documentation says 1,500 to 3,000 tokens. */
const perPage = 2250

/** Estimates the tokens of a text: 4.4 ASCII characters or 1.5 others a token. */
export const ofText = (text: string): number => {
  let wide = 0
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 127) wide++
  return Math.ceil((text.length - wide) / charactersPerToken + wide / 1.5)
}

const ofImage = (data: unknown): number => {
  const { height = 0, width = 0 } = Media.factsOf(data) ?? {}
  return width * height === 0 ? perImage : Math.min(perImage, Math.ceil((width * height) / pixelsPerToken))
}

/** Each page of a PDF counts its text and its image. */
const ofDocument = (source: UncheckedJson | undefined): number => {
  if (source?.["type"] === "text") return ofContent(source["data"])
  if (source?.["type"] === "content") return ofContent(source["content"])
  return (Media.factsOf(source?.["data"])?.pages ?? 1) * (perPage + perImage)
}

/** Estimates one content value: a string, a block or an array of blocks. */
export const ofContent = (content: unknown): number => {
  if (typeof content === "string") return ofText(content)
  if (Array.isArray(content)) return content.reduce<number>((sum, block) => sum + ofContent(block), 0)
  const block = objectOf(content)
  if (block === undefined) return 0
  switch (block["type"]) {
    case "text":
      return ofContent(block["text"])
    case "thinking":
      return ofContent(block["thinking"])
    case "image":
      return ofImage(objectOf(block["source"])?.["data"])
    case "document":
      return ofContent(block["title"]) + ofContent(block["context"]) + ofDocument(objectOf(block["source"]))
    case "tool_result":
      return ofContent(block["content"])
    default:
      return ofText(JSON.stringify(block))
  }
}

/** Estimates the tool definitions of a request and their preamble. */
const ofTools = (tools: unknown): number =>
  Array.isArray(tools) && tools.length > 0 ? toolPreamble + ofText(JSON.stringify(tools)) : 0

/** Estimates the input of a Messages request: the result of `count_tokens`, and the sum of the input counts of its usage. */
export const ofRequest = (body: UncheckedJson): number => {
  const messages = listOf(body["messages"])
  const turns = messages.reduce<number>(
    (sum, message, index) => sum + ofContent(objectOf(message)?.["content"]) + (index === 0 ? 0 : perMessage),
    0
  )
  const format = objectOf(objectOf(body["output_config"])?.["format"]) ?? objectOf(body["output_format"])
  const schema = format === undefined ? 0 : ofText(JSON.stringify(format))
  return perRequest + turns + ofContent(body["system"]) + ofTools(body["tools"]) + schema
}
