/**
 * What processes let each other know: under a name, each member holds one value, and replaces it in one step with its look at those
 * of the others. A budget and the limits of an account are divided by it, without a coordinator.
 */
import { Data, type Effect } from "effect"

/** The register cannot be used, for a time or at all; the message says why. */
export class RegisterError extends Data.TaggedError("RegisterError")<{ readonly message: string }> {}

/** What another member holds: its value, as JSON, and how long ago it last wrote it, by the register's clock. */
export interface Held {
  readonly value: unknown
  readonly ageMillis: number
}

/** What a member holds from then on, as JSON (`undefined`: nothing), and what it concludes. */
export interface Decision<A> {
  readonly value: unknown
  readonly result: A
}

export interface Member {
  /**
   * Calls `decide` with what the other members hold under this name, while none of them can write. `decide` may be called
   * more than once: what counts is its last call. After an error the value may be written or not, so that a member must take
   * the larger of both for granted until the next exchange. Values older than `maxAgeMillis` are forgotten.
   */
  readonly exchange: <A>(
    name: string,
    decide: (others: ReadonlyArray<Held>) => Decision<A>,
    maxAgeMillis?: number
  ) => Effect.Effect<A, RegisterError>
}

export interface SharedRegister {
  /** One member more: what it holds outlives it, so that another one of the same process holds nothing of it. */
  readonly join: Effect.Effect<Member>
}

/** One name of a register. */
export interface Shared {
  readonly register: SharedRegister
  readonly name: string
}
