/** The connections to one server: HTTP/2 if the TLS handshake selects it, else HTTP/1.1. */
import type { Socket } from "node:net"
import type { TLSSocket } from "node:tls"
import { processBudget } from "./ConnectionBudget.ts"
import { Dialer } from "./Dialer.ts"
import type { Exchange, Outgoing } from "./Exchange.ts"
import { Http1Pool } from "./Http1.ts"
import { Connection, defaultMaxStreams } from "./Http2.ts"

/** HTTP/2 connections at most: 6,400 requests at the usual 100 streams, and a bound where a server allows only a few. */
const maxConnections = 64

export class Origin {
  readonly #url: URL
  readonly #proxy: URL | undefined
  readonly #connections = new Set<Connection>()
  /** Connections being opened, each with the number of requests it was opened for. */
  readonly #dialers = new Map<Dialer, number>()
  /** Requests that wait for a free HTTP/2 stream, oldest first. */
  readonly #waiting = new Map<Exchange, Outgoing>()
  /** Defined once the server is known to use HTTP/1.1 alone, or if nothing else is to be used. */
  #http1: Http1Pool | undefined
  /** Streams that a further connection is expected to allow: as many as the latest one. */
  #maxStreams = defaultMaxStreams

  /** `isHttp1`: HTTP/2 is not offered to the server. */
  constructor(url: URL, proxy: URL | undefined, isHttp1: boolean) {
    this.#url = url
    this.#proxy = proxy
    if (isHttp1 || url.protocol === "http:") this.#http1 = this.#makePool()
  }

  /** Whether all requests are sent over HTTP/1.1. */
  get usesHttp1(): boolean {
    return this.#http1 !== undefined
  }

  /** Opens a connection before the first request. It does not keep the process alive. */
  prepare(): void {
    if (this.#http1 === undefined && this.#connections.size + this.#dialers.size === 0) this.#connect().setRef(false)
  }

  send(outgoing: Outgoing, exchange: Exchange): void {
    if (this.#http1 !== undefined) return this.#http1.send(outgoing, exchange)
    for (const connection of this.#connections) {
      if (connection.freeStreams > 0) return connection.send(outgoing, exchange)
    }
    this.#waiting.set(exchange, outgoing)
    exchange.cancelRequest = () => this.#stopWaiting(exchange)
    for (const dialer of this.#dialers.keys()) dialer.setRef(true)
    this.#connectForWaiting()
  }

  /** If it was the last one that waits, connecting is stopped too, so that no socket to a silent server stays open. */
  #stopWaiting(exchange: Exchange): void {
    this.#waiting.delete(exchange)
    if (this.#waiting.size > 0) return
    for (const dialer of this.#dialers.keys()) dialer.stop()
    this.#dialers.clear()
  }

  /** Opens all connections that the waiting requests need at once; one after the other, the tenth would take ten handshakes. */
  #connectForWaiting(): void {
    // A server that allows no streams on one connection for now would allow none on another either.
    if ([...this.#connections].some(({ maxStreams }) => maxStreams === 0)) return
    while (
      this.#dialers.size * this.#maxStreams < this.#waiting.size &&
      this.#dialers.size + this.#connections.size < maxConnections
    ) {
      this.#connect()
    }
  }

  #connect(): Dialer {
    const dialer = new Dialer(this.#url, this.#proxy, ["h2", "http/1.1"], (error, socket) => {
      const requests = this.#dialers.get(dialer) ?? 0
      this.#dialers.delete(dialer)
      if (socket === undefined) this.#failWaiting(error, requests)
      else if ((socket as TLSSocket).alpnProtocol === "h2") this.#useHttp2(socket)
      else this.#useHttp1(socket)
    })
    this.#dialers.set(dialer, this.#maxStreams)
    return dialer
  }

  /** Fails the oldest `count` waiting requests, for which the connection was opened; the others get another one. */
  #failWaiting(error: unknown, count: number): void {
    for (const exchange of [...this.#waiting.keys()].slice(0, count)) {
      this.#waiting.delete(exchange)
      exchange.fail(error)
    }
    this.#connectForWaiting()
  }

  #useHttp2(socket: Socket): void {
    const connection = new Connection(socket, this.#url.origin, this.#maxStreams, {
      onCapacity: () => this.#sendWaiting(connection),
      onRejected: (outgoing, exchange) => exchange.start(() => this.send(outgoing, exchange)),
      onHttp1Required: (outgoing, exchange) => {
        this.#leaveHttp2()
        exchange.start(() => this.send(outgoing, exchange))
      },
      onClosed: () => {
        if (this.#connections.delete(connection)) this.#connectForWaiting()
      }
    })
    this.#connections.add(connection)
    this.#sendWaiting(connection)
  }

  #sendWaiting(connection: Connection): void {
    this.#maxStreams = Math.max(1, connection.maxStreams)
    for (const [exchange, outgoing] of this.#waiting) {
      if (connection.freeStreams <= 0) break
      this.#waiting.delete(exchange)
      exchange.start(() => connection.send(outgoing, exchange))
    }
  }

  #useHttp1(socket: Socket): void {
    const http1 = (this.#http1 ??= this.#makePool())
    http1.adopt(socket)
    this.#sendWaitingOver(http1)
  }

  /** Sends what follows over HTTP/1.1. Requests that are under way over HTTP/2 end there; idle connections close by themselves. */
  #leaveHttp2(): void {
    if (this.#http1 !== undefined) return
    this.#http1 = this.#makePool()
    for (const dialer of this.#dialers.keys()) dialer.stop()
    this.#dialers.clear()
    this.#connections.clear()
    this.#sendWaitingOver(this.#http1)
  }

  #sendWaitingOver(http1: Http1Pool): void {
    for (const [exchange, outgoing] of this.#waiting) {
      this.#waiting.delete(exchange)
      exchange.start(() => http1.send(outgoing, exchange))
    }
  }

  #makePool(): Http1Pool {
    return new Http1Pool(this.#url, this.#proxy, processBudget)
  }
}
