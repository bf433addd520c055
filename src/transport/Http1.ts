/** The HTTP/1.1 connections to one origin: each carries one request at a time. */
import type { Socket } from "node:net"
import type { ConnectionBudget } from "./ConnectionBudget.ts"
import { credentialsOf, Dialer } from "./Dialer.ts"
import type { Exchange, Outgoing } from "./Exchange.ts"
import { Http1Connection } from "./Http1Connection.ts"
import { explained, explainedClosing } from "./ProtocolError.ts"

/** Error codes for too many open files, in this process and in the system. */
const outOfFiles = new Set(["EMFILE", "ENFILE"])

export class Http1Pool {
  readonly #url: URL
  readonly #proxy: URL | undefined
  readonly #budget: ConnectionBudget
  /** Idle connections, used last at the end. That one is taken first: the server closes those that were idle for longer. */
  readonly #idle: Array<Http1Connection> = []
  /** Requests that wait for a connection, oldest first. */
  readonly #waiting = new Map<Exchange, Outgoing>()
  readonly #dialers = new Set<Dialer>()
  /** Whether the server has ever answered in HTTP/1.1. */
  #hasAnswered = false
  /** The latest head of a request, and what it was made of. */
  #latest: (Pick<Outgoing, "headers" | "method"> & { readonly href: string; readonly head: string }) | undefined

  constructor(url: URL, proxy: URL | undefined, budget: ConnectionBudget) {
    this.#url = url
    this.#proxy = proxy
    this.#budget = budget
    budget.join(this)
  }

  /** Sends a request over an idle connection, or the first one that is opened or becomes idle. */
  send(outgoing: Outgoing, exchange: Exchange): void {
    const connection = this.#takeIdle()
    if (connection !== undefined) return connection.send(this.#headOf(outgoing), outgoing, exchange)
    this.#waiting.set(exchange, outgoing)
    exchange.cancelRequest = () => this.#stopWaiting(exchange)
    this.connect()
  }

  /** Adds an open connection. */
  adopt(socket: Socket): void {
    this.#budget.add()
    this.#use(socket)
  }

  /** Opens a connection for each waiting request, as far as the budget allows. */
  connect(): void {
    while (this.#dialers.size < this.#waiting.size && this.#budget.take(this)) {
      const dialer = new Dialer(this.#url, this.#proxy, ["http/1.1"], (error, socket) => {
        this.#dialers.delete(dialer)
        if (socket === undefined) this.#onFailure(error)
        else this.#use(socket)
      })
      this.#dialers.add(dialer)
    }
  }

  closeIdle(): boolean {
    const connection = this.#idle.shift()
    connection?.close()
    return connection !== undefined
  }

  /** Stops connecting where fewer requests wait than connections are being opened. */
  #stopWaiting(exchange: Exchange): void {
    this.#waiting.delete(exchange)
    if (this.#dialers.size <= this.#waiting.size) return
    const [dialer] = this.#dialers
    this.#dialers.delete(dialer!)
    dialer!.stop()
    this.#budget.giveBack()
  }

  /** Fails the oldest request, for which the connection was opened; without a file for it, the request waits on. */
  #onFailure(error: (Error & { readonly code?: string }) | null): void {
    if (outOfFiles.has(error?.code ?? "")) {
      if (this.#budget.onOutOfFiles(this)) return
    } else this.#budget.giveBack()
    const [exchange] = this.#waiting.keys()
    if (exchange !== undefined) this.#waiting.delete(exchange)
    exchange?.fail(error)
    this.connect()
  }

  #use(socket: Socket): void {
    this.#onIdle(
      new Http1Connection(socket, {
        onIdle: (connection) => this.#onIdle(connection),
        onClosed: (connection) => {
          this.#forget(connection)
          this.#budget.giveBack()
        },
        onAnswer: () => {
          this.#hasAnswered = true
        },
        explained: (error) => this.#explained(error)
      })
    )
  }

  #onIdle(connection: Http1Connection): void {
    for (const [exchange, outgoing] of this.#waiting) {
      this.#waiting.delete(exchange)
      return exchange.start(() => connection.send(this.#headOf(outgoing), outgoing, exchange))
    }
    if (this.#budget.isShort) return connection.close()
    connection.unref()
    this.#idle.push(connection)
  }

  #takeIdle(): Http1Connection | undefined {
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      if (connection.isOpen) return connection
    }
    return undefined
  }

  #forget(connection: Http1Connection): void {
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
  }

  /** The first line and the headers of a request. Requests of one client share them. */
  #headOf({ headers, method, url }: Outgoing): string {
    const { href } = url
    const latest = this.#latest
    if (latest?.headers === headers && latest.href === href && latest.method === method) return latest.head
    // A proxy is sent the absolute URL of a plain request; TLS requests use its tunnel.
    const forwarding = url.protocol === "http:" ? this.#proxy : undefined
    const path = forwarding === undefined ? url.pathname + url.search : href
    const credentials = forwarding === undefined ? {} : credentialsOf(forwarding)
    const fields = { connection: "keep-alive", ...headers, host: this.#url.host, ...credentials }
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
    const head = `${method} ${path} HTTP/1.1\r\n${lines.join("")}`
    this.#latest = { headers, method, href, head }
    return head
  }

  /** Before its first answer a server may turn out to speak another protocol. */
  #explained(error: Error): Error {
    if (this.#hasAnswered || this.#proxy !== undefined) return error
    return explainedClosing(explained(error, this.#url), this.#url)
  }
}
