/** One request that is to be dispatched, and what it has reserved of the limits of its model class. */
import type { AskError } from "../../claude/AskError.ts"
import type { Call } from "../../claude/Call.ts"
import type { Request } from "../../claude/Message.ts"
import { estimateInputTokens, uncachedInputTokens } from "../../cost/TokenCount.ts"
import type { Share } from "./LimitTracker.ts"

export class Ticket {
  readonly request: Request
  /** An ask that was dispatched before. */
  readonly isRetry: boolean
  /** A second copy, which leaves at once or not at all. */
  readonly isHedge: boolean
  /** Its place in the order of arrival, among all model classes. */
  readonly order: number
  /** The time limit of the ask, where it sets its own. */
  readonly timeoutMillis: number | undefined
  /** What it has reserved of the limits, once it was admitted. */
  shares: { readonly requests: Share; readonly input: Share; readonly output: Share } | undefined
  /** When it was admitted, in epoch milliseconds. */
  sentAt = 0
  /** The headers of its response are in. */
  headersSeen = false
  isReleased = false
  /** The error of a request that was rejected and can never pass. */
  tooLarge: AskError | undefined
  /** It was rejected as the API was overloaded. */
  isOverloaded = false
  #inputTokens: number | undefined
  #uncachedTokens: number | undefined

  constructor(request: Request, { attempt, hedge, timeoutMillis }: Call, order: number) {
    this.request = request
    this.isRetry = attempt > 1
    this.isHedge = hedge === true
    this.timeoutMillis = timeoutMillis
    this.order = order
  }

  /** Estimated by length. */
  get inputTokens(): number {
    return (this.#inputTokens ??= estimateInputTokens(this.request))
  }

  /** Those that count against a limit although the context may be read from the cache. */
  get uncachedTokens(): number {
    return (this.#uncachedTokens ??=
      this.request.context === undefined ? this.inputTokens : uncachedInputTokens(this.request))
  }
}
