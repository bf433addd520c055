/** A token bucket that refills continuously, and how the rate-limit headers show it. Times are milliseconds since 1970. */
import type { LimitStatus } from "../wire/Headers.ts"

/** `limit` is a minute's refill, `capacity` the highest level; the level falls below 0 when output exceeds it. */
export interface TokenBucket {
  readonly limit: number
  readonly capacity: number
  level: number
  atMillis: number
}

const perMillis = (bucket: TokenBucket): number => bucket.limit / 60_000

/** Makes a full bucket; `burstMinutes` is the share of a minute's limit that it holds. */
export const make = (limit: number, burstMinutes: number, now: number): TokenBucket => {
  const capacity = Math.max(1, limit * burstMinutes)
  return { limit, capacity, level: capacity, atMillis: now }
}

/** Adds what has refilled since the last call. */
export const refill = (bucket: TokenBucket, now: number): void => {
  bucket.level = Math.min(bucket.capacity, bucket.level + (now - bucket.atMillis) * perMillis(bucket))
  bucket.atMillis = now
}

/** Gives the whole seconds, at least 1, until the bucket holds `needed`, or is full if it never holds that much. */
export const secondsUntil = (bucket: TokenBucket, needed: number): number => {
  const missing = Math.min(needed, bucket.capacity) - bucket.level
  return Math.max(1, Math.ceil(missing / perMillis(bucket) / 1000))
}

/** Gives what the headers report: the share of the capacity that is left, scaled to the limit of a minute. */
export const status = (bucket: TokenBucket, now: number): LimitStatus => ({
  limit: bucket.limit,
  remaining: (bucket.level / bucket.capacity) * bucket.limit,
  resetMillis: now + Math.max(0, bucket.capacity - bucket.level) / perMillis(bucket)
})
