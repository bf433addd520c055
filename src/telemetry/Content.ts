/** Prompts and answers as the semantic conventions write them: messages of parts, as JSON. Only where a user asks for them. */
import { type Document, withoutData } from "../claude/Document.ts"
import type { Block, Reply, Request, Turn } from "../claude/Message.ts"
import { documentsOf } from "../claude/RequestBody.ts"
import type { Encoding, Pieces } from "./Encoding.ts"

/** A text is cut after so many characters, as the SDK cuts the content of its spans: receivers drop larger requests whole. */
const maxLength = 750_000

/** Adds that of the request that a call began with. */
export const addRequest = ({ addAttribute }: Encoding, pieces: Pieces, request: Request): void => {
  const { context, messages, system } = request
  const instructions = [context, system].filter((text) => typeof text === "string").map(textPart)
  const documents = documentsOf(request).map(documentPart)
  const input = messages.map(({ content, role }, index) => ({
    role,
    parts: index === 0 ? [...documents, ...partsOf(content)] : partsOf(content)
  }))
  if (instructions.length > 0) addAttribute(pieces, "gen_ai.system_instructions", json(instructions))
  addAttribute(pieces, "gen_ai.input.messages", json(input))
}

export const addReply = ({ addAttribute }: Encoding, pieces: Pieces, { content, stopReason }: Reply): void => {
  const output = [{ role: "assistant", parts: partsOf(content), finish_reason: stopReason ?? "error" }]
  addAttribute(pieces, "gen_ai.output.messages", json(output))
}

const json = (value: unknown): string => JSON.stringify(value)

const cut = (text: unknown): unknown =>
  typeof text === "string" && text.length > maxLength ? `${text.slice(0, maxLength)}…` : text

const textPart = (content: unknown) => ({ type: "text", content: cut(content) })

/** A file by the hash of its bytes, which no receiver takes. */
const documentPart = (document: Document) => ({
  type: "file",
  mime_type: document.mediaType,
  modality: document.mediaType.startsWith("image/") ? "image" : "document",
  file_id: withoutData(document).data
})

const partsOf = (content: Turn["content"]): ReadonlyArray<object> =>
  typeof content === "string" ? [textPart(content)] : content.map(partOf)

const partOf = (block: Block): object => {
  if (block.type === "text") return textPart(block["text"])
  if (block.type === "thinking") return { type: "reasoning", content: cut(block["thinking"]) }
  if (block.type === "tool_use") {
    return { type: "tool_call", id: block["id"], name: block["name"], arguments: block["input"] }
  }
  return block
}
