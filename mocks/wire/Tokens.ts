/** Token counts by estimate: close to the recorded ones for plain English, and the same in every endpoint. */
import { listOf, objectOf, type UncheckedJson } from "./UncheckedJson.ts"

const charactersPerToken = 4.4
const perRequest = 7
const perMessage = 3
/** What the API adds once when tools are present; recorded requests with one small tool lie between 550 and 700. */
const toolPreamble = 450
/** An image of about 1.15 megapixels. */
const perImage = 1_600

/** Estimates the tokens of a text: 4.4 ASCII characters make one; other scripts count heavier. */
export const ofText = (text: string): number => {
  let wide = 0
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 127) wide++
  return Math.ceil((text.length - wide) / charactersPerToken + wide / 1.5)
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
      return perImage
    case "document": {
      const source = objectOf(block["source"])
      return source?.["type"] === "text" ? ofContent(source["data"]) : perImage
    }
    case "tool_result":
      return ofContent(block["content"])
    default:
      return ofText(JSON.stringify(block))
  }
}

/** Estimates the tool definitions, with the preamble that comes with them. */
export const ofTools = (tools: unknown): number =>
  Array.isArray(tools) && tools.length > 0 ? toolPreamble + ofText(JSON.stringify(tools)) : 0

/** Estimates the whole input of a Messages request: what `count_tokens` says and what usage adds up to. */
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
