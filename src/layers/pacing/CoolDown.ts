/** How long a model class rests after a 429 or an outage, and how it begins again: with pauses between calls, which halve. */
import type { Overloads } from "./OverloadRun.ts"

/** So many calls in a row that meet an overload are an outage: of single overloads of a tenth of the calls, one in 1,000 is. */
const outageLength = 3

/** Rest after a rejection that names no time; it doubles while rejections go on. */
const firstRestMillis = 150

/** Long enough to spare a service that is down, short enough to notice soon that it is back. */
const maxRestMillis = 1000

/** Between calls while rejections go on: less than three a second until one is accepted. */
const probeGapMillis = 350

/** Between the first calls after a rest; each further gap is half as long. */
const firstGapMillis = 100

/** Assumed: the API rejects a request within this time, so a call that has been under way for longer was accepted. */
const acceptedAfterMillis = 1000

/** Shorter gaps are left out: a timer's resolution is a millisecond. */
const minGapMillis = 2

export class CoolDown {
  /** No call leaves before, in epoch milliseconds. */
  holdUntil = 0
  /** When the rest began that lasts until `holdUntil`. */
  heldSince = 0
  #lastRejectedAt = Number.NEGATIVE_INFINITY
  #gapMillis = 0
  #nextAt = 0
  /** A call was accepted since the last rejection, or the API named the end of the rest. */
  #isReopening = true
  /** Rejections in a row, those of calls that left together counted once, and when the first of them came. */
  #rejections = 0
  #rejectedSince = 0

  waitMillis(now: number): number {
    return Math.max(this.holdUntil, this.#nextAt) - now
  }

  /** A call leaves. */
  onDispatch(now: number): void {
    if (this.#gapMillis === 0) return
    if (now - this.holdUntil > acceptedAfterMillis) this.#isReopening = true
    this.#nextAt = now + this.#gapMillis
    if (!this.#isReopening) return
    this.#gapMillis = this.#gapMillis / 2 < minGapMillis ? 0 : this.#gapMillis / 2
  }

  /** Whether a call that was sent then left after the last rejection came: the answers to earlier ones are of the same cause. */
  isSentAfterLastRejection(sentAt: number): boolean {
    return sentAt > this.#lastRejectedAt
  }

  /**
   * A call was rejected: rests for the time that the API names, else for a short while; for the longer of both where rejections
   * go on. `random`, from 0 to 1, spreads the end of the rest. `overloads`: the calls in a row that met an overload, this one
   * included; the class rests only where they are an outage. Without it, the rejection is a 429.
   */
  onRejected(
    sentAt: number,
    now: number,
    retryAfterMillis: number | undefined,
    random: number,
    overloads?: Overloads
  ): void {
    const isHeld = now < this.holdUntil
    const isOfNewCause = this.isSentAfterLastRejection(sentAt)
    if (overloads !== undefined) this.#rejections = overloads.moments
    else if (isOfNewCause) this.#rejections++
    if (this.#rejections === 1) this.#rejectedSince = now
    this.#lastRejectedAt = now
    const isSingle = overloads !== undefined && overloads.calls < outageLength
    if (isSingle || (retryAfterMillis === undefined && !isOfNewCause && isHeld)) return
    const isRepeated = this.#rejections > 1
    const stepMillis = Math.min(maxRestMillis, firstRestMillis * 2 ** (this.#rejections - 1)) * (1 + random / 4)
    // The first calls of an outage, which were sent without a rest, count as probes too.
    const probeMillis = isRepeated ? this.#rejectedSince + this.#rejections * probeGapMillis - now : 0
    const backoffMillis = Math.max(stepMillis, Math.min(probeMillis, maxRestMillis))
    const restMillis = isRepeated ? Math.max(retryAfterMillis ?? 0, backoffMillis) : (retryAfterMillis ?? backoffMillis)
    if (!isHeld) this.heldSince = now
    if (now + restMillis <= this.holdUntil) return
    this.holdUntil = now + restMillis
    this.#nextAt = 0
    this.#isReopening = retryAfterMillis !== undefined || !isRepeated
    this.#gapMillis = this.#isReopening ? firstGapMillis : probeGapMillis
  }

  /** A call that was sent then was accepted. */
  onAccepted(sentAt: number): void {
    if (!this.isSentAfterLastRejection(sentAt)) return
    this.#rejections = 0
    this.#isReopening = true
  }
}
