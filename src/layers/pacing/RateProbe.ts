/** A rate of dispatch that is found by trying, where no limit is known, or where the known ones do not explain a 429. */
import { BucketEstimator } from "./BucketEstimator.ts"
import type { LearnedLimit } from "./LearnedLimits.ts"
import { TokenBucket } from "./TokenBucket.ts"

/** Calls of a large run that are under way while no limit is known: a burst that an account with a small limit takes. */
export const initialInFlight = 8

/** A run of up to that many asks sends them all at once: holding back the last two would cost a latency. */
export const smallRun = 10

/** Calls that may be under way before the first reply, in a run of so many asks. */
export const initialCallsOf = (asks: number): number =>
  asks <= smallRun ? Math.max(initialInFlight, asks) : initialInFlight

/** Assumed: the API rejects a request within this time, so calls that have been under way for longer were accepted. */
const acceptedAfterMillis = 1000

/**
 * Slow start: from the first reply to the first rejection the number of calls doubles in a quarter of the first latency. A
 * rejection comes sooner than a reply: of a local server within 30 ms, in which a third more calls leave than were accepted.
 */
const latencyShare = 1 / 4
const minSlowStartMillis = 70
const maxSlowStartMillis = 120

/** After a rejection that gives no estimate, the rate doubles within this multiple of its latency. */
const rejectionsPerDoubling = 4
const minDoublingMillis = 100

/** The first estimate is a guess between an assumed rate and the highest possible one, which is reached within this time. */
const secondsToCeiling = 30
const minCeilingGrowth = 0.01

/** The share of an estimated burst that is used. */
const burstShare = 0.85

/** A rate grows each second by this share of it, divided by the number of calls that the estimate rests on. */
const growthByEvidence = 0.08
const minGrowth = 0.005
const growthOf = (evidence: number): number => Math.min(0.15, Math.max(minGrowth, growthByEvidence / evidence))

/** A rate that an earlier run found is begun just below, and grows slowly: it is likely to be right, and may be too low. */
const rememberedShare = 0.97

/** The time, in milliseconds, in which a rate doubles that grows by this share a second. */
const doublingOf = (growth: number): number => (1000 * Math.LN2) / growth

/** Without a rejection for longer than this, growth accelerates: the limit may be gone, or was raised. */
const calmMillis = 10_000

export class RateProbe {
  readonly #estimator = new BucketEstimator()
  /** With a limit of 0 at first, so that no call leaves beyond the first ones. */
  #pace: TokenBucket | undefined
  #doublingMillis = Number.POSITIVE_INFINITY
  #grownAt = 0
  /** When the first call left, at first or after the last rejection. */
  #since: number | undefined
  #rejectionMillis = 0
  #wasRejected = false
  #learned: LearnedLimit | undefined

  /**
   * `isProbing` where no limit is known: `initialCalls` leave before the first reply. Otherwise it begins with the first
   * rejection that no known limit explains.
   */
  constructor(isProbing: boolean, now: number, initialCalls = initialInFlight) {
    if (isProbing) this.#pace = new TokenBucket(0, initialCalls, now)
  }

  /** Requests a minute, and at once, that are accepted as far as rejections have shown. */
  get learned(): LearnedLimit | undefined {
    const { limit = 0, ...others } = this.#learned ?? {}
    return this.#learned && { ...others, limit: Math.max(limit, this.#estimator.sustained * 60) }
  }

  /** Begins near what an earlier run learned, or with the share `trust` of it. */
  beginWith(remembered: LearnedLimit, trust: number, now: number): void {
    this.#learned = remembered
    this.#wasRejected = true
    this.#doublingMillis = doublingOf(minGrowth)
    const capacity = Math.max(1, (remembered.burst ?? 1) * burstShare * trust)
    this.#set(remembered.limit * Math.min(trust, rememberedShare), capacity, now)
  }

  waitMillis(now: number): number {
    if (this.#pace === undefined) return 0
    const wait = this.#pace.waitMillis(1, now)
    if (wait === 0 || !this.isAwaitingFirstReply || this.#since === undefined) return wait
    if (now < this.#since + acceptedAfterMillis) return this.#since + acceptedAfterMillis - now
    this.#open(acceptedAfterMillis, now)
    return this.#pace.waitMillis(1, now)
  }

  /** A call leaves. The first one after a rejection concludes what the calls before it have shown. */
  onDispatch(now: number): void {
    this.#since ??= now
    if (this.#estimator.hasRejection) this.#conclude(now)
    this.#estimator.onDispatch(now)
    if (this.#pace === undefined) return
    // A pause in dispatching is no evidence for a higher rate.
    const millis = Math.min(now - this.#grownAt, this.#doublingMillis, acceptedAfterMillis)
    const acceleration = this.#wasRejected ? Math.max(1, ((now - this.#since) / calmMillis) ** 2) : 1
    const growth = 2 ** Math.min(1, (millis * acceleration) / this.#doublingMillis)
    this.#set(this.#pace.limit * growth, this.#pace.capacity, now)
    this.#pace.take(1, now)
  }

  /** A call that was sent then was accepted: the rate begins to grow. */
  onAccepted(sentAt: number, now: number): void {
    if (this.isAwaitingFirstReply && !this.#estimator.hasRejection) this.#open(now - sentAt, now)
  }

  /** A call has ended: another may leave in its place. */
  onEnd(now: number): void {
    if (this.isAwaitingFirstReply) this.#pace?.take(-1, now)
  }

  /** A call that was sent then was rejected; `isUnexplained` where that is evidence of an unknown limit. */
  onRejected(sentAt: number, isUnexplained: boolean, now: number): void {
    this.#estimator.onRejected(sentAt, isUnexplained)
    this.#rejectionMillis = Math.max(this.#rejectionMillis, now - sentAt)
    if (isUnexplained) this.#wasRejected = true
  }

  /** Stops probing where a limit is known: one below the probed rate, or any as long as no rejection was unexplained. */
  yieldTo(limit: number | undefined): void {
    if (limit === undefined || this.#pace === undefined) return
    if (this.#wasRejected && this.#pace.limit < limit) return
    this.#pace = undefined
    this.#learned = undefined
  }

  /** No call was accepted so far, and no limit is known. */
  get isAwaitingFirstReply(): boolean {
    return this.#pace?.limit === 0
  }

  #open(latencyMillis: number, now: number): void {
    this.#doublingMillis = Math.min(maxSlowStartMillis, Math.max(minSlowStartMillis, latencyShare * latencyMillis))
    this.#set((initialInFlight * Math.LN2 * 60_000) / this.#doublingMillis, initialInFlight, now)
  }

  #conclude(now: number): void {
    const { burst, ceilingPerSecond, evidence, perSecond } = this.#estimator.conclude()
    this.#since = now
    if (perSecond > 0) {
      this.#doublingMillis = doublingOf(
        ceilingPerSecond === undefined
          ? growthOf(evidence)
          : Math.max(minCeilingGrowth, Math.log(ceilingPerSecond / perSecond) / secondsToCeiling)
      )
      const limit = Math.max(1, perSecond * 60)
      this.#learned = { limit, burst }
      this.#set(limit, Math.max(1, burstShare * burst), now)
    } else if (burst > 0) {
      this.#doublingMillis = Math.max(minDoublingMillis, rejectionsPerDoubling * this.#rejectionMillis)
      this.#set(4 * burst * 60, 1, now)
    }
  }

  #set(perMinute: number, capacity: number, now: number): void {
    this.#pace ??= new TokenBucket(perMinute, capacity, now)
    this.#pace.resize(perMinute, capacity, now)
    this.#grownAt = now
  }
}
