/** Estimates the tokens of a request from its length, before it is sent. */
import type { Request } from "../claude/Message.ts"

/** English text has about four characters to a token. */
export const charactersPerToken = 4

/** Input tokens of a request, estimated from its length as JSON. */
export const estimateInputTokens = ({ answerSchema, context, messages, system, tools }: Request): number => {
  const length = JSON.stringify([null, system, messages, answerSchema]).length + (context ?? "").length
  return Math.ceil((length + (tools === undefined ? 0 : JSON.stringify(tools).length)) / charactersPerToken)
}
