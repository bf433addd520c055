/** Durations, counted by the bounds that the conventions advise. */
import { bounds } from "./Names.ts"

export class Histogram {
  count = 0
  sum = 0
  min = Number.POSITIVE_INFINITY
  max = Number.NEGATIVE_INFINITY
  /** One for each bound, and one for what is above the last. */
  readonly buckets = Array.from({ length: bounds.length + 1 }, () => 0)

  add(seconds: number): void {
    this.count++
    this.sum += seconds
    if (seconds < this.min) this.min = seconds
    if (seconds > this.max) this.max = seconds
    let bucket = 0
    while (bucket < bounds.length && seconds > bounds[bucket]!) bucket++
    this.buckets[bucket]!++
  }
}
