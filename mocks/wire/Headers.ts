/** The response headers that the API sets. Those of its edge (cf-ray, via, …) are not simulated. */

/** Header values by lower-case name. */
export type HeaderList = Record<string, string>

/** Formats the whole second of a time; keeps the last text, as formatting a date is slow and many times have the same second. */
const bySecond = (format: (date: Date) => string): ((millis: number) => string) => {
  let last = { second: Number.NaN, text: "" }
  return (millis) => {
    const second = Math.floor(millis / 1000)
    if (last.second !== second) last = { second, text: format(new Date(second * 1000)) }
    return last.text
  }
}

const httpDate = bySecond((date) => date.toUTCString())
const instant = bySecond((date) => `${date.toISOString().slice(0, 19)}Z`)

/** Makes the headers of every reply; `trace` is 48 hexadecimal digits, `serverMillis` the duration that the server reports. */
export const common = (requestId: string, trace: string, nowMillis: number, serverMillis: number): HeaderList => ({
  date: httpDate(nowMillis),
  "request-id": requestId,
  "anthropic-organization-id": "00000000-0000-4000-8000-000000000000",
  "anthropic-workspace-id": "wrkspc_simulated",
  "strict-transport-security": "max-age=31536000; includeSubDomains; preload",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-robots-tag": "none",
  "server-timing": `x-originResponse;dur=${Math.round(serverMillis)}`,
  traceresponse: `00-${trace.slice(0, 32)}-${trace.slice(32)}-01`,
  vary: "Accept-Encoding"
})

/**
 * Adds what a body without a length has. Without this header, MSW takes a body that was cut for a complete one, and an abort ends the
 * process. Node's server adds it itself.
 */
export const withTransferEncoding = (headers: HeaderList): HeaderList =>
  headers["content-length"] === undefined ? { ...headers, "transfer-encoding": "chunked" } : headers

/** The headers of a JSON body. */
export const json: HeaderList = { "content-type": "application/json" }

/** The headers of an event stream. */
export const stream: HeaderList = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache"
}

/** Makes the headers of the result file of a batch. */
export const jsonLines = (name: string): HeaderList => ({
  "content-type": "application/x-jsonl",
  "content-disposition": `attachment; filename*=utf-8''${name}`
})

/** The state of one rate limit: the limit a minute, what is left of it, and when it is full again. */
export interface LimitStatus {
  readonly limit: number
  readonly remaining: number
  /** Milliseconds since 1970; 0 where the API reports 1970. */
  readonly resetMillis: number
}

const remaining = (limit: number, rounded: number): string => String(Math.max(0, Math.min(limit, rounded)))

/** Remaining tokens are rounded to thousands, as in the API. */
const remainingTokens = (status: LimitStatus): string =>
  remaining(status.limit, Math.round(status.remaining / 1000) * 1000)

/** Makes the headers of the four rate limits; `tokens` is the sum of input and output. */
export const rateLimits = (
  requests: LimitStatus,
  input: LimitStatus,
  output: LimitStatus,
  tokens: LimitStatus
): HeaderList => ({
  "anthropic-ratelimit-requests-limit": String(requests.limit),
  "anthropic-ratelimit-requests-remaining": remaining(requests.limit, Math.floor(requests.remaining)),
  "anthropic-ratelimit-requests-reset": instant(requests.resetMillis),
  "anthropic-ratelimit-input-tokens-limit": String(input.limit),
  "anthropic-ratelimit-input-tokens-remaining": remainingTokens(input),
  "anthropic-ratelimit-input-tokens-reset": instant(input.resetMillis),
  "anthropic-ratelimit-output-tokens-limit": String(output.limit),
  "anthropic-ratelimit-output-tokens-remaining": remainingTokens(output),
  "anthropic-ratelimit-output-tokens-reset": instant(output.resetMillis),
  "anthropic-ratelimit-tokens-limit": String(tokens.limit),
  "anthropic-ratelimit-tokens-remaining": remainingTokens(tokens),
  "anthropic-ratelimit-tokens-reset": instant(tokens.resetMillis)
})
