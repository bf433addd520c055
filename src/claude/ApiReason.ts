/** Why the API rejected a call: one reason for each row of its table of errors. */
import { Schema } from "effect"
import { secondsText } from "../options/DurationText.ts"

const detail = { detail: Schema.String }

/** What the API said, as a sentence, and what to do about it. */
const withAdvice = (said: string, advice: string): string => `${said.replace(/[.\s]+$/, "")}. ${advice}`

/** 429: no call of this model class succeeds before `retryAfterMillis`, where the API names it, is over. */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  ...detail,
  retryAfterMillis: Schema.optionalKey(Schema.Finite)
}) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    const when = this.retryAfterMillis === undefined ? "" : `, free again in ${secondsText(this.retryAfterMillis)}`
    return `rate limited${when}: ${this.detail}`
  }
}

/** A monthly or contract limit (429), or the API usage limit that an account has set (400): waiting does not help. */
export class SpendLimitReached extends Schema.TaggedError<SpendLimitReached>()("SpendLimitReached", detail) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return withAdvice(`spend limit reached: ${this.detail}`, "Raise the limit in the Claude Console")
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

/** The API's passing faults: 408, 409, 425, 5xx, or an error within a 200, unless the body says what no retry mends. */
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

/** 400, and statuses that no retry mends: the request itself is wrong. */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>()("InvalidRequest", detail) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `invalid request: ${this.detail}`
  }
}

/** 401: the key is missing, wrong or revoked. `provider`: the cloud whose credentials it is about, where it is no key of Anthropic's. */
export class Authentication extends Schema.TaggedError<Authentication>()("Authentication", {
  ...detail,
  provider: Schema.optionalKey(Schema.String)
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return withAdvice(
      `authentication failed: ${this.detail}`,
      this.provider === undefined ? "Check ANTHROPIC_API_KEY" : `Check the credentials for ${this.provider}`
    )
  }
}

/** 402, or a credit balance that is too low (400): the account cannot pay. */
export class BillingFailed extends Schema.TaggedError<BillingFailed>()("BillingFailed", detail) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return withAdvice(`billing failed: ${this.detail}`, "Check the credit in the Claude Console")
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

/** 404: most often a model that does not exist, a wrong base URL, or a batch of another workspace. */
export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", detail) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const advice = aboutBatch.test(this.detail) ? batchAdvice : "Check the model's name and the base URL"
    return withAdvice(`not found: ${this.detail}`, advice)
  }
}

const aboutBatch = /\bmsgbatch_|message batch/i
const batchAdvice =
  "Check that the key is of the workspace that made it, and the base URL; results go after 29 days. --no-batch asks and pays again"

/** 413, or a request of more input tokens than the account's limit a minute: larger than the API ever takes. */
export class TooLarge extends Schema.TaggedError<TooLarge>()("TooLarge", detail) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return withAdvice(`request too large: ${this.detail}`, "Shorten the context or the question")
  }
}
