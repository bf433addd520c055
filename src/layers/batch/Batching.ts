/** What those that create and follow the batches of a run need of it. */
import type { Effect } from "effect"
import type { Batches } from "../../claude/Batches.ts"
import type { Reachability } from "../../claude/Reachability.ts"
import type { Creations } from "./Creations.ts"
import type { Member } from "./Member.ts"

/** In milliseconds; `deadlineMillis` may be infinite. */
export interface Times {
  readonly deadlineMillis: number
  readonly pollMillis: number
  readonly settleMillis: number
}

export interface Batching {
  readonly batches: Batches
  readonly times: Times
  readonly creations: Creations
  /** Of the address that the batches are at. */
  readonly reachability: Reachability
  /** Whether anybody still waits for one of these. */
  readonly isWanted: (members: ReadonlyArray<Member>) => boolean
  /** Waits for a batch. */
  readonly idleFor: (millis: number) => Effect.Effect<void>
}
