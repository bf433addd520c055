/** Estimates the tokens of a request from its length, before it is sent. */
import type { Request } from "../claude/Message.ts"
import { documentsOf } from "../claude/RequestBody.ts"
import * as DocumentTokens from "./DocumentTokens.ts"
import { charactersPerToken } from "./TextLength.ts"

/** Tokens of an answer in the synthesis for each token that it was written in: the tokenizers of models differ. */
export const tokenizerFactor = 1.25

/** Tokens of the tags around an answer in the synthesis. */
export const answerFrameTokens = 100

/** Input tokens of a request, estimated from its length as JSON, and from what is known of its documents. */
export const estimateInputTokens = (request: Request): number => {
  const { answerSchema, context = "", messages, system, tools } = request
  const text = typeof context === "string" ? context.length : 0
  const length = jsonLengthOf([null, system, messages, answerSchema]) + text
  const ofText = Math.ceil((length + (tools === undefined ? 0 : jsonLengthOf(tools))) / charactersPerToken)
  return ofText + DocumentTokens.estimated(documentsOf(request))
}

/** Length of a value as JSON, without escapes in texts: writing the JSON of a long document takes longer than sending it. */
const jsonLengthOf = (value: unknown): number => {
  if (typeof value === "string") return value.length + 2
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null).length
  let length = 1
  if (Array.isArray(value)) for (const each of value) length += jsonLengthOf(each) + 1
  else {
    for (const name in value) {
      const each = (value as Record<string, unknown>)[name]
      if (each !== undefined) length += name.length + 3 + jsonLengthOf(each) + 1
    }
  }
  return Math.max(2, length)
}

/** Those of them that count against a limit although the context may be read from the cache. */
export const uncachedInputTokens = (request: Request): number =>
  request.context === undefined ? estimateInputTokens(request) : estimateInputTokens({ ...request, context: "" })

/** An estimate by length may be too high by a fifth: only one that exceeds a limit by more proves that the request cannot pass. */
const estimateTolerance = 1.2

/** Whether a request of so many estimated tokens can never pass a limit that holds `limit` tokens. */
export const exceedsLimit = (tokens: number, limit: number): boolean => tokens > estimateTolerance * limit
