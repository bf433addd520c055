/** Opens one connection to a server, directly or through a proxy, with a time limit for each step. */
import type { ClientRequest, IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import { explained } from "./ProtocolError.ts"

/** Time limit of each step: the TCP connection with its TLS handshake, the proxy's answer, the handshake in the tunnel. */
const stepTimeoutMillis = 10_000

/** The protocols that a server may be offered by ALPN, preferred first. */
export type Protocols = ReadonlyArray<"h2" | "http/1.1">

export type OnConnected = (error: Error | null, socket?: Socket) => void

/** Connects when it is constructed, and calls `onConnected` once: with the socket, which has no listeners, or an error. */
export class Dialer {
  readonly #url: URL
  readonly #protocols: Protocols
  readonly #onConnected: OnConnected
  /** What the current step waits for. */
  #pending: Socket | ClientRequest | undefined
  /** The proxy while it may be the cause of an error: until the tunnel stands, or always if there is none. */
  #proxy: URL | undefined
  #isOver = false

  constructor(url: URL, proxy: URL | undefined, protocols: Protocols, onConnected: OnConnected) {
    this.#url = url
    this.#protocols = protocols
    this.#onConnected = onConnected
    this.#proxy = proxy
    if (proxy !== undefined && url.protocol === "https:") this.#tunnel(proxy)
    else if (url.protocol === "https:") this.#secure()
    else this.#open(proxy ?? url, (socket) => this.#end(null, socket))
  }

  /** Closes what is open of it; `onConnected` is not called. */
  stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#pending?.destroy()
  }

  /** Whether connecting keeps the process alive; it does until this is called with `false`. */
  setRef(isRef: boolean): void {
    if (this.#pending === undefined || !("unref" in this.#pending)) return
    if (isRef) this.#pending.ref()
    else this.#pending.unref()
  }

  /** Connects to a proxy, over TLS if its URL says so, or to a server without TLS. */
  #open(to: URL, next: (socket: Socket) => void): void {
    const address = { host: hostOf(to), port: portOf(to) }
    if (to.protocol === "https:") {
      const { connect } = process.getBuiltinModule("node:tls")
      this.#await(connect({ ...address, ...serverNameOf(to) }), "secureConnect", next)
    } else {
      const { connect } = process.getBuiltinModule("node:net")
      this.#await(connect(address), "connect", next)
    }
  }

  /** Connects to a TLS server, through a tunnel if there is one. */
  #secure(tunnel?: Socket): void {
    const { connect } = process.getBuiltinModule("node:tls")
    const address = tunnel === undefined ? { host: hostOf(this.#url), port: portOf(this.#url) } : { socket: tunnel }
    const socket = connect({ ...address, ...serverNameOf(this.#url), ALPNProtocols: [...this.#protocols] })
    this.#await(socket, "secureConnect", (socket) => this.#end(null, socket))
  }

  #tunnel(proxy: URL): void {
    this.#open(proxy, (socket) => {
      const path = `${this.#url.hostname}:${portOf(this.#url)}`
      const headers = { host: path, ...credentialsOf(proxy) }
      const { request } = process.getBuiltinModule("node:http")
      socket.setTimeout(stepTimeoutMillis).on("timeout", this.#onTimeout)
      const connecting = request({ method: "CONNECT", path, headers, createConnection: () => socket })
      this.#pending = connecting
      connecting
        .on("error", this.#end)
        .on("close", () => {
          if (this.#pending === connecting) this.#end(closedError())
        })
        .on("connect", ({ statusCode = 0 }: IncomingMessage, tunnel: Socket) => {
          tunnel.setTimeout(0).off("timeout", this.#onTimeout)
          if (this.#isOver) tunnel.destroy()
          else if (statusCode === 200) {
            this.#proxy = undefined
            this.#secure(tunnel)
          } else {
            tunnel.destroy()
            this.#end(proxyError(`answered ${statusCode}`, statusCode < 500))
          }
        })
        .end()
    })
  }

  #await(socket: Socket, event: "connect" | "secureConnect", next: (socket: Socket) => void): void {
    const onClose = () => this.#end(closedError())
    this.#pending = socket.setNoDelay(true).setTimeout(stepTimeoutMillis)
    socket.on("timeout", this.#onTimeout).on("error", this.#end).on("close", onClose)
    socket.once(event, () => {
      socket.setTimeout(0).off("timeout", this.#onTimeout).off("error", this.#end).off("close", onClose)
      next(socket)
    })
  }

  readonly #onTimeout = (): void =>
    this.#end(new Error(`no connection to ${this.#url.host} within ${stepTimeoutMillis / 1000} s`))

  readonly #end = (error: Error | null, socket?: Socket): void => {
    if (this.#isOver) return
    this.#isOver = true
    if (error !== null) this.#pending?.destroy()
    explained(error, this.#proxy ?? this.#url)
    if (error !== null && this.#proxy !== undefined) error.message = `the proxy ${this.#proxy.host}: ${error.message}`
    this.#onConnected(error, socket)
  }
}

/**
 * Parses a proxy's URL as found in `HTTP_PROXY`, `HTTPS_PROXY` or `ALL_PROXY`; `undefined` for an empty one. Throws an error
 * with the code `ERR_PROXY` for any that is not http or https.
 */
export const proxyOf = (url: string): URL | undefined => {
  if (url === "") return undefined
  const proxy = URL.parse(url)
  if (proxy !== null && /^https?:$/.test(proxy.protocol)) return proxy
  throw proxyError("the proxy of the environment is no http:// or https:// URL", true)
}

/** The `proxy-authorization` header, where the proxy's URL has a user name or a password. */
export const credentialsOf = ({ password, username }: URL): Record<string, string> => {
  if (username === "" && password === "") return {}
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { "proxy-authorization": `Basic ${Buffer.from(plain).toString("base64")}` }
}

const closedError = () => new Error("the connection was closed while it was being made")

/** The code `ERR_PROXY` marks an error that another try would not mend; `SdkError` reads it. */
const proxyError = (message: string, isPermanent: boolean): Error =>
  Object.assign(new Error(message), isPermanent && { code: "ERR_PROXY" })

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, "")

const portOf = ({ port, protocol }: URL): number => Number(port || (protocol === "https:" ? 443 : 80))

/** The name for SNI; an IP address must not be sent there (RFC 6066). */
const serverNameOf = (url: URL): { readonly servername?: string } =>
  process.getBuiltinModule("node:net").isIP(hostOf(url)) === 0 ? { servername: hostOf(url) } : {}
