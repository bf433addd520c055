/** Reads the limits that the API reports in the headers of a response. */

/** A limit of a minute or another window, and how much of it remained when the request arrived. */
export interface ReportedLimit {
  readonly limit: number
  readonly remaining: number
  /** When all of it remains again, where the API names a time. */
  readonly reset?: Reset
}

/** In epoch milliseconds of this machine's clock; it may be later or earlier by the resolution, a second or a millisecond. */
export interface Reset {
  readonly at: number
  readonly resolutionMillis: number
}

export interface RateLimitHeaders {
  readonly requests?: ReportedLimit
  readonly input?: ReportedLimit
  readonly output?: ReportedLimit
  /** The headers that cannot be true, as they came; they are ignored. */
  readonly invalid: ReadonlyArray<string>
}

type Headers = Readonly<Record<string, string>>

const namesOf = (family: string) => {
  const prefix = `anthropic-ratelimit-${family}`
  return { family, limit: `${prefix}-limit`, remaining: `${prefix}-remaining`, reset: `${prefix}-reset` }
}

const families = {
  requests: namesOf("requests"),
  input: namesOf("input-tokens"),
  output: namesOf("output-tokens")
} as const
const dimensions = ["requests", "input", "output"] as const

/** Above the limits of any account, in tokens a minute: a larger number is an error of the header. */
const maxLimit = 1e12

/** A bucket is full again within minutes, and a reply may come an hour late: a reset further away than a day is an error. */
const dayMillis = 86_400_000

/** A clock that differs from that of the server by more is corrected: `date` has a resolution of a second. */
const maxSkewMillis = 2000

/** Reads the headers. A reset in 1970 is valid: the API sends it for a bucket that a rejected request never touched. */
export const read = (headers: Headers, now: number): RateLimitHeaders => {
  const reported: { -readonly [K in (typeof dimensions)[number]]?: ReportedLimit } = {}
  const invalid: Array<string> = []
  const skewMillis = skewOf(headers, now)
  for (const dimension of dimensions) {
    const names = families[dimension]
    const limitText = headers[names.limit]
    const remainingText = headers[names.remaining]
    if (limitText === undefined || remainingText === undefined) continue
    const reset = headers[names.reset]
    const resetAt = reset === undefined ? 0 : Date.parse(reset)
    const limit = countOf(limitText)
    const remaining = countOf(remainingText)
    if (limit >= 1 && limit <= maxLimit && remaining <= limit && isPlausible(resetAt, now)) {
      const isNamed = reset !== undefined && resetAt !== 0
      reported[dimension] = isNamed
        ? { limit, remaining, reset: resetOf(reset, resetAt, skewMillis) }
        : { limit, remaining }
    } else {
      invalid.push(`${names.family}: limit ${limitText}, remaining ${remainingText}, reset ${reset ?? "none"}`)
    }
  }
  return { ...reported, invalid }
}

/** How long the API asks to wait, in milliseconds; `undefined` where it names no time. */
export const retryAfterMillis = (headers: Headers): number | undefined => {
  const millis = Number(headers["retry-after"] ?? Number.NaN) * 1000
  return Number.isFinite(millis) ? millis : undefined
}

const countOf = (text: string): number => (/^\d+$/.test(text) ? Number(text) : Number.NaN)

const isPlausible = (at: number, now: number): boolean => at === 0 || Math.abs(at - now) < dayMillis

const resetOf = (reset: string, at: number, skewMillis: number): Reset => ({
  at: at - skewMillis,
  resolutionMillis: (/\.\d/.test(reset) ? 1 : 1000) + (skewMillis === 0 ? 0 : 1000)
})

/** How far the server's clock is ahead. */
const skewOf = (headers: Headers, now: number): number => {
  const millis = Date.parse(headers["date"] ?? "") + 500 - now
  return Math.abs(millis) > maxSkewMillis ? millis : 0
}
