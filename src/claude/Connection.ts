/** What it takes to reach the API: the key, the address, and what sends the requests. */
import type { Redacted } from "effect"

/** Where requests go for which no base URL is configured. */
export const defaultBaseUrl = "https://api.anthropic.com"

/** The key or token, where to send it, and how. */
export interface Options {
  readonly apiKey: Redacted.Redacted
  /** Default: `https://api.anthropic.com`. */
  readonly baseUrl?: string | undefined
  /** Default: connections that the whole process shares; outside of Node, or where it was replaced, the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined
}
