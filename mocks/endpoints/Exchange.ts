/** What the endpoints read: the request in hand, and the settings and state that all requests share. */
import type { Attempt } from "../faults/Attempt.ts"
import type { BatchTimes } from "./BatchTimes.ts"
import type { Cache } from "./Cache.ts"
import type { Conversations } from "./Conversations.ts"
import type { ApiError } from "../wire/ApiError.ts"
import type { Clock } from "../time/Clock.ts"
import type { HeaderList } from "../wire/Headers.ts"
import type { Incoming } from "../wire/Incoming.ts"
import type { FaultRules } from "../faults/FaultRules.ts"
import type { Ledger } from "../journal/Ledger.ts"
import type { OpenEntry } from "../journal/Journal.ts"
import type { RateLimiter } from "./Limits.ts"
import type { ApiVersion } from "../wire/Message.ts"
import type { Prompt } from "../answers/Prompt.ts"
import type { Reply } from "../answers/Reply.ts"

/** The settings of a mock, and the state that its requests share. */
export interface Rules {
  readonly seed: number
  /** Factor between simulated time and the clock's time. */
  readonly timeScale: number
  readonly clock: Clock
  /** The API version of every reply; when undefined, the request's `anthropic-version` header decides. */
  readonly apiVersion: ApiVersion | undefined
  readonly batches: BatchTimes
  readonly rateLimiter: RateLimiter
  readonly cache: Cache
  readonly batchCache: Cache
  readonly ledger: Ledger
  readonly faultRules: FaultRules
  readonly conversations: Conversations
  /** The ids of the files that were uploaded. */
  readonly files: ReadonlySet<string>
  /** What a request gets for which no reply was registered: simulated text, or a 400. */
  readonly unmatched: "simulate" | "error"
  /** Finds the first reply registered for a prompt, and counts that use of it. */
  readonly takeReply: (prompt: Prompt) => Reply | undefined
}

/** One attempt as the endpoints see it. */
export interface Exchange extends Attempt {
  readonly incoming: Incoming
  /** The attempt's journal entry, which the endpoint completes. */
  readonly entry: OpenEntry
  readonly version: ApiVersion
  /** The names of the `anthropic-beta` header; undefined if an API version is configured, as they are not checked then. */
  readonly betas: ReadonlyArray<string> | undefined
  /** Why the thread that the request continues cannot be continued. */
  readonly threadError: ApiError | undefined
  /** Makes the headers that all replies carry, for headers sent that many simulated milliseconds after arrival. */
  readonly headersAfter: (millis: number) => HeaderList
}
