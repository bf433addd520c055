/** One attempt as the endpoints see it, and the rules that hold for all of them. */
import type { Attempt } from "../faults/Attempt.ts"
import type { Cache } from "./Cache.ts"
import type { Clock } from "../time/Clock.ts"
import type { HeaderList } from "../wire/Headers.ts"
import type { Incoming } from "../wire/Incoming.ts"
import type { OpenEntry } from "../journal/Journal.ts"
import type { RateLimiter } from "./Limits.ts"
import type { ApiVersion } from "../wire/Message.ts"
import type { Prompt } from "../answers/Prompt.ts"
import type { Reply } from "../answers/Reply.ts"

/** How batches pass their time, in simulated milliseconds. */
export interface BatchTimes {
  /** Until the last item is done. */
  readonly processingMillis: number
  /** Until what is not done by then expires: 24 hours in the API. */
  readonly expiresMillis: number
}

/** What a test or a scenario has laid down, and what all requests share. */
export interface Rules {
  readonly seed: number
  readonly timeScale: number
  readonly clock: Clock
  /** Plays this version whatever the request's header says; absent: the header decides. */
  readonly apiVersion: ApiVersion | undefined
  readonly batches: BatchTimes
  readonly rateLimiter: RateLimiter
  readonly cache: Cache
  /** Gives the reply written for a prompt, and counts it as used. */
  readonly written: (prompt: Prompt) => Reply | undefined
}

/** An attempt as the endpoints see it. */
export interface Exchange extends Attempt {
  readonly incoming: Incoming
  readonly entry: OpenEntry
  readonly version: ApiVersion
  readonly headersAfter: (millis: number) => HeaderList
}
