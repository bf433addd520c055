/** How long a model class rests after a refusal, and how it begins again: one by one at first, then ever faster. */

/** Rest after a refusal that names no time; doubles while refusals go on. */
const firstRestMillis = 150

/** Long enough to spare a service that is down, short enough to notice soon that it is back. */
const longestRestMillis = 1000

/** Between calls while refusals go on: no more than three in a second, until one is seen to pass. */
const probeGapMillis = 350

/** Between the first calls after a rest; each further gap is half as long. */
const firstGapMillis = 100

/** A refusal comes sooner than this, so that a call which is on its way for longer has been let in. */
const proofMillis = 1000

/** Gaps below that are none. */
const shortestGapMillis = 2

export class CoolDown {
  /** Nobody leaves before, in epoch milliseconds. */
  until = 0
  /** Since when without a break. */
  since = 0
  #closedAt = Number.NEGATIVE_INFINITY
  #gapMillis = 0
  #nextAt = 0
  #isProven = true
  #refusals = 0

  waitMillis(now: number): number {
    return Math.max(this.until, this.#nextAt) - now
  }

  /** Somebody leaves. */
  leave(now: number): void {
    if (this.#gapMillis === 0) return
    if (now - this.until > proofMillis) this.#isProven = true
    this.#nextAt = now + this.#gapMillis
    if (!this.#isProven) return
    this.#gapMillis = this.#gapMillis / 2 < shortestGapMillis ? 0 : this.#gapMillis / 2
  }

  /** Whoever left before the last refusal came says nothing new, unless the API names a later time. */
  isNews(leftAt: number): boolean {
    return leftAt > this.#closedAt
  }

  /** Rests until the time that the API names, or else for a short while; for the longer of both where refusals go on. `random`: 0 to 1. */
  refuse(leftAt: number, now: number, toldMillis: number | undefined, random: number): void {
    const isNews = this.isNews(leftAt)
    if (toldMillis === undefined && !isNews) return
    if (isNews) this.#refusals++
    const goesOn = this.#refusals > 1
    const restMillis = Math.min(longestRestMillis, firstRestMillis * 2 ** (this.#refusals - 1)) * (1 + random / 4)
    const until = now + (goesOn ? Math.max(toldMillis ?? 0, restMillis) : (toldMillis ?? restMillis))
    if (now >= this.until) this.since = now
    this.#closedAt = now
    if (until <= this.until) return
    this.until = until
    this.#nextAt = 0
    // A time that the API has told is worth more than a guess.
    this.#isProven = toldMillis !== undefined || !goesOn
    this.#gapMillis = this.#isProven ? firstGapMillis : probeGapMillis
  }

  /** Somebody passed. */
  pass(leftAt: number): void {
    if (!this.isNews(leftAt)) return
    this.#refusals = 0
    this.#isProven = true
  }
}
