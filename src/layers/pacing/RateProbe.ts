/** A rate of leaving that is found by trial: where nothing is known of a limit, or what is known explains no refusal. */
import { TokenBucket } from "./TokenBucket.ts"
import { BucketEstimator } from "./BucketEstimator.ts"
import type { Found } from "./LearnedLimits.ts"

/** Calls on their way while nothing is known of the limits: small runs never notice, large ones cause no storm. */
export const cautious = 8

/** How fast the next may leave, of what the first calls were answered at: a limit that is met slowly is measured well. */
const gain = 0.4

/** A refusal comes sooner than this, so that calls which are on their way for longer have been let in. */
const proofMillis = 1000

/** Then a rate doubles within so many times what the first answer took, and within a second at the latest. */
const answersAStep = 7
const longestStepMillis = 1000

/** After a refusal that says nothing of the rate, it doubles within so many times what the refusal took. */
const refusalsAStep = 4
const shortestStepMillis = 100

/** The first refusal tells of a rate that is rather too high; what is used of it. */
const caution = 0.92

/** Of what may leave at once, what is used. */
const share = 0.85

/** By how much a rate grows within a second, as a share of it: the less, the more calls speak for it. */
const doubt = 0.08
const leastGrowth = 0.005
const growthOf = (evidence: number): number => Math.min(0.15, Math.max(leastGrowth, doubt / evidence))

/** A rate that an earlier run found is begun just below, and grows slowly: no more is expected, but may be possible by now. */
const near = 0.97

/** Within so many milliseconds a rate doubles that grows by such a share a second. */
const doublingOf = (growth: number): number => (1000 * Math.LN2) / growth

/** Without a refusal for longer than this, a rate grows ever faster: there may be no limit, or one that has been raised. */
const calmMillis = { untried: 1000, tried: 10_000 }

export class RateProbe {
  readonly #gauge = new BucketEstimator()
  /** Closed at first: of a limit of 0, so that nobody leaves beyond the first. */
  #pace: TokenBucket | undefined
  #doublingMillis = Number.POSITIVE_INFINITY
  #grownAt = 0
  /** When the first left, at first or after the last rest. */
  #since: number | undefined
  #refusalMillis = 0
  #isTried = false
  #found: Found | undefined

  /** `isCautious` where nothing is known; otherwise it begins with the first refusal that nothing explains. */
  constructor(isCautious: boolean, now: number) {
    if (isCautious) this.#pace = new TokenBucket(0, cautious, now)
  }

  /** Requests a minute, and at once, that pass as far as refusals have shown. */
  get found(): Found | undefined {
    const { limit = 0, ...others } = this.#found ?? {}
    return this.#found && { ...others, limit: Math.max(limit, this.#gauge.sustained * 60) }
  }

  /** Begins near what an earlier run found, or with a share of it. */
  begin(found: Found, trust: number, now: number): void {
    this.#found = found
    this.#isTried = true
    this.#doublingMillis = doublingOf(leastGrowth)
    this.#set(found.limit * Math.min(trust, near), Math.max(1, (found.burst ?? 1) * share * trust), now)
  }

  waitMillis(now: number): number {
    if (this.#pace === undefined) return 0
    const wait = this.#pace.waitMillis(1, now)
    if (wait === 0 || !this.isClosed || this.#since === undefined) return wait
    if (now < this.#since + proofMillis) return this.#since + proofMillis - now
    this.#open(proofMillis, now)
    return this.#pace.waitMillis(1, now)
  }

  /** Somebody leaves. After a rest, the answers to all before are in. */
  leave(now: number): void {
    this.#since ??= now
    if (this.#gauge.isRefused) this.#conclude(now)
    this.#gauge.leave(now)
    if (this.#pace === undefined) return
    // Who has not left for a while has learned nothing meanwhile.
    const millis = Math.min(now - this.#grownAt, this.#doublingMillis, proofMillis)
    const calm = now - this.#since
    const boldness = Math.max(1, this.#isTried ? (calm / calmMillis.tried) ** 2 : calm / calmMillis.untried)
    this.#set(this.#pace.limit * 2 ** Math.min(1, (millis * boldness) / this.#doublingMillis), this.#pace.capacity, now)
    this.#pace.take(1, now)
  }

  /** Somebody was let in who had left then: others may leave, ever faster. */
  pass(leftAt: number, now: number): void {
    if (this.isClosed && !this.#gauge.isRefused) this.#open(now - leftAt, now)
  }

  /** Somebody is back, one way or the other, and leaves a place for another. */
  comeBack(now: number): void {
    if (this.isClosed) this.#pace?.take(-1, now)
  }

  /** One that had left then was refused; `isNews` where that says something of the rate. */
  refuse(leftAt: number, isNews: boolean, now: number): void {
    this.#gauge.refuse(leftAt, isNews)
    this.#refusalMillis = Math.max(this.#refusalMillis, now - leftAt)
    if (isNews) this.#isTried = true
  }

  /** Ends the trial where a limit is known: one that is lower, or any at all as long as no refusal went unexplained. */
  yieldTo(limit: number | undefined): void {
    if (limit === undefined || this.#pace === undefined) return
    if (this.#isTried && this.#pace.limit < limit) return
    this.#pace = undefined
    this.#found = undefined
  }

  /** Nobody has been seen to pass, and no limit was told. */
  get isClosed(): boolean {
    return this.#pace?.limit === 0
  }

  #open(millis: number, now: number): void {
    this.#doublingMillis = Math.max(1, Math.min(answersAStep * millis, longestStepMillis))
    this.#set((gain * cautious * 60_000) / Math.max(1, Math.min(millis, proofMillis)), cautious, now)
  }

  #conclude(now: number): void {
    const { atOnce, evidence, isCeiling, rate } = this.#gauge.conclude()
    this.#since = now
    if (rate > 0) {
      this.#doublingMillis = doublingOf(growthOf(evidence))
      const limit = Math.max(1, rate * 60 * (isCeiling ? caution : 1))
      this.#found = { limit, burst: atOnce }
      this.#set(limit, Math.max(1, share * atOnce), now)
    } else if (atOnce > 0) {
      this.#doublingMillis = Math.max(shortestStepMillis, refusalsAStep * this.#refusalMillis)
      this.#set(4 * atOnce * 60, 1, now)
    }
  }

  #set(perMinute: number, capacity: number, now: number): void {
    this.#pace ??= new TokenBucket(perMinute, capacity, now)
    this.#pace.resize(perMinute, capacity, now)
    this.#grownAt = now
  }
}
