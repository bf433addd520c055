/** A simulated answer, its output tokens, and where `max_tokens` or a stop sequence ends it. */
import type { Block, Completion } from "../wire/Completion.ts"
import * as Tokens from "../wire/Tokens.ts"

/** The completion of one request. */
export interface Answer extends Completion {
  /** Thinking tokens that are billed but not in the content, as for an empty thinking block. */
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
      // Results of server tools are not output of the model.
      return 0
  }
}

/** Output tokens of an answer that are in none of its blocks. */
const perAnswer = 3

/** Counts the output tokens, at most `maxTokens`, and how many of them are thinking. */
export const outputTokens = (
  answer: Answer,
  maxTokens: number
): { readonly total: number; readonly thinking: number } => {
  let thinking = answer.hiddenThinkingTokens ?? 0
  let total = perAnswer + thinking
  for (const block of answer.content) {
    const tokens = blockTokens(block)
    total += tokens
    if (block.type === "thinking") thinking += tokens
  }
  return { total: Math.min(total, maxTokens), thinking: Math.min(thinking, maxTokens) }
}

/** Shortens a text to at most `tokens` tokens. */
const cutText = (text: string, tokens: number): string => {
  let end = Math.min(text.length, Math.max(0, Math.floor(tokens * 4.4)))
  while (end > 0 && Tokens.ofText(text.slice(0, end)) > tokens) end = Math.floor(end * 0.9)
  return text.slice(0, end)
}

/** Ends an answer in its hidden thinking, of which only the empty block is returned. */
const endInThinking = (answer: Answer, thinkingTokens: number): Answer => ({
  content: answer.content.filter((block, index) => index === 0 && block.type === "thinking"),
  stopReason: "max_tokens",
  hiddenThinkingTokens: Math.max(0, thinkingTokens)
})

/**
 * Ends an answer at its first stop sequence, or at `maxTokens` output tokens, and sets the stop reason. Hidden thinking comes first,
 * and counts. With a `maxTokens` of 0 no content is returned.
 */
export const truncate = (answer: Answer, maxTokens: number, stopSequences: ReadonlyArray<string>): Answer => {
  if (maxTokens === 0) return { content: [], stopReason: "max_tokens" }
  const content: Array<Block> = []
  const hidden = answer.hiddenThinkingTokens ?? 0
  let remaining = maxTokens - perAnswer - hidden
  if (hidden > 0 && remaining <= 0) return endInThinking(answer, maxTokens - perAnswer)
  for (const block of answer.content) {
    const text = block.type === "text" && typeof block["text"] === "string" ? block["text"] : undefined
    const hits = stopSequences.flatMap((sequence) => {
      const index = sequence === "" ? -1 : (text?.indexOf(sequence) ?? -1)
      return index < 0 ? [] : [{ index, sequence }]
    })
    const hit = hits.length < 2 ? hits[0] : hits.toSorted((a, b) => a.index - b.index)[0]
    const kept: Block = hit === undefined ? block : { ...block, text: text!.slice(0, hit.index) }
    const tokens = blockTokens(kept)
    if (tokens > remaining) {
      const field = block.type === "thinking" ? "thinking" : "text"
      const fullText = kept[field]
      // A tool call is left out, as its input would not be valid JSON.
      if (typeof fullText === "string") content.push({ ...kept, [field]: cutText(fullText, remaining) })
      return { ...answer, content, stopReason: "max_tokens" }
    }
    content.push(kept)
    remaining -= tokens
    if (hit !== undefined) return { ...answer, content, stopReason: "stop_sequence", stopSequence: hit.sequence }
  }
  return answer
}
