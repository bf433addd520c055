/** One attempt as the endpoints see it, and the rules that hold for all of them. */
import type { ApiError } from "./ApiError.ts"
import type { Cache } from "./Cache.ts"
import type { Clock } from "./Clock.ts"
import type { Draw } from "./Draw.ts"
import type { HeaderList } from "./Headers.ts"
import type { Incoming } from "./Incoming.ts"
import type { Open } from "./Journal.ts"
import type { Times } from "./Latency.ts"
import type { Gate } from "./Limits.ts"
import type { ApiVersion } from "./Message.ts"
import type { Outgoing } from "./Outgoing.ts"
import type { Prompt } from "./Prompt.ts"
import type { Reply } from "./Reply.ts"

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
  readonly limits: Gate
  readonly cache: Cache
  /** Gives the reply written for a prompt, and counts it as used. */
  readonly written: (prompt: Prompt) => Reply | undefined
}

/** An attempt under way. `at` turns simulated milliseconds since arrival into the clock's time. */
export interface Exchange {
  readonly incoming: Incoming
  readonly prompt: Prompt
  readonly draw: Draw
  readonly attempt: number
  readonly requestId: string
  readonly entry: Open
  readonly startedAt: number
  /** Simulated milliseconds from the making of the mock to this arrival. */
  readonly sinceMillis: number
  readonly version: ApiVersion
  readonly times: (outputTokens: number) => Times
  readonly at: (millis: number) => number
  readonly headersAfter: (millis: number) => HeaderList
  readonly refuse: (problem: ApiError, headers?: HeaderList) => Outgoing
}
