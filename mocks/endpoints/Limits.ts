/** Rate limits as the API has them: token buckets for the requests, input tokens and output tokens of each model class. */
import * as ApiError from "../wire/ApiError.ts"
import * as Headers from "../wire/Headers.ts"
import { rateClass } from "../wire/Models.ts"
import * as TokenBucket from "./TokenBucket.ts"

/** Requests, input and output tokens a minute of the clock's time: `timeScale` does not apply, as clients wait in real time. */
export interface Limits {
  readonly rpm?: number
  readonly itpm?: number
  readonly otpm?: number
  /** Seconds of the limit that may be used at once; 60 by default. 1 simulates a limit that is enforced by the second. */
  readonly burstSeconds?: number
  /** Rejects more than `factor` times the requests of the 10 seconds before, once there are more than `floor` in 10 seconds. */
  readonly acceleration?: { readonly factor: number; readonly floor: number }
}

/** Recorded from an account of the highest public tier. Reported in headers, but not enforced, for limits that are not given. */
const defaults = { rpm: 20_000, itpm: 10_000_000, otpm: 2_000_000 }

interface ModelClass {
  readonly requests: TokenBucket.TokenBucket
  readonly input: TokenBucket.TokenBucket
  readonly output: TokenBucket.TokenBucket
  /** Times of the requests admitted in the last 20 seconds, while `acceleration` is set. */
  readonly arrivals: Array<number>
}

/** A 429 and the rate-limit headers that go with it. */
export interface Rejection {
  readonly error: ApiError.ApiError
  readonly headers: Headers.HeaderList
}

/** Admits or rejects requests, and makes the rate-limit headers. Times are milliseconds since 1970. */
export interface RateLimiter {
  /** Takes one request and its input tokens from the buckets, or takes nothing and gives the rejection. */
  readonly admit: (model: string, inputTokens: number, nowMillis: number) => Rejection | undefined
  /** Takes the output tokens of an admitted request, which may leave a negative level, and gives the headers of its reply. */
  readonly recordOutput: (model: string, outputTokens: number, nowMillis: number) => Headers.HeaderList
}

const windowMillis = 10_000
const accelerationMessage =
  "This request would exceed your organization's usage increase rate limit. Please scale up your input tokens usage more gradually to stay within the acceleration limit."

/** Gives whether one more request exceeds the acceleration limit; records its arrival if not. */
const accelerates = (arrivals: Array<number>, rule: NonNullable<Limits["acceleration"]>, now: number): boolean => {
  while (arrivals.length > 0 && arrivals[0]! <= now - 2 * windowMillis) arrivals.shift()
  const recent = arrivals.filter((at) => at > now - windowMillis).length
  const before = arrivals.length - recent
  if (recent >= Math.max(rule.floor, rule.factor * before)) return true
  arrivals.push(now)
  return false
}

const exceeded = (kind: string, limit: number, model: string, seconds: number): ApiError.ApiError => ({
  status: 429,
  type: "rate_limit_error",
  message: `This request would exceed your organization's rate limit of ${limit.toLocaleString("en-US")} ${kind} per minute (org: 00000000-0000-0000-0000-000000000000, model: ${model}). For details, refer to: https://docs.claude.com/en/api/rate-limits. You can see the response headers for current usage. Please reduce the prompt length or the maximum tokens requested, or try again later.`,
  retryAfterSeconds: seconds,
  shouldRetry: true
})

/** Makes the four header families of a reply, or of a 429 if `isRejected`. */
const headersOf = (buckets: ModelClass, now: number, isRejected: boolean): Headers.HeaderList => {
  const requests = TokenBucket.status(buckets.requests, now)
  const input = TokenBucket.status(buckets.input, now)
  const output = TokenBucket.status(buckets.output, now)
  // The API reports 1970 as the reset of a full bucket that a rejected request did not take from.
  const shown = (status: Headers.LimitStatus): Headers.LimitStatus =>
    isRejected && status.remaining >= status.limit ? { ...status, resetMillis: 0 } : status
  const both = {
    limit: input.limit + output.limit,
    remaining: input.remaining + output.remaining,
    resetMillis: isRejected ? 0 : Math.max(input.resetMillis, output.resetMillis)
  }
  return Headers.rateLimits(requests, shown(input), shown(output), both)
}

/** Makes the rate limiter of a mock. Only the limits that are given are enforced. */
export const make = (limits: Limits | undefined): RateLimiter => {
  const classes = new Map<string, ModelClass>()
  const burstMinutes = (limits?.burstSeconds ?? 60) / 60
  const classOf = (model: string, now: number): ModelClass => {
    const name = rateClass(model)
    const known = classes.get(name)
    if (known !== undefined) return known
    const made = {
      requests: TokenBucket.make(limits?.rpm ?? defaults.rpm, burstMinutes, now),
      input: TokenBucket.make(limits?.itpm ?? defaults.itpm, burstMinutes, now),
      output: TokenBucket.make(limits?.otpm ?? defaults.otpm, burstMinutes, now),
      arrivals: []
    }
    classes.set(name, made)
    return made
  }
  return {
    admit: (model, inputTokens, now) => {
      const own = classOf(model, now)
      TokenBucket.refill(own.requests, now)
      TokenBucket.refill(own.input, now)
      TokenBucket.refill(own.output, now)
      const reject = (kind: string, bucket: TokenBucket.TokenBucket, needed: number): Rejection => ({
        error: exceeded(kind, bucket.limit, model, TokenBucket.secondsUntil(bucket, needed)),
        headers: headersOf(own, now, true)
      })
      if (limits?.rpm !== undefined && own.requests.level < 1) return reject("requests", own.requests, 1)
      if (limits?.itpm !== undefined && own.input.level < inputTokens) {
        return reject("input tokens", own.input, inputTokens)
      }
      // The output of a request is unknown at its arrival: `recordOutput` makes the level negative, and the next is rejected.
      if (limits?.otpm !== undefined && own.output.level < 1) return reject("output tokens", own.output, 1)
      if (limits?.acceleration !== undefined && accelerates(own.arrivals, limits.acceleration, now)) {
        const error = exceeded("requests", own.requests.limit, model, windowMillis / 1000)
        return { error: { ...error, message: accelerationMessage }, headers: headersOf(own, now, true) }
      }
      if (limits?.rpm !== undefined) own.requests.level -= 1
      if (limits?.itpm !== undefined) own.input.level -= inputTokens
      return undefined
    },
    recordOutput: (model, outputTokens, now) => {
      const own = classOf(model, now)
      if (limits?.otpm !== undefined) own.output.level -= outputTokens
      return headersOf(own, now, false)
    }
  }
}
