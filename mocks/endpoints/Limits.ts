/** Rate limits as the API has them: token buckets for requests, input and output tokens of a model class, refilled continuously. */
import * as ApiError from "../wire/ApiError.ts"
import * as Headers from "../wire/Headers.ts"
import { rateClass } from "../wire/Models.ts"

/** Requests, input and output tokens a minute, in the client's own time: `timeScale` does not touch what the headers promise. */
export interface Limits {
  readonly rpm?: number
  readonly itpm?: number
  readonly otpm?: number
  /** Seconds of the limit that may come at once; 60 unless given. 1 plays a limit that is enforced by the second. */
  readonly burstSeconds?: number
  /** Refuses more than `factor` times the requests of the 10 seconds before, once there are more than `floor`. */
  readonly acceleration?: { readonly factor: number; readonly floor: number }
}

/** What an account of the highest public tier was seen to have; told in headers, not enforced, when nothing is laid down. */
const generous = { rpm: 20_000, itpm: 10_000_000, otpm: 2_000_000 }

interface Bucket {
  readonly limit: number
  readonly capacity: number
  level: number
  atMillis: number
}

interface Class {
  readonly requests: Bucket
  readonly input: Bucket
  readonly output: Bucket
  readonly arrivals: Array<number>
}

const perMillis = (bucket: Bucket): number => bucket.limit / 60_000

const refill = (bucket: Bucket, now: number): void => {
  bucket.level = Math.min(bucket.capacity, bucket.level + (now - bucket.atMillis) * perMillis(bucket))
  bucket.atMillis = now
}

const seen = (bucket: Bucket, now: number): Headers.Budget => ({
  limit: bucket.limit,
  remaining: (bucket.level / bucket.capacity) * bucket.limit,
  resetMillis: now + Math.max(0, bucket.capacity - bucket.level) / perMillis(bucket)
})

/** Decides over requests, and writes the header families. */
export interface RateLimiter {
  /** Takes a request and its input, or says why not, with the headers of the refusal; `now` in milliseconds since 1970. */
  readonly admit: (
    model: string,
    inputTokens: number,
    now: number
  ) => { readonly error: ApiError.ApiError; readonly headers: Headers.HeaderList } | undefined
  /** Takes what the reply to a request that was let in produced, and gives the headers of that reply. */
  readonly recordOutput: (model: string, outputTokens: number, now: number) => Headers.HeaderList
}

const windowMillis = 10_000
const accelerationMessage =
  "This request would exceed your organization's usage increase rate limit. Please scale up your input tokens usage more gradually to stay within the acceleration limit."

/** Says whether one more arrival is a ramp too sharp, and remembers it if not. */
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

/** Makes the gate of a mock. Limits that are not laid down are shown generously and never refuse. */
export const make = (limits: Limits | undefined): RateLimiter => {
  const classes = new Map<string, Class>()
  const burst = (limits?.burstSeconds ?? 60) / 60
  const bucket = (limit: number, now: number): Bucket => {
    const capacity = Math.max(1, limit * burst)
    return { limit, capacity, level: capacity, atMillis: now }
  }
  const classOf = (model: string, now: number): Class => {
    const name = rateClass(model)
    const known = classes.get(name)
    if (known !== undefined) return known
    const made = {
      requests: bucket(limits?.rpm ?? generous.rpm, now),
      input: bucket(limits?.itpm ?? generous.itpm, now),
      output: bucket(limits?.otpm ?? generous.otpm, now),
      arrivals: []
    }
    classes.set(name, made)
    return made
  }
  const families = (own: Class, now: number, refused: boolean): Headers.HeaderList => {
    const [requests, input, output] = [seen(own.requests, now), seen(own.input, now), seen(own.output, now)]
    // A request that was refused never touched a bucket that is full: its reset reads 1970.
    const shown = (budget: Headers.Budget): Headers.Budget =>
      refused && budget.remaining >= budget.limit ? { ...budget, resetMillis: 0 } : budget
    const both = {
      limit: input.limit + output.limit,
      remaining: input.remaining + output.remaining,
      resetMillis: refused ? 0 : Math.max(input.resetMillis, output.resetMillis)
    }
    return {
      ...Headers.rateLimit("requests", requests),
      ...Headers.rateLimit("input-tokens", shown(input)),
      ...Headers.rateLimit("output-tokens", shown(output)),
      ...Headers.rateLimit("tokens", both)
    }
  }
  return {
    admit: (model, input, now) => {
      const own = classOf(model, now)
      refill(own.requests, now)
      refill(own.input, now)
      refill(own.output, now)
      const refuse = (kind: string, short: Bucket, needed: number): ReturnType<RateLimiter["admit"]> => {
        const missing = Math.min(needed, short.capacity) - short.level
        const seconds = Math.max(1, Math.ceil(missing / perMillis(short) / 1000))
        return { error: exceeded(kind, short.limit, model, seconds), headers: families(own, now, true) }
      }
      if (limits?.rpm !== undefined && own.requests.level < 1) return refuse("requests", own.requests, 1)
      if (limits?.itpm !== undefined && own.input.level < input) return refuse("input tokens", own.input, input)
      // Output is known only after the reply was produced: a bucket may go into debt, and then refuses.
      if (limits?.otpm !== undefined && own.output.level < 1) return refuse("output tokens", own.output, 1)
      if (limits?.acceleration !== undefined && accelerates(own.arrivals, limits.acceleration, now)) {
        const error = exceeded("requests", own.requests.limit, model, windowMillis / 1000)
        return { error: { ...error, message: accelerationMessage }, headers: families(own, now, true) }
      }
      if (limits?.rpm !== undefined) own.requests.level -= 1
      if (limits?.itpm !== undefined) own.input.level -= input
      return undefined
    },
    recordOutput: (model, output, now) => {
      const own = classOf(model, now)
      if (limits?.otpm !== undefined) own.output.level -= output
      return families(own, now, false)
    }
  }
}
