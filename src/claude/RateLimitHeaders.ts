/** What the API says of its limits in the headers of a response. */
import { Context } from "effect"

/** One limit within a minute, and how much of it was left when the request came in. */
export interface Said {
  readonly limit: number
  readonly remaining: number
}

export interface RateLimitHeaders {
  readonly requests?: Said
  readonly input?: Said
  readonly output?: Said
  /** The headers that make no sense, as they came; they are not heeded. */
  readonly nonsense: ReadonlyArray<string>
}

type Headers = Readonly<Record<string, string>>

/** Called with the headers of a streamed response as soon as they are in, long before the reply is whole. */
export const Arrived = Context.Reference<(headers: Headers) => void>("fanfold/claude/RateLimitHeaders/Arrived", {
  defaultValue: () => () => {}
})

const partsOf = (family: string) => {
  const prefix = `anthropic-ratelimit-${family}`
  return { family, limit: `${prefix}-limit`, remaining: `${prefix}-remaining`, reset: `${prefix}-reset` }
}

const families = {
  requests: partsOf("requests"),
  input: partsOf("input-tokens"),
  output: partsOf("output-tokens")
} as const
const dimensions = ["requests", "input", "output"] as const

/** No limit is larger. */
const largest = 1e12

/** A bucket is full again within minutes, and a reply may come an hour late: beyond a day, even a wrong clock is no excuse. */
const dayMillis = 86_400_000

/** Reads the headers. The reset of a bucket that a refused request never touched is 1970, which is no nonsense. */
export const read = (headers: Headers, now: number): RateLimitHeaders => {
  const said: { -readonly [K in (typeof dimensions)[number]]?: Said } = {}
  const nonsense: Array<string> = []
  for (const dimension of dimensions) {
    const names = families[dimension]
    const [limit, remaining, reset] = [headers[names.limit], headers[names.remaining], headers[names.reset]]
    if (limit === undefined || remaining === undefined) continue
    const [whole, left] = [countOf(limit), countOf(remaining)]
    if (whole >= 1 && whole <= largest && left <= whole && isPlausible(reset, now)) {
      said[dimension] = { limit: whole, remaining: left }
    } else nonsense.push(`${names.family}: limit ${limit}, remaining ${remaining}, reset ${reset ?? "none"}`)
  }
  return { ...said, nonsense }
}

/** How long the API asks to wait, in milliseconds; `undefined` where it names no time. */
export const retryAfterMillis = (headers: Headers): number | undefined => {
  const millis = Number(headers["retry-after"] ?? Number.NaN) * 1000
  return Number.isFinite(millis) ? millis : undefined
}

const countOf = (text: string): number => (/^\d+$/.test(text) ? Number(text) : Number.NaN)

const isPlausible = (reset: string | undefined, now: number): boolean => {
  if (reset === undefined) return true
  const at = Date.parse(reset)
  return at === 0 || Math.abs(at - now) < dayMillis
}
