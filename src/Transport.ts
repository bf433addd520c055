/** The `fetch` that the SDK is given: undici without the cost of fetch, and HTTP/2 where the server speaks it. */
import type { buildConnector, Dispatcher, Pool } from "undici"
import { Exchange } from "./Exchange.ts"

type Fetch = typeof globalThis.fetch

/** How long an idle connection is kept: longer than a backoff, shorter than most servers keep it. */
const keepAliveMillis = 60_000

/** As many at once on one connection as most HTTP/2 servers allow. */
const requestsPerLane = 100

/** undici's own limit, far out: what a server allows counts, and ended streams are counted a moment longer than requests. */
const maxConcurrentStreams = 1000

/**
 * Sends over connections that the whole process shares. Proxy variables count, redirects are not followed, and only
 * connecting has a time limit. Where the global `fetch` is not Node's own, since this is not Node or since somebody replaced
 * it, that one sends.
 */
export const fetch: Fetch = (input, init) =>
  isNodes(globalThis.fetch)
    ? prepare().then((open) =>
        open === undefined ? globalThis.fetch(input, init) : send(open, new URL(input as string), init ?? {})
      )
    : globalThis.fetch(input, init)

/** Loads undici ahead of the first request; nothing where it does not work. */
export const prepare = (): Promise<(() => Dispatcher) | undefined> => (openLane ??= load().catch(() => undefined))

/** Where all copies of undici, Node's own too, look for the dispatcher of the global `fetch`: up to version 7, and from 8. */
const slots = [Symbol.for("undici.globalDispatcher.1"), Symbol.for("undici.globalDispatcher.2")] as const
const globals = globalThis as { [slot in (typeof slots)[number]]?: object | undefined }

/** What stands there where nobody chose anything; the last one lets the old slot see the new one's. */
const usual = new Set(["Agent", "EnvHttpProxyAgent", "Dispatcher1Wrapper"])

/** Tests intercept by another `fetch`, or another dispatcher of the global one; a request that got past them would be real. */
const isNodes = (fetch: Fetch): boolean =>
  String(fetch).includes("internal/deps/undici") &&
  slots.every((slot) => usual.has(globals[slot]?.constructor.name ?? "Agent"))

/**
 * Requests that share connections. undici opens connections to a server that may speak HTTP/2 one after the other, as each
 * turns out to be full: the tenth would be there after ten handshakes. Lanes open theirs side by side.
 */
interface Lane {
  readonly dispatcher: Dispatcher
  inFlight: number
}

const lanes: Array<Lane> = []
let openLane: Promise<(() => Dispatcher) | undefined> | undefined

const load = (): Promise<() => Dispatcher> => {
  const before = globals[slots[0]]
  return import("undici").then(({ buildConnector, EnvHttpProxyAgent, Pool }) => {
    // Loading undici changes who sends for the global `fetch`, which is not for a library to decide.
    globals[slots[0]] = before
    const tls = { allowH2: true, preferH2: true }
    const settings = {
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: keepAliveMillis,
      h2Options: { maxConcurrentStreams }
    }
    const factory = (origin: string | URL, { connect, ...options }: Pool.Options): Dispatcher =>
      new Pool(origin, {
        ...settings,
        ...options,
        connect: shareFailure(typeof connect === "function" ? connect : buildConnector(tls))
      })
    return () => new EnvHttpProxyAgent({ ...settings, requestTls: tls, factory })
  })
}

/** Those who wait for a connection fail with it: undici would let each try one of its own, one after the other's timeout. */
const shareFailure = (connect: buildConnector.connector): buildConnector.connector => {
  let failure: Error | undefined
  return (options, callback) => {
    if (failure !== undefined) {
      const shared = failure
      return queueMicrotask(() => callback(shared, null))
    }
    connect(options, (...result) => {
      const [error] = result
      if (error !== null) {
        failure = error
        setImmediate(() => (failure = undefined))
      }
      callback(...result)
    })
  }
}

const laneWithRoom = (open: () => Dispatcher): Lane => {
  const lane = lanes.find(({ inFlight }) => inFlight < requestsPerLane)
  if (lane !== undefined) return lane
  const fresh = { dispatcher: open(), inFlight: 0 }
  lanes.push(fresh)
  return fresh
}

const send = (open: () => Dispatcher, url: URL, { body, headers, method, signal }: RequestInit): Promise<Response> =>
  new Promise((resolve, reject) => {
    const lane = laneWithRoom(open)
    lane.inFlight++
    const exchange = new Exchange(url.href, resolve as never, reject, () => lane.inFlight--)
    if (signal?.aborted === true) return exchange.abort(signal.reason)
    // The SDK gives every request a signal of its own, so the listener goes when the request goes.
    signal?.addEventListener("abort", () => exchange.abort(signal.reason))
    const where = { origin: url.origin, path: url.pathname + url.search, method: method ?? "GET" }
    lane.dispatcher.dispatch({ ...where, body: body as string, headers: headers as Record<string, string> }, exchange)
  })
