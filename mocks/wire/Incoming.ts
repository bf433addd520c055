/** A request as it arrived, read once from whatever `fetch` was called with. */
import { parse, type UncheckedJson } from "./UncheckedJson.ts"

/** `json` is absent when the body is not a JSON object; `signal` is the caller's. */
export interface Incoming {
  readonly method: string
  readonly url: URL
  readonly headers: Headers
  readonly text: string
  readonly json: UncheckedJson | undefined
  readonly signal: AbortSignal | undefined
}

/** Reads the arguments of a `fetch` call. The common case, a URL and a string body, builds no Request. */
export const read = async (input: string | URL | Request, init?: RequestInit): Promise<Incoming> => {
  const plain = !(input instanceof Request) && (init?.body == null || typeof init.body === "string")
  if (plain) {
    const text = typeof init?.body === "string" ? init.body : ""
    return {
      method: (init?.method ?? "GET").toUpperCase(),
      url: new URL(input),
      headers: new Headers(init?.headers),
      text,
      json: parse(text),
      signal: init?.signal ?? undefined
    }
  }
  const request = new Request(input, init)
  const text = await request.text()
  return {
    method: request.method,
    url: new URL(request.url),
    headers: request.headers,
    text,
    json: parse(text),
    signal: request.signal
  }
}
