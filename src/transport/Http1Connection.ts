/** One HTTP/1.1 connection, which carries one request at a time. */
import type { Socket } from "node:net"
import { byteLengthOf, type Exchange, type Outgoing, writeParts } from "./Exchange.ts"
import { ResponseReader } from "./Http1Response.ts"

/** How long an idle connection is kept: longer than a usual backoff, shorter than the idle timeout of most servers. */
const idleMillis = 60_000

/** How long before the time that a server names in its `keep-alive` header an idle connection is given up. */
const idleReserveMillis = 1000

/** A header is bytes, of which each is a character; a body is UTF-8. */
const beyondAscii = /[\u0080-\u00FF]/

/** What a connection reports to its pool. */
export interface Observer {
  /** It can carry the next request. */
  readonly onIdle: (connection: Http1Connection) => void
  readonly onClosed: (connection: Http1Connection) => void
  /** The server has sent a response, or a part of one. */
  readonly onAnswer: () => void
  /** Explains why a request got no response. */
  readonly explained: (error: Error) => Error
}

/**
 * With Node's own client in its place, a call of the transport took 191 µs of CPU time instead of 91 (Node 24.21, 2 busy cores,
 * loopback, fresh processes, interleaved).
 */
export class Http1Connection {
  readonly #socket: Socket
  readonly #observer: Observer
  #current: { readonly exchange: Exchange; readonly reader: ResponseReader } | undefined
  /** Whether the whole request was handed to the socket. */
  #isWritten = true

  constructor(socket: Socket, observer: Observer) {
    this.#socket = socket
    this.#observer = observer
    socket
      .on("data", (bytes: Buffer) => this.#onData(bytes))
      .on("end", () => this.#onEnd())
      .on("error", (error) => this.#fail(error))
      .on("timeout", () => {
        if (this.#current === undefined) this.close()
      })
      .on("close", () => {
        this.#fail(lost())
        observer.onClosed(this)
      })
      .setTimeout(idleMillis)
  }

  /** Whether the connection is open, as far as is known. */
  get isOpen(): boolean {
    return this.#socket.writable
  }

  /** Sends a request; `head` is its first line and its headers, without the length of its body. */
  send(head: string, { body }: Outgoing, exchange: Exchange): void {
    this.#current = { exchange, reader: new ResponseReader(exchange) }
    exchange.cancelRequest = this.close
    const socket = this.#socket.ref()
    const start = `${head}content-length: ${byteLengthOf(body)}\r\n\r\n`
    if (typeof body === "string" && !beyondAscii.test(head)) return void socket.write(start + body)
    socket.write(start, "latin1")
    if (typeof body === "string") return void socket.write(body)
    this.#isWritten = false
    writeParts(body, socket, () => (this.#isWritten = true))
  }

  readonly close = (): void => void this.#socket.destroy()

  /** Keeps the process alive no longer, until the next request. */
  unref(): void {
    this.#socket.unref()
  }

  #onData(bytes: Buffer): void {
    // A server may say that it closes an idle connection. That is not the response to a request that follows.
    if (this.#current === undefined) return this.close()
    const { reader } = this.#current
    const rest = reader.read(bytes)
    if (rest instanceof Error) this.#fail(rest)
    else {
      this.#observer.onAnswer()
      if (reader.isComplete) this.#onComplete(reader, rest.length === 0)
    }
  }

  #onEnd(): void {
    if (this.#current?.reader.end() === true) this.#onComplete(this.#current.reader, false)
    else this.#fail(lost())
  }

  #onComplete({ head }: ResponseReader, isReusable: boolean): void {
    this.#release()
    const idleFor = idleMillisOf(String(head?.fields["keep-alive"] ?? ""))
    // A server may answer before it has read the request; the unsent rest would hold the connection for ever.
    const isSent = this.#isWritten && this.#socket.writableLength === 0
    if (!isReusable || head?.isKept !== true || !isSent || idleFor <= 0 || !this.isOpen) return this.close()
    if (this.#socket.timeout !== idleFor) this.#socket.setTimeout(idleFor)
    this.#observer.onIdle(this)
  }

  #fail(error: Error): void {
    const exchange = this.#release()
    exchange?.fail(exchange.status === 0 ? this.#observer.explained(error) : error)
    this.close()
  }

  /** Leaves the current request, which can no longer close the connection. */
  #release(): Exchange | undefined {
    const exchange = this.#current?.exchange
    this.#current = undefined
    if (exchange !== undefined) exchange.cancelRequest = nothing
    return exchange
  }
}

const nothing = (): void => {}

const lost = (): Error =>
  Object.assign(new Error("the connection was closed before the response was complete"), { code: "ECONNRESET" })

/** How long a connection may be idle by a `keep-alive` header. */
const idleMillisOf = (keepAlive: string): number => {
  const seconds = /\btimeout=(\d+)/.exec(keepAlive)?.[1]
  return seconds === undefined ? idleMillis : Math.min(idleMillis, Number(seconds) * 1000 - idleReserveMillis)
}
