/** One HTTP/2 connection: many requests at once, as many as the server allows. */
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2"
import type { Duplex } from "node:stream"
import type { Exchange, Outgoing } from "./Exchange.ts"

/** What a server is taken to allow before it has said so: the least that RFC 9113 recommends. */
export const usualStreams = 100

/** After so long without a byte an idle connection is closed, and one at work is asked whether it is still there. */
const quietMillis = 30_000

/** Bytes that may come before they are acknowledged, on a stream and on all of them: long answers never wait. */
const windowBytes = { stream: 1 << 20, connection: 1 << 24 }

/** Headers of HTTP/1.1 that HTTP/2 has other means for. */
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

/** Megabytes of requests that wait for a slow link; Node's own limit would refuse long contexts. */
const maxSessionMemory = 4096

/** What becomes of a connection. */
export interface Fate {
  /** It has more room than before. */
  readonly hasRoom: () => void
  /** The server refused to look at a request. */
  readonly refused: (outgoing: Outgoing, exchange: Exchange) => void
  /** It takes no more requests. */
  readonly closed: () => void
}

export class Connection {
  readonly #session: ClientHttp2Session
  readonly #fate: Fate
  #streams = 0
  #limit: number
  #isAsked = false

  /** `limit` holds until the server names its own. */
  constructor(socket: Duplex, origin: string, limit: number, fate: Fate) {
    this.#limit = limit
    this.#fate = fate
    const { connect } = process.getBuiltinModule("node:http2")
    const session = connect(origin, {
      createConnection: () => socket,
      maxSessionMemory,
      settings: { enablePush: false, initialWindowSize: windowBytes.stream }
    })
    this.#session = session
    session.on("connect", () => session.setLocalWindowSize(windowBytes.connection))
    session.on("remoteSettings", ({ maxConcurrentStreams }) => {
      this.#limit = maxConcurrentStreams ?? usualStreams
      fate.hasRoom()
    })
    session.on("goaway", fate.closed).on("close", fate.closed)
    // Its streams tell what an error means for them.
    session.on("error", () => {})
    session.on("timeout", () => this.#quiet()).setTimeout(quietMillis)
    session.unref()
  }

  /** The most that the server allows at once. */
  get limit(): number {
    return this.#limit
  }

  get isOpen(): boolean {
    return !this.#session.closed && !this.#session.destroyed
  }

  get room(): number {
    return this.isOpen ? this.#limit - this.#streams : 0
  }

  send(outgoing: Outgoing, exchange: Exchange): void {
    const { body, headers, method, url } = outgoing
    const fields: Record<string, string> = { ":method": method, ":path": url.pathname + url.search }
    for (const name in headers) if (!connectionHeaders.has(name)) fields[name] = headers[name]!
    const stream = this.#session.request(fields)
    if (this.#streams++ === 0) this.#session.ref()
    exchange.drop = () => stream.close(canceled)
    stream
      // Node emits `response` one tick after the frame arrived. The body is read from then on: data that arrived in the same
      // packet would otherwise be emitted before the headers, which Node does while a write is in progress.
      .on("response", (headers: IncomingHttpHeaders & { readonly ":status"?: number }) => {
        exchange.begin(headers[":status"] ?? 0, headers)
        stream
          .on("data", (chunk: Uint8Array) => exchange.take(chunk))
          .on("end", () => {
            if (stream.rstCode === 0) exchange.finish()
            // A server may answer before it has read the request: what of that is left would keep the stream open.
            if (!stream.writableFinished) stream.close(canceled)
          })
      })
      .on("error", () => {})
      .on("close", () => this.#closed(stream, outgoing, exchange))
      .end(body)
  }

  #closed(stream: ClientHttp2Stream, outgoing: Outgoing, exchange: Exchange): void {
    if (--this.#streams === 0 && this.isOpen) this.#session.unref()
    if (!exchange.isOver) {
      const isUntouched = stream.rstCode === refused && exchange.status === 0 && !exchange.wasRefused
      exchange.wasRefused = true
      if (isUntouched) this.#fate.refused(outgoing, exchange)
      else exchange.fail(stream.errored ?? this.#endOf(stream))
    }
    this.#fate.hasRoom()
  }

  #endOf({ rstCode }: ClientHttp2Stream): Error {
    return this.isOpen
      ? new Error(`the server closed the stream (HTTP/2 code ${rstCode})`)
      : new Error("the connection was lost")
  }

  #quiet(): void {
    if (this.#streams === 0) return this.#session.close()
    if (this.#isAsked)
      return this.#session.destroy(new Error(`the connection is dead: silent for ${2 * quietMillis} ms`))
    this.#isAsked = true
    this.#session.ping(() => (this.#isAsked = false))
    this.#session.setTimeout(quietMillis)
  }
}

/** Error codes of RFC 9113: nobody wants the answer; the server has done nothing with the request. */
const canceled = 8
const refused = 7
