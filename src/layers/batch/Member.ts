/** A request that waits for a batch, and for its result there. */
import { type Cause, Deferred, Effect } from "effect"
import type { AskError } from "../../claude/AskError.ts"
import type { BatchOutcome } from "../../claude/Batches.ts"
import type { Request } from "../../claude/Message.ts"

/** How it ended; `Rejected`: its batch was not created. `Missing`: the batch has no result of it. */
export type MemberOutcome =
  | BatchOutcome
  | { readonly _tag: "Rejected"; readonly error: AskError }
  | { readonly _tag: "Missing" }

export class Member {
  /** Its id in a batch. */
  readonly id: string
  /** The name of its ask. */
  readonly ask: string
  readonly request: Request
  readonly outcome = Deferred.makeUnsafe<MemberOutcome>()

  constructor(id: string, ask: string, request: Request) {
    this.id = id
    this.ask = ask
    this.request = request
  }

  /** The first outcome stays. */
  end(outcome: MemberOutcome): void {
    Deferred.doneUnsafe(this.outcome, Effect.succeed(outcome))
  }

  /** Whoever waits for it dies, too. */
  fail(cause: Cause.Cause<never>): void {
    Deferred.doneUnsafe(this.outcome, Effect.failCause(cause))
  }

  get isEnded(): boolean {
    return Deferred.isDoneUnsafe(this.outcome)
  }
}
