/** Watches the calls of all runs that have the layer in common, and begins second copies of those that take too long. */
import { Clock, type Fiber } from "effect"
import { SharedTimer } from "../../scheduling/SharedTimer.ts"
import type * as Event from "../../claude/Event.ts"
import { type Flight, HedgeCandidates } from "./HedgeCandidates.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

/** Runs that are remembered while nothing of them is on its way, as between two asks; each takes some 8 kB a model. */
const idleRuns = 256

export class HedgeScheduler {
  readonly #runs = new Map<string, HedgeCandidates>()
  /** The API said no, and has not answered since. */
  #isCooling = false
  readonly #timer = new SharedTimer((timer) => this.#look(timer))

  /** A run by its name; where it is not known, `most` copies are what it may have. */
  run(name: string, most: () => number, afterMillis: number | undefined): HedgeCandidates {
    const known = this.#runs.get(name)
    if (known !== undefined) return known
    for (const [other, { isIdle }] of this.#runs) if (isIdle && this.#runs.size >= idleRuns) this.#runs.delete(other)
    const made = new HedgeCandidates(most(), afterMillis)
    this.#runs.set(name, made)
    return made
  }

  /** Sees to it that the run's next straggler is noticed. */
  expect(run: HedgeCandidates, fiber: AnyFiber): void {
    if (!this.#isCooling) this.#timer.set(run.dueAt, fiber)
  }

  hear(event: Event.Event, fiber: AnyFiber): void {
    if (event._tag === "Replied" && this.#isCooling) {
      this.#isCooling = false
      for (const run of this.#runs.values()) this.expect(run, fiber)
    } else if (event._tag === "AttemptFailed" && (event.reason === "RateLimited" || event.reason === "Overloaded")) {
      this.#isCooling = true
    }
  }

  /** Without anybody on the way, there is nobody to wait for. */
  rest(): void {
    for (const { isIdle } of this.#runs.values()) if (!isIdle) return
    this.#timer.stop()
  }

  #look(timer: AnyFiber): void {
    const now = timer.getRef(Clock.Clock).currentTimeMillisUnsafe()
    for (const run of this.#runs.values()) {
      for (let late = this.#late(run, now); late !== undefined; late = this.#late(run, now)) late.begin()
      this.expect(run, timer)
    }
  }

  #late(run: HedgeCandidates, now: number): Flight | undefined {
    return this.#isCooling ? undefined : run.take(now)
  }
}
