/** Estimates the tokens of a request from its length, before it is sent. */
import type { Request } from "../claude/Message.ts"

/** English text has about four characters to a token. */
export const charactersPerToken = 4

/** Input tokens of a request, estimated from its length as JSON. */
export const estimateInputTokens = ({ answerSchema, context, messages, system, tools }: Request): number => {
  const length = JSON.stringify([null, system, messages, answerSchema]).length + (context ?? "").length
  return Math.ceil((length + (tools === undefined ? 0 : JSON.stringify(tools).length)) / charactersPerToken)
}

/** Those of them that count against a limit although the context may be read from the cache. */
export const uncachedInputTokens = (request: Request): number =>
  request.context === undefined ? estimateInputTokens(request) : estimateInputTokens({ ...request, context: "" })

/** An estimate by length may be too high by a fifth: only one that exceeds a limit by more proves that the request cannot pass. */
const estimateTolerance = 1.2

/** Whether a request of so many estimated tokens can never pass a limit that holds `limit` tokens. */
export const exceedsLimit = (tokens: number, limit: number): boolean => tokens > estimateTolerance * limit
