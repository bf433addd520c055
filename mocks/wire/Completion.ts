/** What the body of a message is encoded from: content blocks, the stop reason, and what server tools add to it. */
import type { UncheckedJson } from "./UncheckedJson.ts"

/** A content block of the Messages API; which other fields it has depends on `type`. */
export interface Block {
  readonly type: string
  readonly [field: string]: unknown
}

/** Content blocks in order and why generation stopped; `stopSequence` and `stopDetails` are null on the wire when absent. */
export interface Completion {
  readonly content: ReadonlyArray<Block>
  readonly stopReason: string
  readonly stopSequence?: string
  readonly stopDetails?: Readonly<Record<string, unknown>>
}

/** One model call. `model` is that of an advisor or a fallback; `declined` marks the call of a model that refused. */
export interface Iteration {
  readonly type: "message" | "advisor_message" | "compaction" | "fallback_message"
  readonly model?: string
  readonly declined?: boolean
}

/** What tools that run on the API's side add to a message; a field is absent where no such tool ran. */
export interface ServerToolTraces {
  readonly toolUse?: { readonly web_search_requests: number; readonly web_fetch_requests: number }
  /** The container of code execution. */
  readonly container?: UncheckedJson
  /** The entries of `usage.iterations`. Empty unless an advisor, a compaction or a fallback may have made several model calls. */
  readonly iterations: ReadonlyArray<Iteration>
  /** Top-level fields that a beta adds to the message. */
  readonly betaFields: UncheckedJson
}
