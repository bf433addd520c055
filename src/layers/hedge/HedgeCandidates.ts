/** The calls of one run that are under way: decides which of them gets a second copy, and when. */
import { LatencyHistogram } from "./LatencyHistogram.ts"

/** A call takes too long once this share of all that left have ended, each in less time. */
const share = 0.95

/** How long after a copy was turned away the next may be tried: about the time of a short answer. */
const pauseMillis = 1000

/** A call under way. `begin` sends its second copy. */
export interface HedgeCandidate {
  readonly model: string
  /** In epoch milliseconds. */
  readonly dispatchedAt: number
  readonly begin: () => void
  /** It has a second copy, or had one. */
  isHedged: boolean
}

export class HedgeCandidates {
  readonly #max: number
  readonly #afterMillis: number | undefined
  readonly #models = new Map<string, CallsOfModel>()
  /** Copies that were begun, and those of them that were dispatched. */
  #begun = 0
  #dispatched = 0
  #pausedUntil = Number.NEGATIVE_INFINITY

  /** `max`: most second copies. `afterMillis`: when a call takes too long; by default that is measured. */
  constructor(max: number, afterMillis?: number) {
    this.#max = max
    this.#afterMillis = afterMillis
  }

  /** All copies that the run may have were dispatched. */
  get isSpent(): boolean {
    return this.#dispatched >= this.#max
  }

  /** No call is under way. */
  get isIdle(): boolean {
    for (const { candidates } of this.#models.values()) if (candidates.size > 0) return false
    return true
  }

  /** Adds a call to `model` that was dispatched at that time. */
  add(model: string, dispatchedAt: number, begin: () => void): HedgeCandidate {
    const candidate: HedgeCandidate = { model, dispatchedAt, begin, isHedged: false }
    this.#callsOf(model).candidates.add(candidate)
    return candidate
  }

  /** Removes a call that is over; `millis` where it took that long, or would have taken longer. */
  remove(candidate: HedgeCandidate, millis?: number): void {
    const { candidates, latencies } = this.#callsOf(candidate.model)
    if (candidates.delete(candidate) && millis !== undefined && this.#afterMillis === undefined) latencies.add(millis)
  }

  /** When the next call takes too long, in epoch milliseconds, as far as is known. */
  get dueAt(): number {
    return this.#next().at
  }

  /** A call that takes too long by now, the oldest first; counts its copy as begun. */
  take(now: number): HedgeCandidate | undefined {
    const { at, candidate } = this.#next()
    if (candidate === undefined || at > now) return undefined
    candidate.isHedged = true
    this.#begun++
    return candidate
  }

  /** Counts a copy that was dispatched. */
  onCopyDispatched(): void {
    this.#dispatched++
  }

  /** A copy was turned away before it was dispatched: its call may have another, a little later. */
  giveBack(candidate: HedgeCandidate, now: number): void {
    this.#begun--
    this.#pausedUntil = now + pauseMillis
    candidate.isHedged = false
  }

  #next(): { readonly at: number; readonly candidate?: HedgeCandidate } {
    let next: { readonly at: number; readonly candidate?: HedgeCandidate } = { at: Number.POSITIVE_INFINITY }
    if (this.#begun >= this.#max) return next
    for (const { candidates, latencies } of this.#models.values()) {
      const after = this.#afterMillis ?? latencies.quantile(share, candidates.size)
      if (after === Number.POSITIVE_INFINITY) continue
      // They are in the order of their dispatch; at most `max` of them come before the first that has no copy.
      for (const candidate of candidates) {
        if (candidate.isHedged) continue
        const at = Math.max(candidate.dispatchedAt + after, this.#pausedUntil)
        if (at < next.at) next = { at, candidate }
        break
      }
    }
    return next
  }

  #callsOf(model: string): CallsOfModel {
    const known = this.#models.get(model)
    if (known !== undefined) return known
    const made = { candidates: new Set<HedgeCandidate>(), latencies: new LatencyHistogram() }
    this.#models.set(model, made)
    return made
  }
}

/** The calls to one model: those under way, and how long the others took. */
interface CallsOfModel {
  readonly candidates: Set<HedgeCandidate>
  readonly latencies: LatencyHistogram
}
