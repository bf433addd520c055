/**
 * The `fetch` that the SDK is given, over HTTP/1.1 of its own and Node's HTTP/2.
 *
 * Measured against undici 8.13.1, `Agent({ allowH2: true })` (Node 24.21, 2 busy cores, loopback, medians of 5 interleaved runs; in
 * this order: ours, undici's `request`, undici's `fetch`). CPU milliseconds a call over HTTP/2 0.087, 0.094, 0.261. First 1,000
 * requests at once, answered after 100 ms: 1,104, 851, 2,705 ms.
 * Over HTTP/2, 800 requests, 8 at a time, aborted 0 to 2 ms after sending, took 0.3 s here (5 of 5 runs). Both of undici's did not end
 * within 8 s (5 of 5 each): the event loop was blocked, and memory grew to 9.7 GB where it was left running.
 * Resets and lost connections in mid-body failed the same requests in all three. After REFUSED_STREAM, undici's `fetch` fails;
 * ours and `request` send again. `EnvHttpProxyAgent` ignores `ALL_PROXY` and uses `HTTP_PROXY` for https URLs too.
 */
import { getProxyForUrl } from "proxy-from-env"
import { processBudget } from "./ConnectionBudget.ts"
import { proxyOf } from "./Dialer.ts"
import { Exchange } from "./Exchange.ts"
import { Origin } from "./Origin.ts"

type Fetch = typeof globalThis.fetch

/** `auto`: HTTP/2 where the server speaks it; `http1`: HTTP/1.1 alone. */
export type Protocol = "auto" | "http1"

/**
 * Sends over connections that the whole process shares. The proxy variables are honoured, redirects are not followed, and
 * only connecting has a time limit (10 s a step). Calls the global `fetch` instead if that is not Node's own (another runtime, or
 * a test has replaced it or its dispatcher), or if the body is not a string. Rejects with a `TypeError`, or the signal's reason.
 */
export const fetch: Fetch = (input, init) => fetchOver("auto", input, init ?? {})

/** As `fetch`, over this protocol. The global `fetch`, where it is called instead, has a protocol of its own. */
export const fetchOver = (protocol: Protocol, input: Parameters<Fetch>[0], init: Init = {}): Promise<Response> => {
  const { body = "", headers, method = "GET", signal, ...others } = init
  if (!isOwn() || !(typeof body === "string" || isParts(body))) {
    const given = { ...others, method, headers: new Headers(headers), ...(signal !== undefined && { signal }) }
    if (init.body == null) return globalThis.fetch(input, given)
    return globalThis.fetch(input, {
      ...given,
      body: isParts(body) ? new Blob([...body] as Array<Uint8Array<ArrayBuffer>>) : body
    })
  }
  const url = input instanceof URL ? input : new URL(input as string)
  const outgoing = { url, method, headers: fieldsOf(headers), body }
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason)
    const exchange = new Exchange(url.href, signal, resolve as never, reject)
    exchange.start(() => originOf(url, protocol).send(outgoing, exchange))
  })
}

/** As `fetch` takes it; a body may be bytes in parts. */
type Init = Omit<RequestInit, "body"> & { readonly body?: RequestInit["body"] | ReadonlyArray<Uint8Array> }

const isParts = (body: Init["body"]): body is ReadonlyArray<Uint8Array> => Array.isArray(body)

/** Headers for many calls of `fetch`, which reads them faster than `Headers`. */
export const prepareHeaders = (headers: Headers): Readonly<Record<string, string>> => {
  const fields = fieldsOf(headers)
  prepared.add(fields)
  return fields
}

/** What `prepareHeaders` has made. */
const prepared = new WeakSet<object>()

/** Does ahead of the first request what takes time: opens a connection, loads Node's `Headers`. Ignores an invalid URL. */
export const prepare = (baseUrl: string, protocol: Protocol = "auto"): void => {
  const url = URL.parse(baseUrl)
  if (url === null || !isOwn()) return
  // Node loads its implementation of `Headers` at the first use, which takes longer than sending many requests.
  fieldsOf(undefined)
  // A proxy may charge for a connection or ask for a password, so it is contacted for a request only.
  if (getProxyForUrl(url.href) === "") originOf(url, protocol).prepare()
}

