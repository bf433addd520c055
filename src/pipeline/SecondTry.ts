/** The request that follows a reply without a usable answer: the same one, or the conversation with what was wrong. */
import type { AskError } from "../claude/AskError.ts"
import { type Block, type Reply, type Request, sendable } from "../claude/Message.ts"

export interface SecondTry {
  readonly request: Request
  readonly issue: string
}

/** `undefined` where asking again would not help. */
export const secondTry = (request: Request, reply: Reply, { reason }: AskError): SecondTry | undefined => {
  if (reason._tag === "Undecodable") return { request: corrected(request, reply, reason.issue), issue: reason.issue }
  // There is no answer to show Claude: the API rejects a turn without text, and a reply without a stop reason may be a part of one.
  const isPassing =
    (reason._tag === "EmptyAnswer" && reason.stopReason === "end_turn") ||
    (reason._tag === "IncompleteReply" && reason.stopReason === null)
  return isPassing ? { request, issue: reason.message } : undefined
}

/** The conversation with the reply and its issue added, so that Claude corrects an answer it can see. */
const corrected = (request: Request, reply: Reply, issue: string): Request =>
  conversation(
    request,
    reply,
    `Your answer does not fit its schema:\n${issue.toWellFormed()}\nAnswer again, complete, so that it fits.`
  )

/** The request, its reply, and what is said of it. */
export const conversation = (request: Request, reply: Reply, message: string): Request => {
  const content = repeatable(reply.content)
  return {
    ...request,
    messages: [
      ...request.messages,
      { role: "assistant", content: content.length > 0 ? content : "(no answer)" },
      { role: "user", content: message }
    ]
  }
}

/**
 * The blocks of a reply that the API takes as a turn. It rejects blank text, halves of surrogate pairs, and the call of a tool without
 * its result, or a result without its call. Thinking without an answer after it is left out too, and so is what a model wrote that
 * declined, with the `fallback` block behind it, which needs a beta.
 */
const repeatable = (all: ReadonlyArray<Block>): ReadonlyArray<Block> => {
  const content = all.slice(all.findLastIndex(({ type }) => type === "fallback") + 1)
  const ids = (key: string) => new Set(content.map((block) => block[key]).filter((id) => typeof id === "string"))
  const [called, answered] = [ids("id"), ids("tool_use_id")]
  const kept = content.flatMap((block): ReadonlyArray<Block> => {
    if (block.type === "text") return sendable(block)
    if (block.type.endsWith("tool_use")) return answered.has(block["id"] as string) ? [block] : []
    if (typeof block["tool_use_id"] === "string") return called.has(block["tool_use_id"]) ? [block] : []
    return [block]
  })
  return kept.some(({ type }) => type === "text") ? kept : []
}
