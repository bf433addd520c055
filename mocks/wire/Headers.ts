/** The response headers that the API itself sets; those of its edge (cf-ray, via, …) are left out. */

/** Names and values, ready for `new Response`. */
export type HeaderList = Record<string, string>

/** A W3C trace id and span id made of 48 letters. */
const hexadecimal = (letters: string): string => {
  const digits = [...letters].map((letter) => (letter.charCodeAt(0) % 16).toString(16)).join("")
  return `${digits.slice(0, 32)}-${digits.slice(32, 48)}`
}

/** Sent with every answer of the API. */
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

/** Every body comes in chunks. Without this header interceptors take a cut body for a whole one, and an abort ends the process. */
const chunked: HeaderList = { "transfer-encoding": "chunked" }

/** For a JSON body. */
export const json: HeaderList = { "content-type": "application/json", ...chunked }

/** For a stream. */
export const stream: HeaderList = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache",
  ...chunked
}

/** For the result file of a batch. */
export const jsonLines = (name: string): HeaderList => ({
  "content-type": "application/x-jsonl",
  "content-disposition": `attachment; filename*=utf-8''${name}`,
  ...chunked
})

/** One dimension of the rate limits: its limit, what is left, and when it is full again. */
export interface Budget {
  readonly limit: number
  readonly remaining: number
  /** Milliseconds since 1970; 0 for a bucket that a refused request never touched. */
  readonly resetMillis: number
}

const instant = (millis: number): string => new Date(millis).toISOString().replace(/\.\d{3}Z$/, "Z")

/** Writes one family; tokens that remain are rounded to thousands, as the API does. */
export const rateLimit = (family: string, budget: Budget): HeaderList => {
  const prefix = `anthropic-ratelimit-${family}`
  const rounded = family === "requests" ? Math.floor(budget.remaining) : Math.round(budget.remaining / 1000) * 1000
  return {
    [`${prefix}-limit`]: String(budget.limit),
    [`${prefix}-remaining`]: String(Math.max(0, Math.min(budget.limit, rounded))),
    [`${prefix}-reset`]: instant(budget.resetMillis)
  }
}
