/** One timer for many deadlines: a sleeping fiber for each of thousands of calls would cost more than the calls. */
import { Clock, Effect } from "effect"
import type { AnyFiber } from "./FiberClock.ts"

export class SharedTimer {
  readonly #onTime: (timer: AnyFiber) => void
  #timer: { readonly at: number; readonly fiber: AnyFiber } | undefined
  #isStopping = false

  /** `onTime` handles what is due, and sets the timer again for what is not. It gets the timer's own fiber. */
  constructor(onTime: (timer: AnyFiber) => void) {
    this.#onTime = onTime
  }

  /** Calls `onTime` at this time or before, in epoch milliseconds by the fiber's clock; never for an infinite one. */
  set(at: number, { context }: AnyFiber): void {
    if (at === Number.POSITIVE_INFINITY) return
    this.#isStopping = false
    if (this.#timer !== undefined && this.#timer.at <= at) return
    this.#end()
    // A timer has whole milliseconds: rounded down, it would fire before the time, again and again.
    const sleep = Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.sleep(Math.max(0, Math.ceil(at - now))))
    const fire = Effect.withFiber((timer) => {
      this.#timer = undefined
      this.#onTime(timer)
      return Effect.void
    })
    // The yield keeps the timer from firing before it is set, where the clock does not sleep for 0 ms.
    this.#timer = {
      at,
      fiber: Effect.runForkWith(context)(Effect.andThen(Effect.andThen(sleep, Effect.yieldNow), fire))
    }
  }

  /**
   * To be called once nothing waits for the timer: a timer that is set keeps the process alive. It is ended in a microtask,
   * unless it is set before: calls that follow each other at once would start and interrupt a fiber each.
   */
  stop(): void {
    if (this.#timer === undefined || this.#isStopping) return
    this.#isStopping = true
    queueMicrotask(() => {
      if (this.#isStopping) this.#end()
    })
  }

  #end(): void {
    this.#isStopping = false
    this.#timer?.fiber.interruptUnsafe()
    this.#timer = undefined
  }
}
