/** Carries out a fault: replaces the reply to an attempt, or changes it. */
import type { ApiError } from "../wire/ApiError.ts"
import type { Attempt } from "./Attempt.ts"
import type { Fault } from "./Fault.ts"
import { NetworkFailure } from "../wire/NetworkFailure.ts"
import type * as Outgoing from "../wire/Outgoing.ts"
import * as Sse from "../wire/Sse.ts"

const errorOf = (fault: Fault & { readonly kind: "status" }): ApiError => ({
  status: fault.status,
  type: fault.type,
  message: fault.message,
  ...(fault.errorCode === undefined ? {} : { errorCode: fault.errorCode }),
  ...(fault.retryAfter === undefined ? {} : { retryAfterSeconds: Math.ceil(fault.retryAfter) }),
  ...(fault.shouldRetry === undefined ? {} : { shouldRetry: fault.shouldRetry }),
  ...(fault.fromEdge === undefined ? {} : { fromEdge: fault.fromEdge })
})

const htmlPage =
  "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"

/** Gives the reply or network failure of a fault that needs no answer; undefined for a fault that changes one. */
export const replacement = (fault: Fault, attempt: Attempt): Outgoing.Outgoing | NetworkFailure | undefined => {
  const millis = attempt.times(0).firstTokenMillis * 0.2
  switch (fault.kind) {
    case "status":
      return attempt.reject(errorOf(fault))
    case "refuse":
      return new NetworkFailure("ECONNREFUSED")
    case "reset":
      return new NetworkFailure("ECONNRESET")
    case "hang":
      return { status: 200, headers: {}, headersAtMillis: Number.POSITIVE_INFINITY, chunks: [], ending: "hang" }
    case "html":
      return {
        status: 200,
        headers: { "content-type": "text/html" },
        headersAtMillis: attempt.at(millis),
        chunks: [{ text: htmlPage, atMillis: attempt.at(millis) }],
        ending: "close"
      }
    default:
      return undefined
  }
}

const defaultDeltas = 3

/** Splits the chunks of a stream after `afterDeltas` deltas, at the latest before `message_delta`; a plain body in its middle. */
const splitAt = (
  chunks: ReadonlyArray<Outgoing.Chunk>,
  afterDeltas = defaultDeltas
): { readonly before: ReadonlyArray<Outgoing.Chunk>; readonly after: ReadonlyArray<Outgoing.Chunk> } => {
  const only = chunks[0]
  if (only !== undefined && only.event === undefined) {
    const middle = Math.floor(only.text.length / 2)
    return {
      before: [{ ...only, text: only.text.slice(0, middle) }],
      after: [{ ...only, text: only.text.slice(middle) }, ...chunks.slice(1)]
    }
  }
  let deltas = 0
  let index = 0
  for (; index < chunks.length; index++) {
    if (chunks[index]!.event === "content_block_delta" && ++deltas > afterDeltas) break
    if (chunks[index]!.event === "message_delta") break
  }
  return { before: chunks.slice(0, index), after: chunks.slice(index) }
}

const at = (chunk: Omit<Outgoing.Chunk, "atMillis">, atMillis: number): Outgoing.Chunk => ({ ...chunk, atMillis })

const delayed = (outgoing: Outgoing.Outgoing, millis: number): Outgoing.Outgoing => ({
  ...outgoing,
  headersAtMillis: outgoing.headersAtMillis + millis,
  chunks: outgoing.chunks.map((chunk) => at(chunk, chunk.atMillis + millis))
})

const brokenEvent = (chunk: Outgoing.Chunk): Outgoing.Chunk => ({
  ...chunk,
  text: 'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,\n\n'
})

const isStream = (outgoing: Outgoing.Outgoing): boolean => outgoing.chunks[0]?.event !== undefined

/** Changes a successful reply as the fault says; returns an error reply unchanged. */
export const toReply = (
  fault: Fault,
  attempt: Attempt,
  outgoing: Outgoing.Outgoing
): Outgoing.Outgoing | NetworkFailure => {
  if (outgoing.status !== 200) return outgoing
  const { chunks } = outgoing
  switch (fault.kind) {
    case "lost": {
      const atMillis = attempt.at(fault.millis ?? 0)
      if (fault.status === undefined) return new NetworkFailure("ECONNRESET", atMillis)
      const error = { status: fault.status, type: "api_error", message: "The reply was lost", shouldRetry: true }
      return delayed(attempt.reject(error), atMillis - attempt.startedAt)
    }
    case "cut": {
      const { before } = splitAt(chunks, fault.afterDeltas)
      return { ...outgoing, chunks: before, ending: fault.how === "reset" ? "reset" : "truncate" }
    }
    case "errorEvent": {
      if (!isStream(outgoing)) {
        return attempt.reject({ status: 529, type: fault.type, message: fault.message, shouldRetry: true })
      }
      const { after, before } = splitAt(chunks, fault.afterDeltas)
      const error = {
        type: "error",
        error: { details: null, type: fault.type, message: fault.message },
        request_id: attempt.requestId
      }
      const atMillis = after[0]?.atMillis ?? before.at(-1)!.atMillis
      return {
        ...outgoing,
        chunks: [...before, { event: "error", text: Sse.text("error", error, 7), atMillis }],
        ending: "truncate"
      }
    }
    case "stall": {
      const { after, before } = splitAt(chunks, fault.afterDeltas)
      if (fault.millis === undefined) return { ...outgoing, chunks: before, ending: "hang" }
      const pauseMillis = attempt.at(fault.millis) - attempt.startedAt
      return {
        ...outgoing,
        chunks: [...before, ...after.map((chunk) => at(chunk, chunk.atMillis + pauseMillis))]
      }
    }
    case "drip": {
      const intervalMillis = attempt.at(fault.everyMillis) - attempt.startedAt
      const pieces = isStream(outgoing)
        ? chunks
        : (chunks[0]?.text.match(/[\s\S]{1,64}/g) ?? []).map((text) => ({ text }))
      return {
        ...outgoing,
        chunks: pieces.map((chunk, index) => at(chunk, outgoing.headersAtMillis + index * intervalMillis))
      }
    }
    case "brokenJson": {
      const broken = isStream(outgoing)
        ? chunks.map((chunk, index) => (index === 3 ? brokenEvent(chunk) : chunk))
        : [{ ...chunks[0]!, text: chunks[0]!.text.slice(0, -2) }]
      return { ...outgoing, chunks: broken }
    }
    case "contentLength": {
      const length = chunks.reduce((sum, chunk) => sum + Sse.bytes(chunk.text).length, 0)
      return { ...outgoing, headers: { ...outgoing.headers, "content-length": String(length + 64) }, ending: "reset" }
    }
    case "duplicateStart":
      return isStream(outgoing) ? { ...outgoing, chunks: [chunks[0]!, ...chunks] } : outgoing
    case "unknownEvent": {
      if (!isStream(outgoing)) return outgoing
      const unknown = { event: "future_event", text: Sse.text("future_event", { type: "future_event", value: 1 }, 3) }
      return { ...outgoing, chunks: [chunks[0]!, { ...unknown, atMillis: chunks[0]!.atMillis }, ...chunks.slice(1)] }
    }
    default:
      return outgoing
  }
}
