/** Failures of the API and the network as data, with a constructor for each; `claude.fault(…)` registers one. */
import { Schema } from "effect"

const optionalInt = Schema.optionalKey(Schema.Int)
const optionalMillis = Schema.optionalKey(Schema.Finite)

/** A fault. `afterDeltas` content deltas arrive before it (3 by default); in a plain reply it comes in the middle of the body. */
export const Fault = Schema.Union([
  Schema.Struct({
    kind: Schema.Literal("status"),
    status: Schema.Int,
    type: Schema.String,
    message: Schema.String,
    errorCode: Schema.optionalKey(Schema.String),
    retryAfter: Schema.optionalKey(Schema.Finite),
    shouldRetry: Schema.optionalKey(Schema.Boolean),
    fromEdge: Schema.optionalKey(Schema.Boolean)
  }),
  Schema.Struct({ kind: Schema.Literal("refuse") }),
  Schema.Struct({ kind: Schema.Literal("reset") }),
  Schema.Struct({ kind: Schema.Literal("hang") }),
  Schema.Struct({ kind: Schema.Literal("lost"), status: optionalInt, millis: optionalMillis }),
  Schema.Struct({ kind: Schema.Literal("cut"), afterDeltas: optionalInt, how: Schema.Literals(["reset", "end"]) }),
  Schema.Struct({
    kind: Schema.Literal("errorEvent"),
    afterDeltas: optionalInt,
    type: Schema.String,
    message: Schema.String
  }),
  Schema.Struct({ kind: Schema.Literal("stall"), afterDeltas: optionalInt, millis: optionalMillis }),
  Schema.Struct({ kind: Schema.Literal("drip"), everyMillis: Schema.Finite }),
  Schema.Struct({ kind: Schema.Literal("html") }),
  Schema.Struct({ kind: Schema.Literal("brokenJson") }),
  Schema.Struct({ kind: Schema.Literal("contentLength") }),
  Schema.Struct({ kind: Schema.Literal("duplicateStart") }),
  Schema.Struct({ kind: Schema.Literal("unknownEvent") })
]).annotate({
  expected:
    "a fault: { kind: status, status, type, message } or kind refuse, reset, hang, lost, cut, errorEvent, stall, drip, html, brokenJson, contentLength, duplicateStart or unknownEvent"
})
export type Fault = typeof Fault.Type

const status = (code: number, type: string, message: string, more: object = {}): Fault => ({
  kind: "status",
  status: code,
  type,
  message,
  ...more
})

/** 429. `retryAfter` is in seconds of the clock's time, rounded up in the header; 1 by default. */
export const rateLimit = (options: { readonly retryAfter?: number } = {}): Fault =>
  status(429, "rate_limit_error", "This request would exceed your organization's rate limit. Please try again later.", {
    retryAfter: options.retryAfter ?? 1,
    shouldRetry: true
  })
/** 429 of a spend limit: not retryable, without `retry-after`. */
export const spendLimit = (
  code: "enforced_spend_limit_reached" | "contract_spend_limit_reached" = "enforced_spend_limit_reached"
): Fault =>
  status(429, "rate_limit_error", "You have reached your specified API usage limits.", {
    errorCode: code,
    shouldRetry: false
  })
/** 529: overloaded. */
export const overloaded = (): Fault => status(529, "overloaded_error", "Overloaded", { shouldRetry: true })
/** 500: internal server error. */
export const serverError = (): Fault => status(500, "api_error", "Internal server error", { shouldRetry: true })
/** 503: service unavailable. */
export const unavailable = (): Fault =>
  status(503, "api_error", "Service temporarily unavailable", { shouldRetry: true })
/** 504: the request timed out on the server. */
export const timeout = (): Fault => status(504, "timeout_error", "Request timed out", { shouldRetry: true })
/** 402: the account has no credit. */
export const billing = (): Fault =>
  status(402, "billing_error", "Your credit balance is too low to access the API.", { shouldRetry: false })
/** 403: no permission. */
export const forbidden = (): Fault =>
  status(403, "permission_error", "Your API key does not have permission to use the specified resource.", {
    shouldRetry: false
  })
/** 413 of the edge: a body without `type` and `request_id`. */
export const tooLarge = (): Fault =>
  status(413, "request_too_large", "Request exceeds the maximum size", { fromEdge: true })
/** Any status in the shape of the API's errors; `api_error` by default. */
export const other = (
  code: number,
  options: {
    readonly type?: string
    readonly message?: string
    readonly retryAfter?: number
    readonly shouldRetry?: boolean
  } = {}
): Fault =>
  status(code, options.type ?? "api_error", options.message ?? `Simulated ${code}`, {
    ...(options.retryAfter === undefined ? {} : { retryAfter: options.retryAfter }),
    ...(options.shouldRetry === undefined ? {} : { shouldRetry: options.shouldRetry })
  })

/** The connection is refused (ECONNREFUSED). */
export const refuse = (): Fault => ({ kind: "refuse" })
/** The connection is reset before the headers (ECONNRESET). */
export const reset = (): Fault => ({ kind: "reset" })
/** Headers never arrive; only a timeout or an abort of the client ends the request. */
export const hang = (): Fault => ({ kind: "hang" })
/**
 * The request is carried out (its message is billed, its batch made), but the reply does not arrive: the connection is reset, or with
 * `status` an error comes instead, as of a proxy that waits no longer. Both happen `millis` of simulated time after its arrival.
 */
export const lost = (options: { readonly status?: number; readonly millis?: number } = {}): Fault => ({
  kind: "lost",
  ...options
})
/** The body is incomplete: it ends by a reset, or as if complete, so that only `message_stop` is missing. */
export const cut = (options: { readonly afterDeltas?: number; readonly how?: "reset" | "end" } = {}): Fault => ({
  kind: "cut",
  how: options.how ?? "reset",
  ...(options.afterDeltas === undefined ? {} : { afterDeltas: options.afterDeltas })
})
/** `event: error` in a stream whose status is 200. A plain reply becomes a 529. */
export const errorEvent = (
  options: { readonly afterDeltas?: number; readonly type?: string; readonly message?: string } = {}
): Fault => ({
  kind: "errorEvent",
  type: options.type ?? "overloaded_error",
  message: options.message ?? "Overloaded",
  ...(options.afterDeltas === undefined ? {} : { afterDeltas: options.afterDeltas })
})
/** The body pauses for `millis` of simulated time; without `millis`, it never continues. */
export const stall = (options: { readonly afterDeltas?: number; readonly millis?: number } = {}): Fault => ({
  kind: "stall",
  ...options
})
/** A part of the body arrives every `everyMillis` of simulated time: one event of a stream, 64 characters of a plain body. */
export const drip = (options: { readonly everyMillis: number }): Fault => ({ kind: "drip", ...options })
/** The HTML page of a proxy, with status 200. */
export const html = (): Fault => ({ kind: "html" })
/** Invalid JSON, with status 200. */
export const brokenJson = (): Fault => ({ kind: "brokenJson" })
/** `content-length` is 64 bytes larger than the body. */
export const contentLength = (): Fault => ({ kind: "contentLength" })
/** `message_start` is sent twice. */
export const duplicateStart = (): Fault => ({ kind: "duplicateStart" })
/** An event of an unknown type is sent after `message_start`. */
export const unknownEvent = (): Fault => ({ kind: "unknownEvent" })
