/**
 * Measures a token bucket that nobody tells of, by when calls left and which of them were refused. Where `n` calls pass in
 * a time `t` that begins with a full bucket and ends with an empty one, it holds `n - rate · t`, unless it ran over.
 */

/** Calls that left within so short a time left at once. */
const atOnceMillis = 20

/** A shorter time says little of a rate. */
const shortestMillis = 100

/** A rate that passes for so long is no burst; and of what is unknown, so many may have been one. */
const sustainedMillis = 5000
const likelyBurst = 8

/** Times that are kept: more add nothing to what the latest say. */
const remembered = 512

/** `rate` is in calls a second, 0 where nothing is known of it; `evidence` is how many calls speak for it. */
export interface Measured {
  readonly rate: number
  /** The true rate is rather lower: how much the bucket holds is not known, only what it holds at least. */
  readonly isCeiling: boolean
  /** How many may leave a full bucket at once. */
  readonly atOnce: number
  readonly evidence: number
}

export class BucketEstimator {
  /** When those left that were not refused, since the last rest. */
  #times: Array<number> = []
  /** When the last left of those that were refused since then. */
  #refusedAt: number | undefined
  /** When the bucket was last seen to be empty. */
  #emptyAt: number | undefined
  /** What passed of the first bucket, which was full, until it was empty. */
  #emptied: { readonly calls: number; readonly millis: number } | undefined

  leave(now: number): void {
    this.#times.push(now)
    if (this.#times.length <= remembered) return
    this.#times = this.#times.slice(-remembered / 2)
    this.#emptyAt = this.#times[0]
  }

  /** One that left then was refused; `isNews` where that shows an empty bucket. */
  refuse(leftAt: number, isNews: boolean): void {
    const index = this.#times.lastIndexOf(leftAt)
    // It left before the rest, which tells nothing that is not known.
    if (index < 0) return
    this.#times.splice(index, 1)
    if (isNews || this.isRefused) this.#refusedAt = Math.max(this.#refusedAt ?? leftAt, leftAt)
  }

  get isRefused(): boolean {
    return this.#refusedAt !== undefined
  }

  /** Calls a second that have passed since the last rest without a refusal, beyond those that may leave at once. */
  get sustained(): number {
    const [first = 0] = this.#times
    const millis = (this.#times.at(-1) ?? first) - first
    const beyond = this.#times.length - (this.#emptied?.calls ?? likelyBurst)
    return millis < sustainedMillis || beyond <= 0 ? 0 : (1000 * beyond) / millis
  }

  /** What is known after a rest, when it is also known who of those before was refused. */
  conclude(): Measured {
    const end = this.#refusedAt ?? 0
    const times = this.#times.filter((at) => at <= end)
    const isCeiling = this.#emptied === undefined
    const [first = end] = times
    const least = { calls: times.filter((at) => at < first + atOnceMillis).length, millis: 0 }
    const { calls, millis } = this.#emptied ?? least
    let [perMilli, evidence] = [0, 0]
    const look = (calls: number, millis: number) => {
      if (millis >= shortestMillis && calls / millis > perMilli) [perMilli, evidence] = [calls / millis, calls]
    }
    // At the moment when it was full last, all calls after it are explained; at others, fewer. So the highest rate is true.
    for (const [index, at] of times.entries()) {
      if (isCeiling && index > 0 && index !== afterLongestPause(times)) continue
      if (end - at >= 2 * millis) look(times.length - index - calls, end - at - millis)
    }
    // What passes from one empty bucket to the next has flowed in between, and perhaps more.
    if (this.#emptyAt !== undefined) look(times.length, end - this.#emptyAt)
    if (times.length > 0) this.#emptied ??= { calls: times.length, millis: end - first }
    const held = this.#emptied === undefined ? 0 : this.#emptied.calls - perMilli * this.#emptied.millis
    this.#times = []
    this.#emptyAt = end
    this.#refusedAt = undefined
    return { rate: perMilli * 1000, isCeiling, atOnce: this.#emptied === undefined ? 0 : Math.max(1, held), evidence }
  }
}

/** When a bucket is likeliest to have filled. */
const afterLongestPause = (times: ReadonlyArray<number>): number => {
  let [longest, index] = [0, 0]
  for (let next = 1; next < times.length; next++) {
    const pause = times[next]! - times[next - 1]!
    if (pause > longest) [longest, index] = [pause, next]
  }
  return index
}
