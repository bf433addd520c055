/**
 * The time within which a limit flows in again. `limit` is a minute's worth unless the resets of several responses agree on
 * another window: `reset` is when the bucket is full, so until then flows in what is gone of it.
 */
import type { ReportedLimit } from "../../claude/RateLimitHeaders.ts"

export const minuteMillis = 60_000

/** So many resets must agree: where they do not move with what is gone (a fixed date, a fixed delay), they soon contradict. */
const minAgreeing = 3

/** The factor by which a window must differ from a minute: also a smaller bucket, reported as a minute's worth, is full sooner. */
const shorterBy = 2
const longerBy = 1.25

/** A shorter window means that the header has the time of the response as its reset. */
const minWindowMillis = 100

/** A bucket that is full by its reset and of which less than this share was taken since then cannot be empty. */
const unexplainedShare = 1 / 4
const maxBrokenResets = 2

export class RefillWindow {
  /** Bounds of the milliseconds in which one unit of the limit flows in. */
  #least = 0
  #most = Number.POSITIVE_INFINITY
  #agreeing = 0
  #latest = { gone: 0, at: 0 }
  /** The first of the resets that agree. */
  #first = { at: 0, taken: 0 }
  /** When the latest response has the bucket full, and what had been taken by then. */
  #fullAt = Number.POSITIVE_INFINITY
  #takenBefore = 0
  #brokenResets = 0
  /** Whether the bucket was last seen nearly empty, and whether it was then full again by its reset. */
  #isEmptied = false
  #isKept = false
  /** Calls that were accepted, and when the first of them left. */
  #accepted = 0
  #acceptedSince = Number.POSITIVE_INFINITY
  #isIgnored = false

  /** Learns from a response to a call that was sent then. `rounding`: by how much `remaining` may be rounded, 0 if down. */
  observe(
    { limit, remaining, reset }: ReportedLimit,
    rounding: number,
    sentAt: number,
    now: number,
    taken: number
  ): void {
    if (reset === undefined) return
    const { at, resolutionMillis } = reset
    // The server wrote the reset between these two times.
    const minMillis = at - resolutionMillis - now
    const maxMillis = at + resolutionMillis - sentAt
    const gone = limit - remaining
    if (maxMillis <= 0 || gone <= 0) return
    // Calls that arrived at the same moment with nothing left are no further evidence.
    if (gone === this.#latest.gone && at === this.#latest.at) return
    this.#latest = { gone, at }
    if (this.#isEmptied && sentAt >= this.#fullAt && remaining >= limit / 2) this.#isKept = true
    this.#isEmptied = remaining <= limit / 4
    this.#fullAt = at + resolutionMillis
    this.#takenBefore = taken
    const least = Math.max(0, minMillis) / (gone + rounding)
    const most = maxMillis / Math.max(0, gone - (rounding || 1))
    const isAgreeing = least <= this.#most && most >= this.#least
    this.#agreeing = isAgreeing ? this.#agreeing + 1 : 1
    this.#least = isAgreeing ? Math.max(this.#least, least) : least
    this.#most = isAgreeing ? Math.min(this.#most, most) : most
    if (this.#agreeing === 1) this.#first = { at, taken }
    // Each call defers the reset by the time in which its share flows in. A fixed date contradicts a long window.
    const deferredMillis = this.#least * (taken - this.#first.taken)
    const isLonger = this.#least * limit > minuteMillis * longerBy
    if (isLonger && at - this.#first.at < deferredMillis / 2 - resolutionMillis) this.#agreeing = 0
  }

  /** A call that was sent then was accepted: where more were than a minute's window allows, the resets are right. */
  onAccepted(limit: number, sentAt: number): void {
    this.#accepted++
    this.#acceptedSince = Math.min(this.#acceptedSince, sentAt)
    if (this.#accepted > limit * (1 + (sentAt - this.#acceptedSince) / minuteMillis)) this.#isKept = true
  }

  /** A call that was sent then was rejected, as nothing remained: a reset that promised otherwise, twice, is ignored from then on. */
  onEmpty(limit: number, sentAt: number, taken: number): void {
    if (this.#isKept || sentAt < this.#fullAt) return
    this.#brokenResets = taken - this.#takenBefore < unexplainedShare * limit ? this.#brokenResets + 1 : 0
    if (this.#brokenResets >= maxBrokenResets) this.ignore()
  }

  /** The headers are wrong: a minute is assumed. */
  ignore(): void {
    this.#isIgnored = true
  }

  /** Milliseconds in which `limit` flows in, where each of `remaining` stands for so many units of the bucket. */
  millisOf(limit: number, unitsPerRemaining: number): number {
    if (this.#isIgnored || this.#agreeing < minAgreeing) return minuteMillis
    const least = this.#least * limit
    const most = this.#most * limit
    if (most < minWindowMillis) return minuteMillis
    if (most * shorterBy < minuteMillis * unitsPerRemaining) return most
    return least > minuteMillis * longerBy ? least : minuteMillis
  }
}
