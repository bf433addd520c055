/** The connections to one `https:` server: HTTP/2 where it speaks that, HTTP/1.1 where not. */
import type { Agent } from "node:http"
import type { TLSSocket } from "node:tls"
import type { Exchange, Outgoing } from "./Exchange.ts"
import * as Http1 from "./Http1.ts"
import { Connection, usualStreams } from "./Http2.ts"

/** How long connecting may take. */
const connectMillis = 10_000

export class Origin {
  readonly #url: URL
  #connections: ReadonlyArray<Connection> = []
  readonly #connecting = new Set<TLSSocket>()
  readonly #waiting = new Map<Exchange, Outgoing>()
  /** Open connections to a server that turned out to speak HTTP/1.1. */
  readonly #spare: Array<TLSSocket> = []
  #http1: Agent | undefined
  #streams = usualStreams

  constructor(url: URL) {
    this.#url = url
  }

  /** Opens a connection ahead of the first request. It keeps no process alive. */
  prepare(): void {
    if (this.#http1 === undefined && this.#connections.length + this.#connecting.size === 0) this.#connect().unref()
  }

  send(outgoing: Outgoing, exchange: Exchange): void {
    if (this.#http1 !== undefined) return Http1.send(this.#http1, outgoing, exchange)
    const connection = this.#connections.find(({ room }) => room > 0)
    if (connection !== undefined) return connection.send(outgoing, exchange)
    this.#waiting.set(exchange, outgoing)
    exchange.drop = () => this.#leave(exchange)
    for (const socket of this.#connecting) socket.ref()
    // Those who wait get connections side by side: one after the other the tenth would be there after ten handshakes.
    while (this.#connecting.size * this.#streams < this.#waiting.size) this.#connect()
  }

  /** Nobody waits any more, so a server that does not answer keeps no socket. */
  #leave(exchange: Exchange): void {
    this.#waiting.delete(exchange)
    if (this.#waiting.size > 0) return
    for (const socket of this.#connecting) {
      this.#connecting.delete(socket)
      socket.destroy()
    }
  }

  #connect(): TLSSocket {
    const { hostname, port } = this.#url
    const host = hostname.replace(/^\[|\]$/g, "")
    const isAddress = process.getBuiltinModule("node:net").isIP(host) !== 0
    const socket = process.getBuiltinModule("node:tls").connect({
      host,
      port: Number(port || 443),
      ...(isAddress ? {} : { servername: host }),
      ALPNProtocols: ["h2", "http/1.1"],
      timeout: connectMillis
    })
    this.#connecting.add(socket)
    const slow = () => socket.destroy(new Error(`no connection to ${host} within ${connectMillis / 1000} s`))
    const fail = (error?: Error) => this.#failed(socket, error)
    socket.setNoDelay(true).on("timeout", slow).on("error", fail).on("close", fail)
    socket.once("secureConnect", () => {
      socket.setTimeout(0).off("timeout", slow).off("error", fail).off("close", fail)
      this.#connecting.delete(socket)
      if (socket.alpnProtocol === "h2") this.#useHttp2(socket)
      else this.#useHttp1(socket)
    })
    return socket
  }

  /** Whom this connection was opened for fails with it. */
  #failed(socket: TLSSocket, error: unknown): void {
    if (!this.#connecting.delete(socket)) return
    const reason =
      error instanceof Error ? error : new Error("the server closed the connection while it was being made")
    for (const [exchange] of [...this.#waiting].slice(0, this.#streams)) {
      this.#waiting.delete(exchange)
      exchange.fail(reason)
    }
  }

  #useHttp2(socket: TLSSocket): void {
    const connection = new Connection(
      socket,
      this.#url.origin,
      this.#streams,
      () => this.#admit(connection),
      (outgoing, exchange) => this.send(outgoing, exchange)
    )
    this.#connections = [...this.#connections.filter(({ isOpen }) => isOpen), connection]
    this.#admit(connection)
  }

  #admit(connection: Connection): void {
    this.#streams = connection.limit
    for (const [exchange, outgoing] of this.#waiting) {
      if (connection.room <= 0) break
      this.#waiting.delete(exchange)
      connection.send(outgoing, exchange)
    }
  }

  #useHttp1(socket: TLSSocket): void {
    const forget = () => void this.#spare.splice(this.#spare.indexOf(socket) >>> 0, 1)
    socket.unref()
    socket.on("close", forget).on("error", forget)
    this.#spare.push(socket)
    this.#http1 ??= Http1.secureAgent(() => {
      const spare = this.#spare.shift()
      return spare?.off("close", forget).off("error", forget).ref()
    })
    for (const [exchange, outgoing] of this.#waiting) {
      this.#waiting.delete(exchange)
      Http1.send(this.#http1, outgoing, exchange)
    }
  }
}
