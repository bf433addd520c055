/** Begins second copies of calls that take too long, for all runs that share the layer. */
import { type AnyFiber, nowMillis } from "../../scheduling/FiberClock.ts"
import { SharedTimer } from "../../scheduling/SharedTimer.ts"
import { HedgeCandidates, type HedgeCandidate } from "./HedgeCandidates.ts"

/** Runs without a call under way that are kept, as between two asks; each takes some 8 kB a model. */
const maxIdleRuns = 256

export class HedgeScheduler {
  readonly #runs = new Map<string, HedgeCandidates>()
  /** The API answered 429 or 529, and has not accepted a request since. */
  #isCoolingDown = false
  readonly #timer = new SharedTimer((timer) => this.#beginCopies(timer))

  /** The run of this name; made where it is not known, with at most `max` copies. */
  run(name: string, max: () => number, afterMillis: number | undefined): HedgeCandidates {
    const known = this.#runs.get(name)
    if (known !== undefined) return known
    for (const [other, { isIdle }] of this.#runs) if (isIdle && this.#runs.size >= maxIdleRuns) this.#runs.delete(other)
    const made = new HedgeCandidates(max(), afterMillis)
    this.#runs.set(name, made)
    return made
  }

  /** Sets the timer for the run's next candidate. */
  schedule(run: HedgeCandidates, fiber: AnyFiber): void {
    if (!this.#isCoolingDown) this.#timer.set(run.dueAt, fiber)
  }

  /** The API accepted a request: copies are sent again. */
  onAccepted(fiber: AnyFiber): void {
    if (!this.#isCoolingDown) return
    this.#isCoolingDown = false
    for (const run of this.#runs.values()) this.schedule(run, fiber)
  }

  /** The API rejected a request with 429 or 529: a copy would add to its load. */
  onRejected(): void {
    this.#isCoolingDown = true
  }

  /** Stops the timer where no call is under way, so that the process can end. */
  stopIfIdle(): void {
    for (const { isIdle } of this.#runs.values()) if (!isIdle) return
    this.#timer.stop()
  }

  #beginCopies(timer: AnyFiber): void {
    const now = nowMillis(timer)
    for (const run of this.#runs.values()) {
      for (let late = this.#late(run, now); late !== undefined; late = this.#late(run, now)) late.begin()
      this.schedule(run, timer)
    }
  }

  #late(run: HedgeCandidates, now: number): HedgeCandidate | undefined {
    return this.#isCoolingDown ? undefined : run.take(now)
  }
}
