/** A token bucket: it refills continuously. More may be taken than it holds, so its level may be negative. */

const minuteMillis = 60_000

/** Above the rounding error of a level. */
const epsilon = 1e-6

/** `limit` is what flows in within a minute, `capacity` the most it holds. `now` is in epoch milliseconds everywhere. */
export class TokenBucket {
  #limit: number
  #capacity: number
  #level: number
  #at: number

  /** The bucket is full at first. */
  constructor(limit: number, capacity: number, now: number) {
    this.#limit = limit
    this.#capacity = capacity
    this.#level = capacity
    this.#at = now
  }

  get limit(): number {
    return this.#limit
  }

  get capacity(): number {
    return this.#capacity
  }

  level(now: number): number {
    // A clock that is set back does not drain the bucket.
    const refilled = (Math.max(0, now - this.#at) * this.#limit) / minuteMillis
    this.#level = Math.min(this.#capacity, this.#level + refilled)
    this.#at = now
    return this.#level
  }

  /** How long until `amount` can be taken, in milliseconds; an amount above the capacity needs a full bucket. */
  waitMillis(amount: number, now: number): number {
    const missing = Math.min(amount, this.#capacity) - this.level(now)
    return missing <= epsilon ? 0 : (missing * minuteMillis) / this.#limit
  }

  /** Takes `amount`, also where the bucket holds less; a negative amount is put back. */
  take(amount: number, now: number): void {
    this.#level = Math.min(this.#capacity, this.level(now) - amount)
  }

  /** Changes what flows in from now on, and the most it holds. */
  resize(limit: number, capacity: number, now: number): void {
    this.level(now)
    this.#limit = limit
    this.#capacity = capacity
  }

  set(level: number, now: number): void {
    this.#at = now
    this.#level = Math.min(this.#capacity, level)
  }

  /** Lowers the level to `level`, where it is higher. */
  lowerTo(level: number, now: number): void {
    this.#level = Math.min(level, this.level(now))
  }
}
