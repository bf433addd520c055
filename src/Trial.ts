/** A rate of leaving that is found by trial, where refusals are not explained by any limit that is known. */
import { Bucket } from "./Bucket.ts"
import type { Found } from "./Memory.ts"

/** By how much the rate grows within a second, as a share of it: twice as much after fourteen. */
const growth = 0.05

/** From just below a rate that was found to just above it, growth is slow: no more is expected, but it may be possible by now. */
const [near, beyond] = [0.97, 1.05]
const slowGrowth = 0.005

/** Of what may leave at once, what is used: the rest is for what the network delays. */
const caution = 0.5

/** What is left of a rate that was too high. */
const cut = 0.7

/** The share of a second's worth that may leave at once. */
const burst = 0.05

/** A burst that was refused at once tells little of a rate; it is taken to have lasted so long. */
const shortestMillis = 100

/** What passed from the end of a rest to the next refusal. */
interface Period {
  readonly passed: number
  readonly millis: number
}

const perMinute = ({ millis, passed }: Period): number => (passed * 60_000) / millis

export class Trial {
  #bucket: Bucket | undefined
  #grownAt = 0
  #since: number | undefined
  #refusedAt: number | undefined
  #passed = 0
  #found: Found | undefined
  #atOnce = 1
  #shortest: Period | undefined

  /** Requests a minute, and at once, that pass as far as refusals have shown. */
  get found(): Found | undefined {
    return this.#found
  }

  /** Begins near what an earlier run found, or with a share of it. */
  begin(found: Found, share: number, now: number): void {
    this.#found = found
    this.#grownAt = now
    this.#atOnce = Math.max(1, (found.burst ?? 1) * caution * share)
    this.#set(found.limit * Math.min(share, near), now)
  }

  get isOn(): boolean {
    return this.#bucket !== undefined
  }

  waitMillis(now: number): number {
    return this.#bucket?.waitMillis(1, now) ?? 0
  }

  /** Somebody leaves. After a rest, the answers to all before are in: less than what passed then can pass. */
  leave(now: number): void {
    this.#since ??= now
    if (this.#refusedAt !== undefined && now > this.#refusedAt) {
      const millis = Math.max(shortestMillis, this.#refusedAt - this.#since)
      if (this.#passed > 0) this.#conclude({ passed: this.#passed, millis }, now)
      this.#grownAt = now
      this.#since = now
      this.#refusedAt = undefined
      this.#passed = 0
    }
    this.#passed++
    if (this.#bucket === undefined) return
    this.#set(this.#bucket.limit * (1 + (this.#growth * (now - this.#grownAt)) / 1000), now)
    this.#grownAt = now
    this.#bucket.take(1, now)
  }

  /** One of those who left was refused; `isNews` where that says something of the rate. */
  refuse(isNews: boolean, now: number): void {
    this.#passed--
    if (isNews) this.#refusedAt ??= now
  }

  /** Ends the trial where a limit is known that is lower. */
  yieldTo(limit: number | undefined): void {
    if (limit === undefined || this.#bucket === undefined || this.#bucket.limit < limit) return
    this.#bucket = undefined
    this.#found = undefined
  }

  /** Every period begins with a burst: what a longer one let through beyond a shorter one tells the rate, and so the burst. */
  #conclude(period: Period, now: number): void {
    const shortest = (this.#shortest ??= period)
    const { millis, passed } = shortest
    if (period.millis >= 2 * millis) {
      const limit = Math.max(1, perMinute({ passed: period.passed - passed, millis: period.millis - millis }))
      this.#found = { limit, burst: Math.max(1, passed - (limit * millis) / 60_000) }
    } else {
      const limit = Math.min(this.#found?.limit ?? cut * perMinute(period), perMinute(period))
      this.#found = { limit: Math.max(1, limit) }
    }
    if (period.millis < millis) this.#shortest = period
    this.#atOnce = 1
    this.#set(cut * perMinute(period), now)
  }

  get #growth(): number {
    const share = (this.#bucket?.limit ?? 0) / (this.#found?.limit ?? 0)
    return share >= near && share < beyond ? slowGrowth : growth
  }

  #set(limit: number, now: number): void {
    this.#bucket ??= new Bucket(limit, 1, now)
    this.#bucket.resize(limit, Math.max(this.#atOnce, (limit * burst) / 60), now)
  }
}
