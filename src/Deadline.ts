/** The end of asking: a call that has no reply by then ends, whichever layers it is in. */
import { Clock, Duration, Effect } from "effect"
import { AskError, TimedOut } from "./AskError.ts"
import { Claude } from "./Claude.ts"
import { Watchdog } from "./Watchdog.ts"

/** A run's deadline, `limit` after `startedAt`, in epoch milliseconds. */
export class Deadline {
  readonly #limitMillis: number
  readonly #endsAt: number
  readonly #watchdog = new Watchdog()

  constructor(limit: Duration.Input, startedAt: number) {
    this.#limitMillis = Duration.toMillis(limit)
    this.#endsAt = startedAt + this.#limitMillis
  }

  /** What an ask without an answer ends with. */
  get error(): AskError {
    return new AskError({ reason: new TimedOut({ limitMillis: this.#limitMillis, scope: "run" }) })
  }

  /** The effect while there is time, the other one after that. */
  before<A, E, R, B, E2, R2>(
    effect: Effect.Effect<A, E, R>,
    late: () => Effect.Effect<B, E2, R2>
  ): Effect.Effect<A | B, E | E2, R | R2> {
    return Effect.flatMap(Clock.currentTimeMillis, (now): Effect.Effect<A | B, E | E2, R | R2> =>
      now < this.#endsAt ? effect : late()
    )
  }

  /** A `Claude` that sends nothing after the deadline, and lets go of what is under way then. */
  around({ send }: typeof Claude.Service): typeof Claude.Service {
    const endsAt = () => this.#endsAt
    const fail = () => Effect.fail(this.error)
    return Claude.of({
      send: (request) => this.before(this.#watchdog.watch(send(request), endsAt, fail), fail)
    })
  }
}
