/** What Claude says to one request, before it has a wire shape: content blocks and the reason it stopped. */
import type { Block, Completion } from "../wire/Completion.ts"
import * as Tokens from "../wire/Tokens.ts"

/** A completion with what the token count needs beside its blocks. */
export interface Answer extends Completion {
  /** Thinking that is billed but not shown, as behind an empty thinking block. */
  readonly hiddenThinkingTokens?: number
}

/** Makes an answer of plain text. */
export const ofText = (text: string): Answer => ({ content: [{ type: "text", text }], stopReason: "end_turn" })

const blockTokens = (block: Block): number => {
  switch (block.type) {
    case "text":
      return Tokens.ofContent(block["text"])
    case "thinking":
      return Tokens.ofContent(block["thinking"]) + 3
    case "tool_use":
    case "server_tool_use":
    case "mcp_tool_use":
      return 12 + Tokens.ofText(JSON.stringify(block["input"]))
    default:
      // Results of server tools are input, not something the model wrote.
      return 0
  }
}

/** Counts output tokens: of all blocks, and of thinking alone. An empty answer still costs a few. */
export const outputTokens = (answer: Answer): { readonly total: number; readonly thinking: number } => {
  let thinking = answer.hiddenThinkingTokens ?? 0
  let total = 3 + thinking
  for (const block of answer.content) {
    const tokens = blockTokens(block)
    total += tokens
    if (block.type === "thinking") thinking += tokens
  }
  return { total, thinking }
}

/** Shortens a text so that its tokens do not exceed `tokens`. */
const cutText = (text: string, tokens: number): string => {
  let end = Math.min(text.length, Math.max(0, Math.floor(tokens * 4.4)))
  while (end > 0 && Tokens.ofText(text.slice(0, end)) > tokens) end = Math.floor(end * 0.9)
  return text.slice(0, end)
}

/** Cuts an answer where the model would stop: at a stop sequence, or when `maxTokens` are spent. */
export const truncate = (answer: Answer, maxTokens: number, stopSequences: ReadonlyArray<string>): Answer => {
  const content: Array<Block> = []
  let left = maxTokens - 3
  for (const block of answer.content) {
    const text = block.type === "text" && typeof block["text"] === "string" ? block["text"] : undefined
    const hits = stopSequences.flatMap((sequence) => {
      const index = sequence === "" ? -1 : (text?.indexOf(sequence) ?? -1)
      return index < 0 ? [] : [{ index, sequence }]
    })
    const hit = hits.toSorted((a, b) => a.index - b.index)[0]
    const kept: Block = hit === undefined ? block : { ...block, text: text!.slice(0, hit.index) }
    const tokens = blockTokens(kept)
    if (tokens > left) {
      const field = block.type === "thinking" ? "thinking" : "text"
      const whole = kept[field]
      // A tool call cut in the middle is not JSON any more: it is left out, as a client could not run it.
      if (typeof whole === "string") content.push({ ...kept, [field]: cutText(whole, left) })
      return { ...answer, content, stopReason: "max_tokens" }
    }
    content.push(kept)
    left -= tokens
    if (hit !== undefined) return { ...answer, content, stopReason: "stop_sequence", stopSequence: hit.sequence }
  }
  return answer
}
