/** The `fetch` that the SDK is given: Node's own HTTP without the cost of fetch, and HTTP/2 where the server speaks it. */
import { getProxyForUrl } from "proxy-from-env"
import { proxyOf } from "./Dialer.ts"
import { Exchange } from "./Exchange.ts"
import { Origin } from "./Origin.ts"

type Fetch = typeof globalThis.fetch

/**
 * Sends over connections that the whole process shares. Proxy variables count, redirects are not followed, and only
 * connecting has a time limit. Where the global `fetch` is not Node's own, since this is not Node or since somebody replaced
 * it, that one sends.
 */
export const fetch: Fetch = (input, init) => {
  const { body = "", headers, method = "GET", signal } = init ?? {}
  if (!isNodes(globalThis.fetch) || typeof body !== "string") return globalThis.fetch(input, init)
  const url = new URL(input as string | URL)
  const outgoing = { url, method, headers: fieldsOf(headers), body }
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason)
    const exchange = new Exchange(url.href, signal, resolve as never, reject)
    exchange.carry(() => originOf(url).send(outgoing, exchange))
  })
}

/** Does what can be done ahead of the first request, a connection included. What is wrong with the URL is for that one to tell. */
export const prepare = (baseUrl: string): void => {
  const url = URL.parse(baseUrl)
  if (url === null || !isNodes(globalThis.fetch)) return
  // Node loads its part for headers when it is first used, which takes longer than many requests.
  fieldsOf(undefined)
  // Through a proxy a connection is opened when it is needed: it may ask for money, or for a password.
  if (getProxyForUrl(url.href) === "") originOf(url).prepare()
}

/** Whether this sends by itself, and not the global `fetch` of somebody else. */
export const isOwn = (): boolean => isNodes(globalThis.fetch)

const origins = new Map<string, Origin>()

const originOf = (url: URL): Origin => {
  const known = origins.get(url.origin)
  if (known !== undefined) return known
  const origin = new Origin(url, proxyOf(getProxyForUrl(url.href)))
  origins.set(url.origin, origin)
  return origin
}

const fieldsOf = (headers: RequestInit["headers"]): Record<string, string> => {
  const fields: Record<string, string> = {}
  const all = headers instanceof Headers ? headers : new Headers(headers)
  all.forEach((value, name) => {
    fields[name] = value
  })
  return fields
}

/** Where all copies of undici, Node's own too, look for the dispatcher of the global `fetch`: up to version 7, and from 8. */
const slots = [Symbol.for("undici.globalDispatcher.1"), Symbol.for("undici.globalDispatcher.2")] as const
const globals = globalThis as { [slot in (typeof slots)[number]]?: Dispatcher | undefined }
interface Dispatcher {
  readonly dispatch: unknown
}

/** What stands there where nobody chose anything; the last one lets the old slot see the new one's. */
const usual = new Set(["Agent", "EnvHttpProxyAgent", "Dispatcher1Wrapper"])

/** Tests intercept by another `fetch`, or another dispatcher of the global one; a request that got past them would be real. */
const isNodes = (fetch: Fetch): boolean => {
  if (fetch !== seen.fetch) seen = { fetch, isNodes: String(fetch).includes("internal/deps/undici") }
  return seen.isNodes && slots.every((slot) => isUsual(globals[slot]))
}

let seen: { readonly fetch: Fetch | undefined; readonly isNodes: boolean } = { fetch: undefined, isNodes: false }

/** Interceptors (`compose`) hide behind the name of what they wrap, and have a `dispatch` of their own. */
const isUsual = (dispatcher: Dispatcher | undefined): boolean =>
  dispatcher === undefined ||
  (usual.has(dispatcher.constructor.name) && dispatcher.dispatch === dispatcher.constructor.prototype.dispatch)
