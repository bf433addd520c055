/** A request, read from the arguments of a `fetch` call. */
import * as Media from "./Media.ts"
import { parse, type UncheckedJson } from "./UncheckedJson.ts"

/** `json` is undefined if the body is not a JSON object; `signal` is the caller's. */
export interface Incoming {
  readonly method: string
  readonly url: URL
  readonly headers: Pick<Headers, "get">
  readonly text: string
  readonly json: UncheckedJson | undefined
  readonly signal: AbortSignal | undefined
}

/** The body of a request as JSON, with its media looked at. */
export const jsonOf = (text: string): UncheckedJson | undefined | Promise<UncheckedJson | undefined> => {
  const json = parse(text)
  return Media.isIn(text) ? Media.prepare(json).then(() => json) : json
}

/** Reads a request. A URL with a string body, the common case, is read without the cost of a `Request`. */
export const read = async (
  input: string | URL | Request,
  init?: RequestInit
): Promise<Incoming & { readonly headers: Headers }> => {
  const isPlain = !(input instanceof Request) && (init?.body == null || typeof init.body === "string")
  if (isPlain) {
    const text = typeof init?.body === "string" ? init.body : ""
    const read = jsonOf(text)
    // A request without media is read at once.
    const json = read instanceof Promise ? await read : read
    return {
      method: (init?.method ?? "GET").toUpperCase(),
      url: new URL(input),
      headers: new Headers(init?.headers),
      text,
      json,
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
    json: await jsonOf(text),
    signal: request.signal
  }
}
