/** Ends what takes too long. One timer serves all. */
import { Clock, type Context, Effect, Fiber } from "effect"
import { SharedTimer } from "./SharedTimer.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

/** An effect under watch. `late` is set once its time is over: what is run in its place. */
interface Watched<B, E> {
  readonly endsAt: () => number
  readonly onLate: () => Effect.Effect<B, E>
  readonly fiber: AnyFiber
  late: Effect.Effect<B, E> | undefined
}

export class Watchdog {
  readonly #watched = new Set<Watched<unknown, unknown>>()
  readonly #timer = new SharedTimer((timer) => this.#look(timer))

  /**
   * Runs the effect, and interrupts it once `endsAt` has passed, in epoch milliseconds; what `onLate` gave at that moment is
   * run when it has gone. The end may move: later at any time, sooner where `wake` is told. `context`: where the effect
   * runs, by default the same as the caller's.
   */
  watch<A, E, R, B, E2>(
    effect: Effect.Effect<A, E, R>,
    endsAt: () => number,
    onLate: () => Effect.Effect<B, E2>,
    context?: Context.Context<R>
  ): Effect.Effect<A | B, E | E2, R> {
    return Effect.contextWith((own: Context.Context<R>) =>
      Effect.callback<A | B, E | E2>((resume) => {
        const fiber = Effect.runForkWith(context ?? own)(effect)
        const watched: Watched<B, E2> = { endsAt, onLate, fiber, late: undefined }
        fiber.addObserver((exit) => {
          this.#watched.delete(watched)
          if (this.#watched.size === 0) this.#timer.stop()
          resume(exit._tag === "Failure" && watched.late !== undefined ? watched.late : exit)
        })
        if (fiber.pollUnsafe() !== undefined) return
        this.#watched.add(watched)
        this.wake(endsAt(), fiber)
        return Fiber.interrupt(fiber)
      })
    )
  }

  /** Looks at this moment, at the latest, who is late. */
  wake(at: number, fiber: AnyFiber): void {
    this.#timer.set(at, fiber)
  }

  #look(timer: AnyFiber): void {
    const now = timer.getRef(Clock.Clock).currentTimeMillisUnsafe()
    let soonest = Number.POSITIVE_INFINITY
    for (const watched of this.#watched) {
      if (watched.late !== undefined) continue
      const at = watched.endsAt()
      if (at > now) soonest = Math.min(soonest, at)
      else {
        watched.late = watched.onLate()
        watched.fiber.interruptUnsafe()
      }
    }
    this.wake(soonest, timer)
  }
}
