/** The response headers that a `Reply` or an `AskError` keeps. */
import { DateTime } from "effect"

/**
 * Keeps the rate-limit headers, `x-should-retry` and `request-id`. `retry-after` is kept in seconds, at least 0, whether the
 * server sent seconds, a date or the more exact `retry-after-ms`; it is left out for a 200, where the API gives it no meaning,
 * and where it cannot be read.
 */
export const headersOf = (headers: Headers, is200: boolean): Record<string, string> => {
  const kept: Record<string, string> = {}
  // `for of` would make an array of each header.
  headers.forEach((value, name) => {
    if (name === "request-id" || name.startsWith("anthropic-ratelimit-")) kept[name] = value
    else if (name === "x-amzn-requestid") kept["request-id"] ??= value
    else if (name === "x-should-retry") kept[name] = value.trim().toLowerCase()
    else if (name === "retry-after" && !is200) keepSeconds(kept, secondsOf(value, headers))
  })
  if (!is200) keepSeconds(kept, numberOf(headers.get("retry-after-ms") ?? "") / 1000)
  return kept
}

const keepSeconds = (kept: Record<string, string>, seconds: number): void => {
  if (Number.isFinite(seconds)) kept["retry-after"] = String(Math.max(0, seconds))
}

const numberOf = (text: string): number => (text.trim() === "" ? Number.NaN : Number(text))

/** Counts from the response's `date` header, so that a wrong local clock does not matter; without one, from the local time. */
const secondsOf = (value: string, headers: Headers): number => {
  const until = timeOf(value)
  if (Number.isNaN(until)) return numberOf(value)
  const sentAt = timeOf(headers.get("date") ?? "")
  return (until - (Number.isNaN(sentAt) ? DateTime.nowUnsafe().epochMilliseconds : sentAt)) / 1000
}

/** The three date formats that RFC 9110 requires recipients to read, and that of RFC 3339. `Date.parse` accepts far more, such as `7`. */
const date = /^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)/

/** Epoch milliseconds; NaN where it is no date. The oldest of the formats, `Sun Nov  6 08:49:37 1994`, names no time zone: it is GMT. */
const timeOf = (text: string): number =>
  date.test(text) ? Date.parse(/\d{4}$/.test(text) && !/[+-]\d{4}$/.test(text) ? `${text} GMT` : text) : Number.NaN
