/** The response headers that the API sets. Those of its edge (cf-ray, via, …) are not simulated. */

/** Header values by lower-case name. */
export type HeaderList = Record<string, string>

/** Makes a W3C trace id and span id from 48 random letters. */
const hexadecimal = (letters: string): string => {
  const digits = [...letters].map((letter) => (letter.charCodeAt(0) % 16).toString(16)).join("")
  return `${digits.slice(0, 32)}-${digits.slice(32, 48)}`
}

/** Makes the headers of every reply; `trace` is 48 random letters, `serverMillis` the duration that the server reports. */
export const common = (requestId: string, trace: string, nowMillis: number, serverMillis: number): HeaderList => ({
  date: new Date(nowMillis).toUTCString(),
  "request-id": requestId,
  "anthropic-organization-id": "00000000-0000-4000-8000-000000000000",
  "anthropic-workspace-id": "wrkspc_simulated",
  "strict-transport-security": "max-age=31536000; includeSubDomains; preload",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-robots-tag": "none",
  "server-timing": `x-originResponse;dur=${Math.round(serverMillis)}`,
  traceresponse: `00-${hexadecimal(trace)}-01`,
  vary: "Accept-Encoding"
})

/** Every body is chunked. Without this header, MSW takes a body that was cut for a complete one, and an abort ends the process. */
const chunked: HeaderList = { "transfer-encoding": "chunked" }

/** The headers of a JSON body. */
export const json: HeaderList = { "content-type": "application/json", ...chunked }

/** The headers of an event stream. */
export const stream: HeaderList = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache",
  ...chunked
}

/** Makes the headers of the result file of a batch. */
export const jsonLines = (name: string): HeaderList => ({
  "content-type": "application/x-jsonl",
  "content-disposition": `attachment; filename*=utf-8''${name}`,
  ...chunked
})

/** The state of one rate limit: the limit a minute, what is left of it, and when it is full again. */
export interface LimitStatus {
  readonly limit: number
  readonly remaining: number
  /** Milliseconds since 1970; 0 where the API reports 1970. */
  readonly resetMillis: number
}

/** The last instant written: all resets within one second have the same text, and formatting a date is slow. */
let lastInstant = { second: 0, text: "1970-01-01T00:00:00Z" }

const instant = (millis: number): string => {
  const second = Math.floor(millis / 1000)
  if (lastInstant.second !== second)
    lastInstant = { second, text: `${new Date(second * 1000).toISOString().slice(0, 19)}Z` }
  return lastInstant.text
}

/** Makes the three headers of one family, such as `input-tokens`. Remaining tokens are rounded to thousands, as in the API. */
export const rateLimit = (family: string, status: LimitStatus): HeaderList => {
  const prefix = `anthropic-ratelimit-${family}`
  const rounded = family === "requests" ? Math.floor(status.remaining) : Math.round(status.remaining / 1000) * 1000
  return {
    [`${prefix}-limit`]: String(status.limit),
    [`${prefix}-remaining`]: String(Math.max(0, Math.min(status.limit, rounded))),
    [`${prefix}-reset`]: instant(status.resetMillis)
  }
}
