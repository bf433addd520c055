/** The deadline of a research, or of a synthesis: calls without a reply by then fail, whichever layer they are in. */
import { Clock, Context, Duration, Effect } from "effect"
import { AskError, TimedOut } from "../claude/AskError.ts"
import * as Attempt from "../claude/Attempt.ts"
import { Claude } from "../claude/Claude.ts"
import type { Reply, Request } from "../claude/Message.ts"
import { PaidUsage } from "../claude/PaidUsage.ts"
import { Watchdog } from "../scheduling/Watchdog.ts"

/** A deadline `limit` after `startedAt`, which is in epoch milliseconds. */
export class Deadline {
  readonly #startedAt: number
  #limitMillis: number
  readonly #watchdog = new Watchdog()

  constructor(limit: Duration.Input, startedAt: number) {
    this.#startedAt = startedAt
    this.#limitMillis = Duration.toMillis(limit)
  }

  get #endsAt(): number {
    return this.#startedAt + this.#limitMillis
  }

  get limitMillis(): number {
    return this.#limitMillis
  }

  /** Moves it later. What it has ended already stays so. */
  raise(limitMillis: number): void {
    this.#limitMillis = Math.max(this.#limitMillis, limitMillis)
  }

  isOver(now: number): boolean {
    return now >= this.#endsAt
  }

  /** The error of a call that has no answer by the deadline. */
  get error(): AskError {
    return new AskError({ reason: new TimedOut({ limitMillis: this.#limitMillis, scope: "run" }) })
  }

  /** Runs `effect` before the deadline, and `late` after it. */
  before<A, E, R, B, E2, R2>(
    effect: Effect.Effect<A, E, R>,
    late: () => Effect.Effect<B, E2, R2>
  ): Effect.Effect<A | B, E | E2, R | R2> {
    return Effect.flatMap(Clock.currentTimeMillis, (now): Effect.Effect<A | B, E | E2, R | R2> =>
      now < this.#endsAt ? effect : late()
    )
  }

  /** A `Claude` that sends nothing after the deadline, and interrupts what is under way then. */
  around({ send }: typeof Claude.Service): typeof Claude.Service {
    const watched = (request: Request) =>
      Effect.withFiber<Reply, AskError>((fiber) => {
        /** The latest attempt of which a part has arrived; a second copy's text is not shown. */
        let latest: Attempt.Attempt | undefined
        const paid = new PaidUsage()
        const observer: Attempt.Observer = {
          onChunk: (attempt) => {
            if (attempt.call.hedge !== true) latest = attempt
          },
          onEnd: (attempt, end) => paid.onEnd(attempt, end)
        }
        // Evaluated once the interrupted attempts have ended, when all that was paid is known.
        const late = () => Effect.suspend(() => Effect.fail(this.error.with({ ...latest?.partial, usage: paid.usage })))
        return this.#watchdog.watch(send(request), () => this.#endsAt, late, Attempt.observing(fiber.context, observer))
      })
    return Claude.of({ send: (request) => this.before(watched(request), () => Effect.fail(this.error)) })
  }
}

/** The deadline of the research that is to come, where whoever runs that may raise it; a research without one makes its own. */
export const Given = Context.Reference<Deadline | undefined>("fanfold/pipeline/Deadline/Given", {
  defaultValue: () => undefined
})