/** Whether `fetch` sends over its own connections, and does not call the global `fetch`. */
export const isOwn = (): boolean => isNodes(globalThis.fetch)

/**
 * Returns how many requests to a base URL can be on their way at once: as many as HTTP/1.1 connections may be open. Infinite
 * over HTTP/2, whose connections carry many requests, and before the protocol is known.
 */
export const maxRequestsTo = (baseUrl: string, protocol: Protocol = "auto"): (() => number) => {
  const url = URL.parse(baseUrl)
  const isHttp1 = protocol === "http1" || url?.protocol === "http:"
  const key = keyOf(url?.origin ?? "", protocol)
  return () => {
    const usesHttp1 = origins.get(key)?.usesHttp1 ?? isHttp1
    return usesHttp1 && isOwn() ? processBudget.max : Number.POSITIVE_INFINITY
  }
}

const origins = new Map<string, Origin>()

const keyOf = (origin: string, protocol: Protocol): string => (protocol === "auto" ? origin : `${origin} ${protocol}`)

const originOf = (url: URL, protocol: Protocol): Origin => {
  if (latest?.href !== url.href || latest.protocol !== protocol) {
    latest = { href: url.href, protocol, origin: findOrigin(url, protocol) }
  }
  return latest.origin
}

/** The origin of the latest request: most go to one URL, whose parts take time to read. */
let latest: { readonly href: string; readonly protocol: Protocol; readonly origin: Origin } | undefined

const findOrigin = (url: URL, protocol: Protocol): Origin => {
  const key = keyOf(url.origin, protocol)
  const existing = origins.get(key)
  if (existing !== undefined) return existing
  const origin = new Origin(url, proxyOf(getProxyForUrl(url.href)), protocol === "http1")
  origins.set(key, origin)
  return origin
}

const fieldsOf = (headers: RequestInit["headers"]): Record<string, string> => {
  if (typeof headers === "object" && prepared.has(headers)) return headers as Record<string, string>
  const fields: Record<string, string> = {}
  const all = headers instanceof Headers ? headers : new Headers(headers)
  all.forEach((value, name) => {
    fields[name] = value
  })
  return fields
}

/** The global variables in which undici, also Node's copy, keeps the dispatcher of the global `fetch`: versions 5 to 7, and 8. */
const slots = [Symbol.for("undici.globalDispatcher.1"), Symbol.for("undici.globalDispatcher.2")] as const
const globals = globalThis as { [slot in (typeof slots)[number]]?: Dispatcher | undefined }
interface Dispatcher {
  readonly dispatch: unknown
}

/** Classes of undici's default dispatchers; `Dispatcher1Wrapper` makes the dispatcher of version 8 available to version 7. */
const defaultClasses = new Set(["Agent", "EnvHttpProxyAgent", "Dispatcher1Wrapper"])

/** Whether neither the global `fetch` nor its dispatcher was replaced. Tests do both, and must see each request. */
const isNodes = (fetch: Fetch): boolean => {
  if (fetch !== checked.fetch) checked = { fetch, isNodes: String(fetch).includes("internal/deps/undici") }
  return checked.isNodes && slots.every((slot) => isDefault(globals[slot]))
}

/** The function that was checked last, as reading its source text takes time. */
let checked: { readonly fetch: Fetch | undefined; readonly isNodes: boolean } = { fetch: undefined, isNodes: false }

/** An interceptor (`compose`) has the class name of the dispatcher it wraps, and is known by a `dispatch` of its own. */
const isDefault = (dispatcher: Dispatcher | undefined): boolean =>
  dispatcher === undefined ||
  (defaultClasses.has(dispatcher.constructor.name) && dispatcher.dispatch === dispatcher.constructor.prototype.dispatch)
