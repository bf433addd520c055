/** The one error of a call. Its tagged `reason` says what happened and whether another try can help. */
import { Schema } from "effect"
import { Usage } from "./Message.ts"
import { retryAfterMillis } from "./RateLimitHeaders.ts"
import { Reason } from "./Reason.ts"
import { secondsText } from "../options/DurationText.ts"

export * from "./Reason.ts"

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
  /** The `x-should-retry` header overrides the table of statuses, except where money is missing, which no retry brings. */
  get isRetryable(): boolean {
    if (this.reason._tag === "SpendLimitReached" || this.reason._tag === "BillingFailed") return false
    const header = this.headers?.["x-should-retry"]
    if (header === "true") return true
    return header === "false" ? false : this.reason.isRetryable
  }
  /** How long the API asks to wait; `undefined` where it names no time. */
  get retryAfterMillis(): number | undefined {
    const own = this.reason._tag === "RateLimited" ? this.reason.retryAfterMillis : undefined
    return own ?? retryAfterMillis(this.headers ?? {})
  }
  /** The API has no room for it now, on this model: 529, or 503. */
  get isOverload(): boolean {
    const { reason } = this
    return reason._tag === "Overloaded" || (reason._tag === "ServerError" && reason.status === 503)
  }
  /** The same error with some of its fields set anew. */
  with(fields: Partial<typeof Fields.Type>): AskError {
    const { headers, model, partialText, reason, requestId, usage } = this
    return new AskError({ headers, model, partialText, reason, requestId, usage, ...fields })
  }
  override get message(): string {
    const { retryAfterMillis: after = 0 } = this
    // The message of `RateLimited` has the time already.
    const isStated = after <= 0 || this.reason._tag === "RateLimited" || !this.isRetryable
    const when = isStated ? "" : `; free again in ${secondsText(after)}`
    return `${this.reason.message}${when}${this.requestId === undefined ? "" : ` (${this.requestId})`}`
  }
}
