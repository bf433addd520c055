/** One timer for many who wait for a time to come: a fiber asleep for each would cost more than what they wait for. */
import { Clock, Effect, type Fiber } from "effect"

type AnyFiber = Fiber.Fiber<unknown, unknown>

export class SharedTimer {
  readonly #ring: (timer: AnyFiber) => void
  #timer: { readonly at: number; readonly fiber: AnyFiber } | undefined

  /** `ring` looks who is due, and sets the alarm anew where somebody still waits. */
  constructor(ring: (timer: AnyFiber) => void) {
    this.#ring = ring
  }

  /** Rings at this moment, in epoch milliseconds and by the fiber's clock, or before; an infinite one never comes. */
  set(at: number, { context }: AnyFiber): void {
    if (at === Number.POSITIVE_INFINITY || (this.#timer !== undefined && this.#timer.at <= at)) return
    this.stop()
    // Timers know whole milliseconds only, and one that comes too early would ring again and again.
    const sleep = Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.sleep(Math.max(0, Math.ceil(at - now))))
    const ring = Effect.withFiber((timer) => {
      this.#timer = undefined
      this.#ring(timer)
      return Effect.void
    })
    this.#timer = { at, fiber: Effect.runForkWith(context)(Effect.andThen(sleep, ring)) }
  }

  /** Where nobody waits there must be no timer, so that the process can end. */
  stop(): void {
    this.#timer?.fiber.interruptUnsafe()
    this.#timer = undefined
  }
}
