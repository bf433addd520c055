/** The one error of a call. Its tagged `reason` says what happened and whether another try can help. */
import { Schema } from "effect"
import { Usage } from "./Message.ts"

const detail = { detail: Schema.String }

/** 429 with a time: no call of this model class succeeds before `retryAfterMillis` is over. */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  ...detail,
  retryAfterMillis: Schema.optionalKey(Schema.Finite)
}) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    const when = this.retryAfterMillis === undefined ? "" : `, free again in ${this.retryAfterMillis / 1000} s`
    return `rate limited${when}: ${this.detail}`
  }
}

/** 429 of a monthly or contract limit: waiting does not help. */
export class SpendLimitReached extends Schema.TaggedError<SpendLimitReached>()("SpendLimitReached", detail) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `spend limit reached: ${this.detail}. Raise the limit in the Claude Console`
  }
}

/** 529: the API has more work than it can take. */
export class Overloaded extends Schema.TaggedError<Overloaded>()("Overloaded", detail) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `overloaded: ${this.detail}`
  }
}

/** The API's passing faults: 408, 409, 500, 502, 503, 504, or an `error` event in a stream. */
export class ServerError extends Schema.TaggedError<ServerError>()("ServerError", {
  ...detail,
  status: Schema.optionalKey(Schema.Int)
}) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `server error${this.status === undefined ? "" : ` ${this.status}`}: ${this.detail}`
  }
}

/** 400: the request itself is wrong. */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>()("InvalidRequest", detail) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `invalid request: ${this.detail}`
  }
}

/** 401: the key is missing, wrong or revoked. */
export class Authentication extends Schema.TaggedError<Authentication>()("Authentication", detail) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `authentication failed: ${this.detail}. Check ANTHROPIC_API_KEY`
  }
}

/** 402: the account cannot pay. */
export class BillingFailed extends Schema.TaggedError<BillingFailed>()("BillingFailed", detail) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `billing failed: ${this.detail}. Check the credit in the Claude Console`
  }
}

/** 403: the key may not do this. */
export class PermissionDenied extends Schema.TaggedError<PermissionDenied>()("PermissionDenied", detail) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `permission denied: ${this.detail}`
  }
}

/** 404: most often a model that does not exist, or a wrong base URL. */
export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", detail) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `not found: ${this.detail}. Check the model's name and the base URL`
  }
}

/** 413: the request is larger than the API takes. */
export class TooLarge extends Schema.TaggedError<TooLarge>()("TooLarge", detail) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `request too large: ${this.detail}. Shorten the context or the question`
  }
}

/** `stop_reason: refusal` with status 200; partial text is discarded. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", {
  category: Schema.NullOr(Schema.String),
  explanation: Schema.NullOr(Schema.String)
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `Claude refused (${this.category ?? "no category"})${this.explanation === null ? "" : `: ${this.explanation}`}`
  }
}

/** The answer ended at `max_tokens` or at the end of the context window; the part that came is in `partialText`. */
export class Truncated extends Schema.TaggedError<Truncated>()("Truncated", {
  stopReason: Schema.String,
  maxTokens: Schema.Int
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return this.stopReason === "max_tokens"
      ? `the answer was cut at ${this.maxTokens} tokens: raise maxTokens`
      : "the answer was cut at the end of the context window: shorten the context or the question"
  }
}

/** A `pause_turn` that did not end after `turns` continuations. */
export class Unfinished extends Schema.TaggedError<Unfinished>()("Unfinished", { turns: Schema.Int }) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `the turn did not end after ${this.turns} continuations`
  }
}

/** A complete reply without any text. */
export class EmptyAnswer extends Schema.TaggedError<EmptyAnswer>()("EmptyAnswer", {
  stopReason: Schema.NullOr(Schema.String)
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `the answer has no text (stop reason ${this.stopReason ?? "none"})`
  }
}

/** The answer does not fit its schema, even after Claude was told the issue. */
export class Undecodable extends Schema.TaggedError<Undecodable>()("Undecodable", { issue: Schema.String }) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `the answer does not fit its schema: ${this.issue}`
  }
}

/** Nothing arrived for `silentMillis` while streaming; `phase` says whether anything had come before. */
export class Stalled extends Schema.TaggedError<Stalled>()("Stalled", {
  silentMillis: Schema.Finite,
  phase: Schema.Literals(["first token", "stream"])
}) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return this.phase === "first token"
      ? `stalled: no first token within ${this.silentMillis / 1000} s`
      : `stalled: the stream was silent for ${this.silentMillis / 1000} s`
  }
}

