/**
 * Estimates a token bucket that no header reports, from when calls left and which of them were rejected. Where `n` calls are
 * accepted in a time `t` that begins with a full bucket and ends with an empty one, it holds `n - rate · t`, unless it was
 * full in between.
 */

/** Calls that left within so short a time left at once. */
const burstMillis = 20

/** A shorter time gives no usable rate. */
const minMillis = 100

/** A rate counts as sustained after this time. Of the calls in it, as many as may have left an unknown bucket at once do not count. */
const sustainedMillis = 5000
const assumedBurst = 8

/**
 * A bucket that was emptied once is assumed to have held what flows in within this time. If it holds more, the estimate is too
 * high, but the rest after the next rejection costs nothing: the bucket refills meanwhile. If it holds less, it is too low.
 */
const assumedBucketMillis = 500

/** Dispatch times that are kept: older ones add nothing to the estimate. */
const maxTimes = 512

export interface BucketEstimate {
  /** Calls a second; 0 where there is no estimate. */
  readonly perSecond: number
  /** The highest rate that explains the calls, where what the bucket holds is not known: `perSecond` assumes it. */
  readonly ceilingPerSecond: number | undefined
  /** How many calls may leave a full bucket at once. */
  readonly burst: number
  /** How many calls the estimate rests on. */
  readonly evidence: number
}

export class BucketEstimator {
  /** When the calls left that were not rejected, since the last conclusion. */
  #times: Array<number> = []
  /** When the last of the rejected calls left, since then. */
  #rejectedAt: number | undefined
  /** When the bucket was last seen to be empty. */
  #emptyAt: number | undefined
  /** What the first, full bucket let through until it was empty. */
  #firstBucket: { readonly calls: number; readonly millis: number } | undefined

  onDispatch(now: number): void {
    this.#times.push(now)
    if (this.#times.length <= maxTimes) return
    this.#times = this.#times.slice(-maxTimes / 2)
    this.#emptyAt = this.#times[0]
  }

  /** A call that left then was rejected; `isUnexplained` where that shows an empty bucket. */
  onRejected(sentAt: number, isUnexplained: boolean): void {
    const index = this.#times.lastIndexOf(sentAt)
    // It left before the last conclusion, which has counted it.
    if (index < 0) return
    this.#times.splice(index, 1)
    if (isUnexplained || this.hasRejection) this.#rejectedAt = Math.max(this.#rejectedAt ?? sentAt, sentAt)
  }

  get hasRejection(): boolean {
    return this.#rejectedAt !== undefined
  }

  /** Calls a second that were accepted since the last conclusion without a rejection, beyond what may leave at once. */
  get sustained(): number {
    const [first = 0] = this.#times
    const millis = (this.#times.at(-1) ?? first) - first
    const beyondBurst = this.#times.length - (this.#firstBucket?.calls ?? assumedBurst)
    return millis < sustainedMillis || beyondBurst <= 0 ? 0 : (1000 * beyondBurst) / millis
  }

  /** Estimates the bucket. To be called after a rest, when it is known which of the calls before were rejected. */
  conclude(): BucketEstimate {
    const end = this.#rejectedAt ?? 0
    const times = this.#times.filter((at) => at <= end)
    const isCeiling = this.#firstBucket === undefined
    const [first = end] = times
    const burstOnly = { calls: times.filter((at) => at < first + burstMillis).length, millis: 0 }
    const { calls, millis } = this.#firstBucket ?? burstOnly
    let [perMilli, evidence] = [0, 0]
    const consider = (calls: number, millis: number) => {
      if (millis >= minMillis && calls / millis > perMilli) [perMilli, evidence] = [calls / millis, calls]
    }
    // Counted from the moment when the bucket was last full, the rate is the true one; counted from any other, it is lower.
    for (const [index, at] of times.entries()) {
      if (isCeiling && index > 0 && index !== afterLongestPause(times)) continue
      if (end - at >= 2 * millis) consider(times.length - index - calls, end - at - millis)
    }
    // What is accepted between two moments with an empty bucket has flowed in between them.
    if (this.#emptyAt !== undefined) consider(times.length, end - this.#emptyAt)
    const ceiling = perMilli
    if (times.length > 0) this.#firstBucket ??= { calls: times.length, millis: end - first }
    // From the highest rate follows the smallest bucket, so that no burst is larger than one that was accepted.
    const held = this.#firstBucket === undefined ? 0 : this.#firstBucket.calls - ceiling * this.#firstBucket.millis
    if (isCeiling && perMilli > 0) {
      const starts = [0, afterLongestPause(times)]
      const assumed = Math.max(...starts.map((i) => (times.length - i) / (assumedBucketMillis + end - times[i]!)))
      if (assumed < perMilli) [perMilli, evidence] = [assumed, times.length]
    }
    this.#times = []
    this.#emptyAt = end
    this.#rejectedAt = undefined
    const burst = this.#firstBucket === undefined ? 0 : Math.max(1, held)
    return { perSecond: perMilli * 1000, ceilingPerSecond: isCeiling ? ceiling * 1000 : undefined, burst, evidence }
  }
}

/** The index after the longest pause, when the bucket is likeliest to have been full. */
const afterLongestPause = (times: ReadonlyArray<number>): number => {
  let [longest, index] = [0, 0]
  for (let next = 1; next < times.length; next++) {
    const pause = times[next]! - times[next - 1]!
    if (pause > longest) [longest, index] = [pause, next]
  }
  return index
}
