/** One HTTP/2 connection, which carries as many requests at once as the server allows. */
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2"
import type { Duplex } from "node:stream"
import { type Exchange, type Outgoing, writeBody } from "./Exchange.ts"

/** Concurrent streams assumed until the server's settings arrive: the smallest limit that RFC 9113 recommends (6.5.2). */
export const defaultMaxStreams = 100

/** After this time without a byte, a connection without requests is closed, and one with requests is sent a ping. */
const silenceMillis = 30_000

/** Flow-control windows in bytes, large enough that a long answer never waits for a window update. */
const windowBytes = { stream: 1 << 20, connection: 1 << 24 }

/** Headers that HTTP/2 forbids or replaces (RFC 9113, 8.2.2). */
const connectionHeaders = new Set([
  "connection",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade"
])

/** Megabytes of requests that may wait for a slow link. Node's default of 10 would fail requests with long contexts. */
const maxSessionMemory = 4096

/** What a connection reports to its `Origin`. */
export interface Observer {
  /** More streams may be free than before. */
  readonly onCapacity: () => void
  /** The server rejected a request unprocessed (REFUSED_STREAM, or above the last stream of GOAWAY), for the first time. */
  readonly onRejected: (outgoing: Outgoing, exchange: Exchange) => void
  /** The server requires HTTP/1.1 for a request, and has not processed it (HTTP_1_1_REQUIRED). */
  readonly onHttp1Required: (outgoing: Outgoing, exchange: Exchange) => void
  /** It accepts no further requests; it may still be answering earlier ones. */
  readonly onClosed: () => void
}

export class Connection {
  readonly #session: ClientHttp2Session
  readonly #observer: Observer
  #streams = 0
  #maxStreams: number
  /** The last stream that the server may have processed, by its GOAWAY. */
  #lastStreamId = Number.POSITIVE_INFINITY
  #isPinging = false
  /** The latest headers, and what `#fieldsOf` made of them. */
  #latest:
    | (Pick<Outgoing, "headers" | "method"> & {
        readonly href: string
        readonly fields: Readonly<Record<string, string>>
      })
    | undefined

  /** `maxStreams` applies until the server sends its own limit. */
  constructor(socket: Duplex, origin: string, maxStreams: number, observer: Observer) {
    this.#maxStreams = maxStreams
    this.#observer = observer
    const { connect } = process.getBuiltinModule("node:http2")
    const session = connect(origin, {
      createConnection: () => socket,
      maxSessionMemory,
      settings: { enablePush: false, initialWindowSize: windowBytes.stream }
    })
    this.#session = session
    session.on("connect", () => session.setLocalWindowSize(windowBytes.connection))
    session.on("remoteSettings", ({ maxConcurrentStreams }) => {
      this.#maxStreams = maxConcurrentStreams ?? defaultMaxStreams
      observer.onCapacity()
    })
    session.on("close", observer.onClosed).on("goaway", (_code: number, lastStreamId: number) => {
      this.#lastStreamId = lastStreamId
      observer.onClosed()
    })
    // Each stream reports the session's error by itself.
    session.on("error", () => {})
    session.on("timeout", () => this.#onSilence()).setTimeout(silenceMillis)
    session.unref()
  }

  /** How many streams the server allows at once. */
  get maxStreams(): number {
    return this.#maxStreams
  }

  get isOpen(): boolean {
    return !this.#session.closed && !this.#session.destroyed
  }

  /** How many requests may be added; negative after the server has lowered its limit. */
  get freeStreams(): number {
    return this.isOpen ? this.#maxStreams - this.#streams : 0
  }

  send(outgoing: Outgoing, exchange: Exchange): void {
    const { body } = outgoing
    const stream = this.#session.request(this.#fieldsOf(outgoing))
    if (this.#streams++ === 0) this.#session.ref()
    exchange.cancelRequest = () => stream.close(cancelCode)
    stream
      .on("response", (headers: IncomingHttpHeaders & { readonly ":status"?: number }) =>
        exchange.begin(headers[":status"] ?? 0, headers)
      )
      // Listened to from the start: Node drops what was not read before a reset.
      .on("data", (chunk: Uint8Array) => exchange.take(chunk))
      .on("end", () => {
        if (stream.rstCode === 0) exchange.finish()
        // A server may answer before it has read the request; the unsent rest would keep the stream open.
        if (!stream.writableFinished) stream.close(cancelCode)
      })
      .on("error", () => {})
      .on("close", () => this.#onStreamClose(stream, outgoing, exchange))
    writeBody(body, stream)
  }

  /** Requests of one client share their headers, and Node copies them. */
  #fieldsOf({ headers, method, url }: Outgoing): Readonly<Record<string, string>> {
    const { href } = url
    const latest = this.#latest
    if (latest?.headers === headers && latest.href === href && latest.method === method) return latest.fields
    const fields: Record<string, string> = { ":method": method, ":path": url.pathname + url.search }
    for (const name in headers) if (!connectionHeaders.has(name)) fields[name] = headers[name]!
    this.#latest = { headers, method, href, fields }
    return fields
  }

  #onStreamClose(stream: ClientHttp2Stream, outgoing: Outgoing, exchange: Exchange): void {
    if (--this.#streams === 0 && this.isOpen) this.#session.unref()
    if (!exchange.isOver) {
      // A server processes no stream above the last one of its GOAWAY (RFC 9113, 6.8).
      const isUnprocessed = stream.rstCode === refusedStreamCode || (stream.id ?? Infinity) > this.#lastStreamId
      const isResendable = isUnprocessed && exchange.status === 0 && !exchange.wasRejected
      exchange.wasRejected = true
      if (stream.rstCode === http1RequiredCode && exchange.status === 0) {
        this.#observer.onHttp1Required(outgoing, exchange)
      } else if (isResendable) this.#observer.onRejected(outgoing, exchange)
      else exchange.fail(stream.errored ?? this.#closeErrorOf(stream))
    }
    this.#observer.onCapacity()
  }

  #closeErrorOf({ rstCode }: ClientHttp2Stream): Error {
    return this.isOpen
      ? new Error(`the server closed the stream (HTTP/2 code ${rstCode})`)
      : new Error("the connection was lost")
  }

  #onSilence(): void {
    if (this.#streams === 0) return this.#session.close()
    if (this.#isPinging) {
      return this.#session.destroy(new Error(`the connection is dead: silent for ${2 * silenceMillis} ms`))
    }
    this.#isPinging = true
    this.#session.ping(() => (this.#isPinging = false))
    this.#session.setTimeout(silenceMillis)
  }
}

/**
 * Error codes of RFC 9113, 7: CANCEL, the client no longer needs the stream; REFUSED_STREAM, the server did not process it;
 * HTTP_1_1_REQUIRED, the server wants it over HTTP/1.1.
 */
const cancelCode = 8
const refusedStreamCode = 7
const http1RequiredCode = 13
