/** The part of an exchange that fault rules and faults read; `endpoints/Exchange.ts` extends it. */
import type { ApiError } from "../wire/ApiError.ts"
import type { SeededRandom } from "../time/SeededRandom.ts"
import type { HeaderList } from "../wire/Headers.ts"
import type { Operation } from "../wire/Operation.ts"
import type { Outgoing } from "../wire/Outgoing.ts"
import type { Prompt } from "../answers/Prompt.ts"
import type { Times } from "../time/Latency.ts"

/** What a fault may be bound to: an operation of the API, or the processing of a single request of a batch. */
export type FaultPlace = Operation | "batches.item"

/** What decides which fault applies: one arrival of a request, or one request of a batch. */
export interface Occasion {
  /** Undefined for a path or method that the API does not have. */
  readonly operation: FaultPlace | undefined
  readonly prompt: Prompt
  /** Which arrival of the same request this is, from 1. */
  readonly attempt: number
  readonly random: SeededRandom
  /** Simulated milliseconds from the creation of the mock to this arrival. */
  readonly sinceMillis: number
}

/** One arrival of a request. */
export interface Attempt extends Occasion {
  readonly requestId: string
  /** The clock's time of arrival, in milliseconds since 1970. */
  readonly startedAt: number
  /** Gives the simulated latency of a reply with that many output tokens. */
  readonly times: (outputTokens: number) => Times
  /** Converts simulated milliseconds since arrival into the clock's time. */
  readonly at: (millis: number) => number
  /** Makes the error reply of the API, with its headers and `headers` on top. */
  readonly reject: (error: ApiError, headers?: HeaderList) => Outgoing
}
