/** What it takes to reach the API: the key, the address, and what sends the requests. */
import { type Redacted, Schema } from "effect"

/** Over which protocol requests are sent: HTTP/2 where the server speaks it, or HTTP/1.1 alone. */
export const Transport = Schema.Literals(["auto", "http1"]).annotate({
  description: "http1: send over HTTP/1.1 alone, for a gateway that has trouble with HTTP/2 (default: auto)",
  expected: '"auto" or "http1"'
})

/** In which header the key is sent. */
export const Auth = Schema.Literals(["bearer", "x-api-key"]).annotate({
  description: "The header of the key, as a gateway reads it: authorization (bearer, default) or x-api-key",
  expected: '"bearer" or "x-api-key"'
})

/** Where requests go for which no base URL is configured. */
export const defaultBaseUrl = "https://api.anthropic.com"

/** The key or token, where to send it, and how. */
export interface Options {
  readonly apiKey: Redacted.Redacted
  /** Default: `https://api.anthropic.com`. */
  readonly baseUrl?: string | undefined
  /** Default: connections that the whole process shares; outside of Node, or where it was replaced, the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Default: `"auto"`, HTTP/2 where the server speaks it. Without effect on a `fetch` of your own. */
  readonly transport?: typeof Transport.Type | undefined
  /** Default: `"bearer"`. */
  readonly auth?: typeof Auth.Type | undefined
  readonly client?: undefined
}
