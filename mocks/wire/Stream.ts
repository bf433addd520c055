/** Encodes a message as stream events, with the same content and usage as the plain reply. */
import type { Block } from "./Completion.ts"
import * as Message from "./Message.ts"
import type { Fields } from "./Message.ts"

/** One stream event. `share` is the part of the output, from 0 to 1, that is written once the event is sent. */
export interface StreamEvent {
  readonly name: string
  readonly data: Fields
  readonly share: number
}

/** Deltas in the recordings have 12 to 14 characters. */
const deltaCharacters = 13

const pieces = (text: string): ReadonlyArray<string> => {
  const parts: Array<string> = []
  let start = 0
  while (start < text.length) {
    let end = Math.min(text.length, start + deltaCharacters)
    // The two halves of a surrogate pair stay in one delta.
    if (end < text.length && /[\uD800-\uDBFF]/.test(text[end - 1]!)) end++
    parts.push(text.slice(start, end))
    start = end
  }
  return parts
}

const callTypes = new Set(["tool_use", "server_tool_use", "mcp_tool_use"])

/** Splits a block into its `content_block_start` and the deltas that complete it. */
export const split = (block: Block): { readonly start: Fields; readonly deltas: ReadonlyArray<Fields> } => {
  if (block.type === "text") {
    const citations = Array.isArray(block["citations"]) ? (block["citations"] as ReadonlyArray<unknown>) : undefined
    return {
      start: { ...block, text: "", ...(citations === undefined ? {} : { citations: [] }) },
      deltas: [
        ...(citations ?? []).map((citation) => ({ type: "citations_delta", citation })),
        ...pieces(String(block["text"])).map((text) => ({ type: "text_delta", text }))
      ]
    }
  }
  if (block.type === "thinking") {
    return {
      start: { ...block, thinking: "", signature: "" },
      deltas: [
        ...pieces(String(block["thinking"])).map((thinking) => ({ type: "thinking_delta", thinking })),
        { type: "signature_delta", signature: block["signature"] }
      ]
    }
  }
  if (callTypes.has(block.type)) {
    const json = JSON.stringify(block["input"] ?? {})
    return {
      start: { ...block, input: {} },
      deltas: ["", ...(json === "{}" ? [] : pieces(json))].map((partial_json) => ({
        type: "input_json_delta",
        partial_json
      }))
    }
  }
  if (block.type === "compaction") {
    const { content, encrypted_content = null, ...rest } = block
    return {
      start: { ...rest, content: null, encrypted_content: null },
      deltas: [{ type: "compaction_delta", content, encrypted_content }]
    }
  }
  return { start: block, deltas: [] }
}

/** Gives the events of a streamed reply in the order of the API. */
export const events = (envelope: Message.Envelope): ReadonlyArray<StreamEvent> => {
  const blocks = Message.blocks(envelope).map(split)
  const total = Math.max(
    1,
    blocks.reduce((sum, block) => sum + block.deltas.length, 0)
  )
  const list: Array<StreamEvent> = []
  let written = 0
  const push = (name: string, data: Fields): void => {
    list.push({ name, data: { type: name, ...data }, share: written / total })
  }
  push("message_start", { message: Message.opening(envelope) })
  blocks.forEach((block, index) => {
    push("content_block_start", { index, content_block: block.start })
    if (index === 0) push("ping", {})
    for (const delta of block.deltas) {
      written++
      push("content_block_delta", { index, delta })
    }
    push("content_block_stop", { index })
  })
  written = total
  push("message_delta", Message.closing(envelope))
  push("message_stop", {})
  return list
}
