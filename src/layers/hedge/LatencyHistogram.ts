/** How long calls took, counted by buckets of 1 %: thousands of calls need no more memory than a few. */

/** Fewer calls than that say nothing of the slowest one in twenty. */
const minCalls = 20

/** Each bucket ends 1 % above the one before; the last of them after some days. */
const resolution = 1.01
const edges = Float64Array.from({ length: 2048 }, (_, bucket) => resolution ** bucket - 1)

const bucketOf = (millis: number): number => {
  const bucket = Math.min(Math.floor(Math.log1p(millis) / Math.log(resolution)), edges.length - 2)
  // A logarithm may round down to the bucket below.
  return edges[bucket + 1]! <= millis && bucket < edges.length - 2 ? bucket + 1 : bucket
}

export class LatencyHistogram {
  readonly #counts = new Uint32Array(edges.length)
  #count = 0
  #longest = 0

  add(millis: number): void {
    const bucket = bucketOf(Math.max(0, millis))
    this.#counts[bucket]!++
    this.#count++
    this.#longest = Math.max(this.#longest, bucket)
  }

  /**
   * The time, in milliseconds, within which this share of all calls has ended, where `pending` more have not: infinite as
   * long as fewer have. Pending calls count whatever their age; otherwise, where calls leave one by one, the first would be
   * compared with the quickest only.
   */
  quantile(share: number, pending: number): number {
    const all = this.#count + pending
    const slower = this.#count - Math.ceil(share * all)
    if (all < minCalls || slower < 0) return Number.POSITIVE_INFINITY
    let bucket = this.#longest
    for (let seen = this.#counts[bucket]!; seen <= slower; seen += this.#counts[bucket]!) bucket--
    return edges[bucket + 1]!
  }
}
