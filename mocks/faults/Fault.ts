/** What can go wrong in production, as data: one constructor for each, to be laid down with `claude.fault(…)`. */
import { Schema } from "effect"

const optionalInt = Schema.optionalKey(Schema.Int)
const optionalMillis = Schema.optionalKey(Schema.Finite)

/** A fault as data. `afterDeltas` counts content deltas that still arrive; a plain reply breaks in the middle of its body. */
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
    "a fault: { kind: status, status, type, message } or kind refuse, reset, hang, cut, errorEvent, stall, drip, html, brokenJson, contentLength, duplicateStart or unknownEvent"
})
export type Fault = typeof Fault.Type

const status = (code: number, type: string, message: string, more: object = {}): Fault => ({
  kind: "status",
  status: code,
  type,
  message,
  ...more
})

/** 429 with `retry-after` in whole seconds of the client's time; 1 unless given. */
export const rateLimit = (options: { readonly retryAfter?: number } = {}): Fault =>
  status(429, "rate_limit_error", "This request would exceed your organization's rate limit. Please try again later.", {
    retryAfter: options.retryAfter ?? 1,
    shouldRetry: true
  })
/** 429 that no waiting mends: the spend limit, without `retry-after`. */
export const spendLimit = (
  code: "enforced_spend_limit_reached" | "contract_spend_limit_reached" = "enforced_spend_limit_reached"
): Fault =>
  status(429, "rate_limit_error", "You have reached your specified API usage limits.", {
    errorCode: code,
    shouldRetry: false
  })
/** 529. */
export const overloaded = (): Fault => status(529, "overloaded_error", "Overloaded", { shouldRetry: true })
/** 500. */
export const serverError = (): Fault => status(500, "api_error", "Internal server error", { shouldRetry: true })
/** 503. */
export const unavailable = (): Fault =>
  status(503, "api_error", "Service temporarily unavailable", { shouldRetry: true })
/** 504. */
export const timeout = (): Fault => status(504, "timeout_error", "Request timed out", { shouldRetry: true })
/** 402: the account has no credit. */
export const billing = (): Fault =>
  status(402, "billing_error", "Your credit balance is too low to access the API.", { shouldRetry: false })
/** 403. */
export const forbidden = (): Fault =>
  status(403, "permission_error", "Your API key does not have permission to use the specified resource.", {
    shouldRetry: false
  })
/** 413 from the edge: no `type`, no `request_id`. */
export const tooLarge = (): Fault =>
  status(413, "request_too_large", "Request exceeds the maximum size", { fromEdge: true })
/** Any other status, in the API's error shape. */
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

/** Nobody listens: the connection is refused. */
export const refuse = (): Fault => ({ kind: "refuse" })
/** The connection is reset before any header. */
export const reset = (): Fault => ({ kind: "reset" })
/** No header ever comes; only the client's own timeout ends it. */
export const hang = (): Fault => ({ kind: "hang" })
/** The body ends early: by a reset, or cleanly, so that only the missing `message_stop` tells. */
export const cut = (options: { readonly afterDeltas?: number; readonly how?: "reset" | "end" } = {}): Fault => ({
  kind: "cut",
  how: options.how ?? "reset",
  ...(options.afterDeltas === undefined ? {} : { afterDeltas: options.afterDeltas })
})
/** `event: error` in the middle of a stream that began with a 200. A plain reply becomes a 529. */
export const errorEvent = (
  options: { readonly afterDeltas?: number; readonly type?: string; readonly message?: string } = {}
): Fault => ({
  kind: "errorEvent",
  type: options.type ?? "overloaded_error",
  message: options.message ?? "Overloaded",
  ...(options.afterDeltas === undefined ? {} : { afterDeltas: options.afterDeltas })
})
/** The body falls silent: for `millis` of simulated time, or for ever. */
export const stall = (options: { readonly afterDeltas?: number; readonly millis?: number } = {}): Fault => ({
  kind: "stall",
  ...options
})
/** Each piece of the body takes `everyMillis` of simulated time: slow, but never silent. */
export const drip = (options: { readonly everyMillis: number }): Fault => ({ kind: "drip", ...options })
/** A proxy's HTML page, with a 200. */
export const html = (): Fault => ({ kind: "html" })
/** JSON that does not parse, with a 200. */
export const brokenJson = (): Fault => ({ kind: "brokenJson" })
/** `content-length` promises more than the body holds. */
export const contentLength = (): Fault => ({ kind: "contentLength" })
/** `message_start` comes twice. */
export const duplicateStart = (): Fault => ({ kind: "duplicateStart" })
/** An event of a type that no client knows yet. */
export const unknownEvent = (): Fault => ({ kind: "unknownEvent" })
