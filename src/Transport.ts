/** The `fetch` that the SDK is given: undici without the cost of fetch, and HTTP/2 where the server speaks it. */
import type { Transform } from "node:stream"
import type { buildConnector, Dispatcher, Pool } from "undici"

type Fetch = typeof globalThis.fetch

/** How long an idle connection is kept: longer than a backoff, shorter than most servers keep it. */
const keepAliveMillis = 60_000

/** What most HTTP/2 servers allow on one connection. */
const requestsPerLane = 100

/**
 * Sends over connections that the whole process shares. Proxy variables count, redirects are not followed, and only
 * connecting has a time limit. Where the global `fetch` is not Node's own, since this is not Node or since somebody replaced
 * it, that one sends.
 */
export const fetch: Fetch = (input, init) =>
  isNodes(globalThis.fetch)
    ? (openLane ??= load()).then((open) => send(open, new URL(String(input)), init ?? {}))
    : globalThis.fetch(input, init)

/** Where all copies of undici, Node's own too, look for the dispatcher of the global `fetch`: up to version 7, and from 8. */
const slots = [Symbol.for("undici.globalDispatcher.1"), Symbol.for("undici.globalDispatcher.2")] as const
const globals = globalThis as { [slot in (typeof slots)[number]]?: object | undefined }

/** What stands there where nobody chose anything; the last one lets the old slot see the new one's. */
const usual = ["Agent", "EnvHttpProxyAgent", "Dispatcher1Wrapper"]

/** Tests intercept by another `fetch`, or another dispatcher of the global one; a request that got past them would be real. */
const isNodes = (fetch: Fetch): boolean =>
  String(fetch).includes("internal/deps/undici") &&
  slots.every((slot) => usual.includes(globals[slot]?.constructor.name ?? "Agent"))

/**
 * Requests that share connections. undici opens connections to a server that may speak HTTP/2 one after the other, as each
 * turns out to be full: the tenth would be there after ten handshakes. Lanes open theirs side by side.
 */
interface Lane {
  readonly dispatcher: Dispatcher
  inFlight: number
}

const lanes: Array<Lane> = []
let openLane: Promise<() => Dispatcher> | undefined

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
      h2Options: { maxConcurrentStreams: requestsPerLane }
    }
    const factory = (origin: string | URL, { connect, ...options }: Pool.Options): Dispatcher =>
      new Pool(origin, {
        ...settings,
        ...options,
        connect: shareFailure(typeof connect === "function" ? connect : buildConnector(tls))
      })
    return () => new EnvHttpProxyAgent({ ...settings, requestTls: tls, factory: factory as never })
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

const send = (open: () => Dispatcher, url: URL, { body, headers, method, signal }: RequestInit): Promise<Response> =>
  new Promise((resolve, reject) => {
    let lane = lanes.find(({ inFlight }) => inFlight < requestsPerLane)
    if (lane === undefined) lanes.push((lane = { dispatcher: open(), inFlight: 0 }))
    lane.inFlight++
    const exchange = new Exchange(url.href, lane, resolve as never, reject)
    if (signal?.aborted === true) return exchange.abort(signal.reason)
    // The SDK gives every request a signal of its own, so the listener goes when the request goes.
    signal?.addEventListener("abort", () => exchange.abort(signal.reason))
    const where = { origin: url.origin, path: url.pathname + url.search, method: method ?? "GET" }
    lane.dispatcher.dispatch({ ...where, body: body as string, headers: headers as Record<string, string> }, exchange)
  })

/** Of `Headers` what is used here, and for a tenth of its cost. */
class ResponseHeaders extends Map<string, string> {
  override get(name: string): string {
    return super.get(name) ?? (null as never)
  }
}

