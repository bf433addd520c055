/** Prompts and answers as the semantic conventions write them: messages of parts, as JSON. Only where a user asks for them. */
import type { KeyValue } from "effect/observability/OtlpResource"
import type { Block, Reply, Request, Turn } from "../claude/Message.ts"
import { attribute } from "./Names.ts"

/** A text is cut after so many characters, as the SDK cuts the content of its spans: receivers drop larger requests whole. */
const maxLength = 750_000

/** Of the request that a call began with. */
export const ofRequest = ({ context, messages, system }: Request): ReadonlyArray<KeyValue> => {
  const instructions = [context, system].filter((text) => text !== undefined).map(textPart)
  const input = messages.map(({ content, role }) => ({ role, parts: partsOf(content) }))
  return [
    ...(instructions.length > 0 ? [attribute("gen_ai.system_instructions", json(instructions))] : []),
    attribute("gen_ai.input.messages", json(input))
  ]
}

export const ofReply = ({ content, stopReason }: Reply): KeyValue =>
  attribute(
    "gen_ai.output.messages",
    json([{ role: "assistant", parts: partsOf(content), finish_reason: stopReason ?? "error" }])
  )

const json = (value: unknown): string => JSON.stringify(value)

const cut = (text: unknown): unknown =>
  typeof text === "string" && text.length > maxLength ? `${text.slice(0, maxLength)}…` : text

const textPart = (content: unknown) => ({ type: "text", content: cut(content) })

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
