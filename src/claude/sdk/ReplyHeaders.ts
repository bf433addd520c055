/** The response headers that a `Reply` or an `AskError` keeps. */
import { DateTime } from "effect"

/**
 * Keeps the rate-limit headers, `x-should-retry` and `request-id`. `retry-after` is kept in seconds, at least 0, whether the
 * server sent seconds or a date; it is left out for a 200, where the API gives it no meaning, and where it cannot be read.
 */
export const headersOf = (headers: Headers, is200: boolean): Record<string, string> => {
  const kept: Record<string, string> = {}
  // `for of` would make an array of each header.
  headers.forEach((value, name) => {
    if (name === "request-id" || name === "x-should-retry" || name.startsWith("anthropic-ratelimit-")) {
      kept[name] = value
    } else if (name === "retry-after" && !is200) {
      const seconds =
        value.trim() === "" ? Number.NaN : Number(httpDate.test(value) ? secondsUntil(value, headers) : value)
      if (Number.isFinite(seconds)) kept[name] = String(Math.max(0, seconds))
    }
  })
  return kept
}

/** The date format that RFC 9110 requires of senders. `Date.parse` accepts far more, such as `7`. */
const httpDate = /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/

/** Counts from the response's `date` header, so that a wrong local clock does not matter; without one, from the local time. */
const secondsUntil = (date: string, headers: Headers): number => {
  const sentAt = headers.get("date") ?? ""
  const now = httpDate.test(sentAt) ? Date.parse(sentAt) : DateTime.nowUnsafe().epochMilliseconds
  return (Date.parse(date) - now) / 1000
}
