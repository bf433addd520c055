/** The HTTP/1.1 connections to one origin: each carries one request at a time. */
import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from "node:http"
import type { Socket } from "node:net"
import type { ConnectionBudget } from "./ConnectionBudget.ts"
import { credentialsOf, Dialer } from "./Dialer.ts"
import { byteLengthOf, type Exchange, type Outgoing, writeBody } from "./Exchange.ts"
import { explained, explainedClosing } from "./ProtocolError.ts"

/** How long an idle connection is kept: longer than a usual backoff, shorter than the idle timeout of most servers. */
const idleMillis = 60_000

/** How long before the time that a server names in its `keep-alive` header an idle connection is given up. */
const idleReserveMillis = 1000

/** Error codes for too many open files, in this process and in the system. */
const outOfFiles = new Set(["EMFILE", "ENFILE"])

/**
 * Node's `Agent` counts connections only once they are open, and knows no limit for several origins; this also spends less
 * time on each request.
 */
export class Http1Pool {
  readonly #url: URL
  readonly #proxy: URL | undefined
  readonly #budget: ConnectionBudget
  /** Idle connections, used last at the end. That one is taken first: the server closes those that were idle for longer. */
  readonly #idle: Array<Socket> = []
  /** Requests that wait for a connection, oldest first. */
  readonly #waiting = new Map<Exchange, Outgoing>()
  readonly #dialers = new Set<Dialer>()
  /** Whether the server has ever answered in HTTP/1.1. */
  #hasAnswered = false
  /** The latest headers, and what `#listOf` made of them. */
  #list: { readonly headers: Outgoing["headers"]; readonly all: ReadonlyArray<string> } | undefined

  constructor(url: URL, proxy: URL | undefined, budget: ConnectionBudget) {
    this.#url = url
    this.#proxy = proxy
    this.#budget = budget
    budget.join(this)
  }

  /** Sends a request over an idle connection, or the first one that is opened or becomes idle. */
  send(outgoing: Outgoing, exchange: Exchange): void {
    const socket = this.#takeIdle()
    if (socket !== undefined) return this.#sendOver(socket, outgoing, exchange)
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
    const socket = this.#idle.shift()
    socket?.destroy()
    return socket !== undefined
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
    socket
      // Node's `ClientRequest` emits this once the response has ended and the connection can be used again.
      .on("free", () => this.#onFree(socket))
      .on("error", () => {})
      .on("timeout", () => {
        if (this.#forget(socket)) socket.destroy()
      })
      .on("close", () => {
        this.#forget(socket)
        this.#budget.giveBack()
      })
      .setTimeout(idleMillis)
    this.#onFree(socket)
  }

  #onFree(socket: Socket & { _httpMessage?: Sent | null }): void {
    const keepAlive = socket._httpMessage?.res?.headers["keep-alive"]
    // Else the connection would keep its last request and response in memory, as Node's `Agent` knows.
    socket._httpMessage = null
    const idleFor = keepAlive === undefined ? idleMillis : idleMillisOf(keepAlive)
    if (!socket.writable || idleFor <= 0) return void socket.destroy()
    if (socket.timeout !== idleFor) socket.setTimeout(idleFor)
    for (const [exchange, outgoing] of this.#waiting) {
      this.#waiting.delete(exchange)
      return exchange.start(() => this.#sendOver(socket, outgoing, exchange))
    }
    if (this.#budget.isShort) return void socket.destroy()
    this.#idle.push(socket.unref())
  }

  #takeIdle(): Socket | undefined {
    for (let socket = this.#idle.pop(); socket !== undefined; socket = this.#idle.pop()) {
      if (socket.writable) return socket
    }
    return undefined
  }

  /** Removes a connection from the idle ones; returns whether it was one. */
  #forget(socket: Socket): boolean {
    const at = this.#idle.indexOf(socket)
    if (at >= 0) this.#idle.splice(at, 1)
    return at >= 0
  }

  /** Names and values in turn, which Node writes as they are. Requests of one client share their headers. */
  #listOf(headers: Outgoing["headers"], isForwarded: boolean): ReadonlyArray<string> {
    if (this.#list?.headers !== headers) {
      const credentials = isForwarded && this.#proxy !== undefined ? credentialsOf(this.#proxy) : {}
      const all = Object.entries({ ...headers, host: this.#url.host, ...credentials }).flat()
      this.#list = { headers, all }
    }
    return this.#list.all
  }

  /** A proxy is sent the absolute URL of a plain request; TLS requests use its tunnel. */
  #sendOver(socket: Socket, outgoing: Outgoing, exchange: Exchange): void {
    const { body, headers, method, url } = outgoing
    const isForwarded = this.#proxy !== undefined && url.protocol === "http:"
    const { request } = process.getBuiltinModule("node:http")
    const options: RequestOptions & WithSocket = {
      agent: agent as Agent,
      socket: socket.ref(),
      method,
      path: isForwarded ? url.href : url.pathname + url.search,
      headers: [...this.#listOf(headers, isForwarded), "content-length", String(byteLengthOf(body))]
    }
    let received: IncomingMessage | undefined
    const fail = (error: Error): void => {
      // All of the response was parsed, and its end is about to be emitted: what came after it does not matter.
      if (received?.complete === true) return
      const isFirst = !this.#hasAnswered && this.#proxy === undefined
      exchange.fail(isFirst ? explainedClosing(explained(error, this.#url), this.#url) : error)
    }
    const sent = request(options)
    exchange.cancelRequest = () => sent.destroy()
    sent
      .on("response", (response: IncomingMessage) => {
        received = response
        this.#hasAnswered = true
        exchange.begin(response.statusCode ?? 0, response.headers)
        response
          .on("data", (chunk: Uint8Array) => exchange.take(chunk))
          .on("end", () => {
            exchange.finish()
            // A server may answer before it has read the request; the unsent rest would hold the connection for ever.
            if (!sent.writableFinished) sent.destroy()
          })
          .on("error", fail)
      })
      .on("error", fail)
      .on("close", () => fail(lost))
    writeBody(body, sent)
  }
}

/** The request that a connection carried last, with its response. */
interface Sent {
  readonly res?: { readonly headers: Readonly<Record<string, string | undefined>> }
}

/** A request option of our own: the connection that carries the request. */
interface WithSocket {
  readonly socket: Socket
}

/** What `ClientRequest` needs of an agent: its socket, and that the connection is used again. */
const agent = {
  addRequest: (request: ClientRequest, { socket }: WithSocket) => request.onSocket(socket),
  defaultPort: 80,
  keepAlive: true,
  protocol: "http:"
} as unknown

/** How long a connection may be idle by a `keep-alive` header. */
const idleMillisOf = (keepAlive: string): number => {
  const seconds = /\btimeout=(\d+)/.exec(keepAlive)?.[1]
  return seconds === undefined ? idleMillis : Math.min(idleMillis, Number(seconds) * 1000 - idleReserveMillis)
}

const lost = new Error("the connection was closed before the response was complete")