/** The connection ended before the reply did. */
export class CutOff extends Schema.TaggedError<CutOff>()("CutOff", detail) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `cut off before the answer ended: ${this.detail}`
  }
}

/** A 200 that is no message: an HTML page of a proxy, broken JSON, another service. JSON that is merely broken may pass. */
export class NotJson extends Schema.TaggedError<NotJson>()("NotJson", {
  contentType: Schema.String,
  excerpt: Schema.String
}) {
  get isRetryable(): boolean {
    return this.contentType.includes("json") || this.contentType.includes("event-stream")
  }
  override get message(): string {
    return `the reply is no Claude message (${this.contentType}): ${JSON.stringify(this.excerpt)}. Check the base URL and proxies`
  }
}

/** No connection: refused, reset before headers, unknown host, a certificate that is not trusted (`isPassing: false`). */
export class Unreachable extends Schema.TaggedError<Unreachable>()("Unreachable", {
  ...detail,
  isPassing: Schema.Boolean
}) {
  get isRetryable(): boolean {
    return this.isPassing
  }
  override get message(): string {
    return `Claude cannot be reached: ${this.detail}`
  }
}

/** A limit of our own ran out: of one attempt, or of the ask with all its tries. */
export class TimedOut extends Schema.TaggedError<TimedOut>()("TimedOut", {
  limitMillis: Schema.Finite,
  scope: Schema.Literals(["attempt", "ask", "run"])
}) {
  get isRetryable(): boolean {
    return this.scope === "attempt"
  }
  override get message(): string {
    const limit = `${this.limitMillis / 1000} s`
    return this.scope === "run"
      ? `out of time: no answer within the run's deadline of ${limit}`
      : `timed out: the ${this.scope} took longer than ${limit}`
  }
}

/** What the call may cost at most does not fit into the budget any more; nothing was sent. */
export class OverBudget extends Schema.TaggedError<OverBudget>()("OverBudget", {
  unit: Schema.Literals(["usd", "tokens"]),
  limit: Schema.Finite,
  needed: Schema.Finite,
  left: Schema.Finite
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const text = (amount: number) => (this.unit === "usd" ? `$${amount.toFixed(4)}` : `${Math.round(amount)} tokens`)
    return `over budget: it may take ${text(this.needed)}, and ${text(this.left)} of ${text(this.limit)} is left. Raise the budget`
  }
}

/** A budget cannot bound the call: its model has no known price, or a tool has no limit. Nothing was sent. */
export class Unbounded extends Schema.TaggedError<Unbounded>()("Unbounded", detail) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `no budget can bound this: ${this.detail}`
  }
}

/** A synthesis without a single answer to fold; nothing was sent. */
export class NothingToFold extends Schema.TaggedError<NothingToFold>()("NothingToFold", { asks: Schema.Int }) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `none of the ${this.asks} asks has an answer, so there is nothing to fold`
  }
}

export const Reason = Schema.Union([
  RateLimited,
  SpendLimitReached,
  Overloaded,
  ServerError,
  InvalidRequest,
  Authentication,
  BillingFailed,
  PermissionDenied,
  NotFound,
  TooLarge,
  Refused,
  Truncated,
  Unfinished,
  EmptyAnswer,
  Undecodable,
  Stalled,
  CutOff,
  NotJson,
  Unreachable,
  TimedOut,
  OverBudget,
  Unbounded,
  NothingToFold
])
export type Reason = typeof Reason.Type

const Fields = Schema.Struct({
  reason: Reason,
  headers: Schema.optional(Schema.Record(Schema.String, Schema.String)),
  requestId: Schema.optional(Schema.String),
  model: Schema.optional(Schema.String),
  usage: Schema.optional(Usage),
  partialText: Schema.optional(Schema.String)
})

/** A call that gave no answer: the reason, what the API said in headers, and what was used and written until then. */
export class AskError extends Schema.TaggedError<AskError>()("AskError", Fields.fields) {
  /** The API's own word, the `x-should-retry` header, wins over the table of statuses; a spend limit stays spent. */
  get isRetryable(): boolean {
    if (this.reason._tag === "SpendLimitReached") return false
    const said = this.headers?.["x-should-retry"]
    if (said === "true") return true
    return said === "false" ? false : this.reason.isRetryable
  }
  /** The same error with some of its fields set anew. */
  with(fields: Partial<typeof Fields.Type>): AskError {
    const { headers, model, partialText, reason, requestId, usage } = this
    return new AskError({ headers, model, partialText, reason, requestId, usage, ...fields })
  }
  override get message(): string {
    return this.requestId === undefined ? this.reason.message : `${this.reason.message} (${this.requestId})`
  }
}
