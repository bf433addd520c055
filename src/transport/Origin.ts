/** The connections to one server: HTTP/2 where it speaks that, HTTP/1.1 where not. */
import type { Agent } from "node:http"
import type { Socket } from "node:net"
import type { TLSSocket } from "node:tls"
import { Dialer, type Done } from "./Dialer.ts"
import type { Exchange, Outgoing } from "./Exchange.ts"
import * as Http1 from "./Http1.ts"
import { Connection, usualStreams } from "./Http2.ts"

/** Enough for any burst over HTTP/2, and few enough that a server with little room is not stormed. */
const mostConnections = 64

export class Origin {
  readonly #url: URL
  readonly #proxy: URL | undefined
  readonly #connections = new Set<Connection>()
  /** Connections that are being made, each with how many requests it is made for. */
  readonly #dials = new Map<Dialer, number>()
  readonly #waiting = new Map<Exchange, Outgoing>()
  /** Open connections to a server that turned out to speak HTTP/1.1. */
  readonly #spare: Array<Socket> = []
  #http1: Agent | undefined
  #streams = usualStreams

  constructor(url: URL, proxy: URL | undefined) {
    this.#url = url
    this.#proxy = proxy
    if (url.protocol === "http:") this.#http1 = this.#agent()
  }

  /** Opens a connection ahead of the first request. It keeps no process alive. */
  prepare(): void {
    if (this.#http1 === undefined && this.#connections.size + this.#dials.size === 0) this.#dial().setRef(false)
  }

  send(outgoing: Outgoing, exchange: Exchange): void {
    if (this.#http1 !== undefined) return Http1.send(this.#http1, this.#proxy, outgoing, exchange)
    for (const connection of this.#connections) if (connection.room > 0) return connection.send(outgoing, exchange)
    this.#waiting.set(exchange, outgoing)
    exchange.drop = () => this.#leave(exchange)
    for (const dial of this.#dials.keys()) dial.setRef(true)
    this.#reach()
  }

  /** Nobody waits any more, so a server that does not answer keeps no socket. */
  #leave(exchange: Exchange): void {
    this.#waiting.delete(exchange)
    if (this.#waiting.size > 0) return
    for (const dial of this.#dials.keys()) dial.stop()
    this.#dials.clear()
  }

  /** Those who wait get connections side by side: one after the other the tenth would be there after ten handshakes. */
  #reach(): void {
    // Another connection to a server that takes none for now would take none either.
    if ([...this.#connections].some(({ limit }) => limit === 0)) return
    while (
      this.#dials.size * this.#streams < this.#waiting.size &&
      this.#dials.size + this.#connections.size < mostConnections
    ) {
      this.#dial()
    }
  }

  #dial(): Dialer {
    const dial = new Dialer(this.#url, this.#proxy, (error, socket) => {
      const wanted = this.#dials.get(dial) ?? 0
      this.#dials.delete(dial)
      if (socket === undefined) this.#failed(error, wanted)
      else if ((socket as TLSSocket).alpnProtocol === "h2") this.#useHttp2(socket)
      else this.#useHttp1(socket)
    })
    this.#dials.set(dial, this.#streams)
    return dial
  }

  /** Whom a connection was made for fails with it. */
  #failed(error: unknown, wanted: number): void {
    for (const exchange of [...this.#waiting.keys()].slice(0, wanted)) {
      this.#waiting.delete(exchange)
      exchange.fail(error)
    }
    this.#reach()
  }

  #useHttp2(socket: Socket): void {
    const connection = new Connection(socket, this.#url.origin, this.#streams, {
      hasRoom: () => this.#admit(connection),
      refused: (outgoing, exchange) => exchange.carry(() => this.send(outgoing, exchange)),
      closed: () => {
        if (this.#connections.delete(connection)) this.#reach()
      }
    })
    this.#connections.add(connection)
    this.#admit(connection)
  }

  #admit(connection: Connection): void {
    this.#streams = Math.max(1, connection.limit)
    for (const [exchange, outgoing] of this.#waiting) {
      if (connection.room <= 0) break
      this.#waiting.delete(exchange)
      exchange.carry(() => connection.send(outgoing, exchange))
    }
  }

  #useHttp1(socket: Socket): void {
    this.#keep(socket)
    const http1 = (this.#http1 ??= this.#agent())
    for (const [exchange, outgoing] of this.#waiting) {
      this.#waiting.delete(exchange)
      exchange.carry(() => Http1.send(http1, this.#proxy, outgoing, exchange))
    }
  }

  #agent(): Agent {
    return Http1.agent((done: Done) => this.#spare.shift()?.ref() ?? new Dialer(this.#url, this.#proxy, done))
  }

  /** Keeps a connection until a request wants it, or the server no longer does. */
  #keep(socket: Socket): void {
    const forget = () => {
      const at = this.#spare.indexOf(socket)
      if (at >= 0) this.#spare.splice(at, 1)
    }
    socket.on("close", forget).on("error", forget).unref()
    this.#spare.push(socket)
  }
}
