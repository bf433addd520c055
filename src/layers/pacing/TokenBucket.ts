/** A token bucket: refilled continuously, taken from at once. What was taken may turn out to be more: it may be in debt. */

const perMinute = 60_000

/** What a rounding error may hide. */
const grain = 1e-6

/** `limit` is what flows in within a minute, `capacity` the most it holds. `now` is in epoch milliseconds everywhere. */
export class TokenBucket {
  #limit: number
  #capacity: number
  #level: number
  #at: number

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
    // A clock that is set back must not drain the bucket.
    const refilled = (Math.max(0, now - this.#at) * this.#limit) / perMinute
    this.#level = Math.min(this.#capacity, this.#level + refilled)
    this.#at = now
    return this.#level
  }

  /** How long until `amount` can be taken; an amount beyond the capacity needs a full bucket. */
  waitMillis(amount: number, now: number): number {
    const missing = Math.min(amount, this.#capacity) - this.level(now)
    return missing <= grain ? 0 : (missing * perMinute) / this.#limit
  }

  /** Takes, whether it is there or not; a negative amount is given back. */
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

  /** Lowers the level to what another knows better. */
  lower(level: number, now: number): void {
    this.#level = Math.min(level, this.level(now))
  }
}