/** A request and its response in one. Of `Response` and a body's reader it has what the SDK and `Sdk.ts` use. */
class Exchange implements Dispatcher.DispatchHandler {
  status = 0
  readonly headers = new ResponseHeaders()
  readonly url: string
  readonly #lane: Lane
  readonly #resolve: (response: Exchange) => void
  readonly #reject: (error: unknown) => void
  readonly #chunks: Array<Uint8Array> = []
  #controller: Dispatcher.DispatchController | undefined
  #decoder: Transform | undefined
  #end: { readonly error?: Error } | undefined
  #wake: (() => void) | undefined

  constructor(url: string, lane: Lane, resolve: (response: Exchange) => void, reject: (error: unknown) => void) {
    this.url = url
    this.#lane = lane
    this.#resolve = resolve
    this.#reject = reject
  }

  abort(error: Error): void {
    this.#finish(error)
    this.#controller?.abort(error)
    this.#reject(error)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#end?.error !== undefined) controller.abort(this.#end.error)
  }

  onResponseStart(_: unknown, status: number, headers: Dispatcher.ResponseData["headers"]): void {
    if (status < 200) return
    this.status = status
    for (const name in headers) this.headers.set(name, String(headers[name]))
    this.#decoder = decoderOf(this.headers.get("content-encoding"))
    this.#decoder
      ?.on("data", (chunk: Uint8Array) => this.#take(chunk))
      .on("end", () => this.#finish())
      .on("error", (error) => this.abort(error))
    this.#resolve(this)
  }

  onResponseData(_: unknown, chunk: Uint8Array): void {
    if (this.#decoder === undefined) this.#take(chunk)
    else this.#decoder.write(chunk)
  }

  onResponseEnd(): void {
    // The connection is free a turn later. Whoever asks again before that would open another one.
    queueMicrotask(() => setImmediate(() => (this.#decoder === undefined ? this.#finish() : this.#decoder.end())))
  }

  onResponseError(_: unknown, error: Error): void {
    this.#finish(error)
    // The SDK takes an error for its own timeout if it or its cause sounds like one, and forgets what really happened.
    this.#reject(new TypeError("fetch failed", { cause: new Error("no response", { cause: error }) }))
  }

  #take(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#wake?.()
  }

  #finish(error?: Error): void {
    if (this.#end !== undefined) return
    this.#end = error === undefined ? {} : { error }
    this.#lane.inFlight--
    this.#wake?.()
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  get body(): this {
    return this
  }

  getReader(): this {
    return this
  }

  read(): Promise<{ readonly done: boolean; readonly value: Uint8Array | undefined }> {
    const value = this.#chunks.shift()
    if (value !== undefined) return Promise.resolve({ done: false, value })
    if (this.#end?.error !== undefined) return Promise.reject(this.#end.error)
    if (this.#end !== undefined) return Promise.resolve({ done: true, value })
    return new Promise<void>((resolve) => (this.#wake = resolve)).then(() => this.read())
  }

  cancel(): Promise<void> {
    if (this.#end === undefined) this.abort(new Error("the rest of the response is not needed"))
    return Promise.resolve()
  }

  text(): Promise<string> {
    const chunks: Array<Uint8Array> = []
    const readOn = (): Promise<string> =>
      this.read().then(({ value }) => {
        if (value === undefined) return new TextDecoder().decode(Buffer.concat(chunks))
        chunks.push(value)
        return readOn()
      })
    return readOn()
  }

  json(): Promise<unknown> {
    return this.text().then((text) => JSON.parse(text))
  }
}

/** Nothing asks for compression, but a proxy may compress all the same. */
const decoderOf = (encoding: string | null): Transform | undefined => {
  if (encoding === null) return undefined
  const zlib = process.getBuiltinModule("node:zlib")
  const decoders: Readonly<Record<string, () => Transform>> = {
    gzip: zlib.createUnzip,
    "x-gzip": zlib.createUnzip,
    deflate: zlib.createUnzip,
    br: zlib.createBrotliDecompress,
    zstd: zlib.createZstdDecompress
  }
  return decoders[encoding.toLowerCase()]?.()
}
