/** Why a call gave no answer: tagged reasons. `isRetryable`: another try can help; `message`: what happened, and what to do. */
import { Schema } from "effect"
import * as Api from "./ApiReason.ts"
import * as Fold from "./FoldReason.ts"
import { usdText } from "./Price.ts"
import { secondsText } from "../options/DurationText.ts"

export * from "./ApiReason.ts"
export * from "./FoldReason.ts"

const detail = { detail: Schema.String }

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

/** A reply that is no answer: Claude wants the result of a tool (`tool_use`), or no stop reason says that it is whole. */
export class IncompleteReply extends Schema.TaggedError<IncompleteReply>()("IncompleteReply", {
  stopReason: Schema.NullOr(Schema.String),
  /** The tools that Claude wants to use. */
  tools: Schema.Array(Schema.String)
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return this.stopReason === null
      ? "the reply has no stop reason, so that its text may be a part of the answer only. Check the gateway or proxy"
      : `Claude wants to use a tool (${this.tools.join(", ") || "unnamed"}) instead of answering, and no tool is run for it: leave such tools out`
  }
}

/** A complete reply without any text, also after it was asked for once more. */
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

/** The answer does not fit its schema, nor did the second try, which was asked for with the issue. */
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
      ? `stalled: no first token within ${secondsText(this.silentMillis)}`
      : `stalled: the stream was silent for ${secondsText(this.silentMillis)}`
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

/**
 * A stream whose events contradict each other, so that the text received may be of two answers, or a reply, streamed or not,
 * with a part that cannot be read.
 */
export class BrokenStream extends Schema.TaggedError<BrokenStream>()("BrokenStream", detail) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `the reply is broken: ${this.detail}`
  }
}

/**
 * A 200 that is no message: an HTML page of a proxy, broken JSON, or (`isForeign`) complete JSON of another service. Broken JSON
 * may be a passing fault.
 */
export class NotJson extends Schema.TaggedError<NotJson>()("NotJson", {
  contentType: Schema.String,
  excerpt: Schema.String,
  isForeign: Schema.optionalKey(Schema.Boolean)
}) {
  get isRetryable(): boolean {
    if (this.isForeign === true) return false
    return this.contentType.includes("json") || this.contentType.includes("event-stream")
  }
  override get message(): string {
    return `the reply is no Claude message (${this.contentType}): ${JSON.stringify(this.excerpt)}. Check the base URL and proxies`
  }
}

/**
 * No connection: refused, reset before headers, unknown host, a certificate that is not trusted (`isPassing: false`).
 * `isAddressSuspect`: the address is likelier wrong than the network, as no host has its name.
 */
export class Unreachable extends Schema.TaggedError<Unreachable>()("Unreachable", {
  ...detail,
  isPassing: Schema.Boolean,
  isAddressSuspect: Schema.optionalKey(Schema.Boolean)
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
  scope: Schema.Literals(["attempt", "ask", "synthesis", "run"])
}) {
  get isRetryable(): boolean {
    return this.scope === "attempt"
  }
  override get message(): string {
    const limit = secondsText(this.limitMillis)
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
    const text = (amount: number) => (this.unit === "usd" ? usdText(amount) : `${Math.round(amount)} tokens`)
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

/** It has left a Message Batch without having been asked there, and without cost. */
export class Unbatched extends Schema.TaggedError<Unbatched>()("Unbatched", {
  outcome: Schema.Literals(["canceled", "expired", "missing"])
}) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return this.outcome === "missing" ? "its batch has no result of it" : `it was ${this.outcome} in its batch`
  }
}

/** A worker had the ask and ended before its reply, `times` times in a row: it may be what ends them. */
export class WorkerLost extends Schema.TaggedError<WorkerLost>()("WorkerLost", { times: Schema.Int }) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `${this.times} workers that had it ended before its reply was kept. See what they wrote last, and run the plan again`
  }
}

/** A worker failed on the ask by an error of its own code, not by a reply. */
export class WorkerFailed extends Schema.TaggedError<WorkerFailed>()("WorkerFailed", detail) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `a worker failed: ${this.detail}`
  }
}

export const Reason = Schema.Union([
  Api.RateLimited,
  Api.SpendLimitReached,
  Api.Overloaded,
  Api.ServerError,
  Api.InvalidRequest,
  Api.Authentication,
  Api.BillingFailed,
  Api.PermissionDenied,
  Api.NotFound,
  Api.TooLarge,
  Refused,
  Truncated,
  Unfinished,
  IncompleteReply,
  EmptyAnswer,
  Undecodable,
  Stalled,
  CutOff,
  BrokenStream,
  NotJson,
  Unreachable,
  TimedOut,
  OverBudget,
  Unbounded,
  Unbatched,
  Fold.NothingToFold,
  Fold.Unfoldable,
  Fold.NoAgreement,
  Fold.Contradictory,
  WorkerLost,
  WorkerFailed
])
export type Reason = typeof Reason.Type
