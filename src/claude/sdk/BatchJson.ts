/** The API's `message_batch` objects and the lines of their results, as `Batches` gives them. */
import { Predicate } from "effect"
import { AskError, BrokenStream } from "../AskError.ts"
import type { Batch, BatchOutcome, BatchResult } from "../BatchApi.ts"
import { inBatch, type Reply } from "../Message.ts"
import { retryAfterMillis } from "../RateLimitHeaders.ts"
import type { Json } from "./Json.ts"
import { headersOf } from "./ReplyHeaders.ts"
import { isWhole, messageOf, replyOf } from "./ReplyMessage.ts"
import { apiErrorOf } from "./SdkError.ts"
import type * as Secret from "./Secret.ts"

const fieldsOf = (json: unknown): Json => (Predicate.isObject(json) ? json : {})
const countOf = (json: unknown): number => (Number.isSafeInteger(json) ? (json as number) : 0)

/** `undefined` of what is no batch. `headers`: of the response that it came with. */
export const batchOf = (json: unknown, headers: Headers): Batch | undefined => {
  const { created_at: created, expires_at: expires, id, processing_status: status, request_counts } = fieldsOf(json)
  const [createdAt, expiresAt] = [Date.parse(String(created)), Date.parse(String(expires))]
  if (typeof id !== "string" || Number.isNaN(createdAt) || Number.isNaN(expiresAt)) return undefined
  const counts = fieldsOf(request_counts)
  return {
    id,
    createdAt,
    expiresAt,
    isEnded: status === "ended",
    isCanceling: status === "canceling",
    counts: {
      processing: countOf(counts["processing"]),
      succeeded: countOf(counts["succeeded"]),
      errored: countOf(counts["errored"]),
      canceled: countOf(counts["canceled"]),
      expired: countOf(counts["expired"])
    },
    // The API sends it with a status of 200, too.
    retryAfterMillis: retryAfterMillis(headersOf(headers, false))
  }
}

/** A line of the results; `undefined` of what is none. */
export const resultOf = (json: unknown, cutter: Secret.Cutter): BatchResult | undefined => {
  const { custom_id: id, result } = fieldsOf(json)
  if (typeof id !== "string") return undefined
  return { id, outcome: outcomeOf(fieldsOf(result), cutter) }
}

const outcomeOf = (result: Json, cutter: Secret.Cutter): BatchOutcome => {
  switch (result["type"]) {
    case "canceled":
      return { _tag: "Canceled" }
    case "expired":
      return { _tag: "Expired" }
    case "succeeded": {
      const message = messageOf(result["message"])
      if (message === undefined) return errored("a result has no message", cutter)
      const read = replyOf(message, {}, "")
      const reply: Reply = cutter.reply({ ...read, usage: inBatch(read.usage) })
      return isWhole(message)
        ? { _tag: "Succeeded", reply }
        : errored("a text block has no text", cutter, { model: reply.model, usage: reply.usage })
    }
    default:
      return { _tag: "Errored", error: cutter.error(apiErrorOf(undefined, result["error"], undefined)) }
  }
}

const errored = (detail: string, cutter: Secret.Cutter, paid: Partial<Pick<Reply, "model" | "usage">> = {}) => ({
  _tag: "Errored" as const,
  error: cutter.error(new AskError({ reason: new BrokenStream({ detail }), ...paid }))
})
