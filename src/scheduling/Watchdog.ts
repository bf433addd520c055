/** Interrupts effects that take too long, with one timer for all of them. */
import { type Context, Effect, Fiber } from "effect"
import { type AnyFiber, nowMillis } from "./FiberClock.ts"
import { SharedTimer } from "./SharedTimer.ts"

/** An effect under watch. `late`, what is run in its place, is set once its time is over. */
interface Watched<B, E> {
  readonly endsAt: () => number
  readonly onLate: () => Effect.Effect<B, E>
  readonly fiber: AnyFiber
  late: Effect.Effect<B, E> | undefined
}

export class Watchdog {
  readonly #watched = new Set<Watched<unknown, unknown>>()
  readonly #timer = new SharedTimer((timer) => this.#endLate(timer))

  /**
   * Runs the effect, and interrupts it once `endsAt` has passed, in epoch milliseconds. `onLate` is called at that moment, and
   * what it returns is run after the interruption. `endsAt` may move later at any time; where it moves sooner, `wake` has
   * to be called. `context`: what the effect is run with, by default that of the caller.
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

  /** Checks at this time, at the latest, which effects are late. */
  wake(at: number, fiber: AnyFiber): void {
    this.#timer.set(at, fiber)
  }

  #endLate(timer: AnyFiber): void {
    const now = nowMillis(timer)
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
