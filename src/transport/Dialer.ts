/** A connection to a server, direct or through a proxy, made within a limit of time. */
import type { ClientRequest, IncomingMessage } from "node:http"
import type { Socket } from "node:net"

/** How long each step may take until a connection stands: connecting, a proxy's answer, the handshake. */
const connectMillis = 10_000

/** What a server may be asked to speak, the best first. */
const protocols = ["h2", "http/1.1"]

export type Done = (error: Error | null, socket?: Socket) => void

/** Told once: `done`, with a connection that nobody listens to yet, or with what went wrong. */
export class Dialer {
  readonly #url: URL
  readonly #done: Done
  #step: Socket | ClientRequest | undefined
  /** Who is to be blamed besides the server: the proxy, as long as there is no way through it. */
  #proxy: URL | undefined
  #isOver = false

  constructor(url: URL, proxy: URL | undefined, done: Done) {
    this.#url = url
    this.#done = done
    this.#proxy = proxy
    if (proxy !== undefined && url.protocol === "https:") this.#tunnel(proxy)
    else if (url.protocol === "https:") this.#secure()
    else this.#open(proxy ?? url, (socket) => this.#end(null, socket))
  }

  /** Nobody wants it any more, and `done` is not told. */
  stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#step?.destroy()
  }

  /** Whether it keeps the process alive; at first it does. */
  setRef(isRef: boolean): void {
    if (this.#step === undefined || !("unref" in this.#step)) return
    if (isRef) this.#step.ref()
    else this.#step.unref()
  }

  /** To a proxy, or where nothing is encrypted. */
  #open(to: URL, next: (socket: Socket) => void): void {
    const where = { host: hostOf(to), port: portOf(to) }
    if (to.protocol === "https:") {
      const { connect } = process.getBuiltinModule("node:tls")
      this.#await(connect({ ...where, ...serverNameOf(to) }), "secureConnect", next)
    } else {
      const { connect } = process.getBuiltinModule("node:net")
      this.#await(connect(where), "connect", next)
    }
  }

  #secure(through?: Socket): void {
    const { connect } = process.getBuiltinModule("node:tls")
    const where = through === undefined ? { host: hostOf(this.#url), port: portOf(this.#url) } : { socket: through }
    const socket = connect({ ...where, ...serverNameOf(this.#url), ALPNProtocols: protocols })
    this.#await(socket, "secureConnect", (socket) => this.#end(null, socket))
  }

  #tunnel(proxy: URL): void {
    this.#open(proxy, (socket) => {
      const path = `${this.#url.hostname}:${portOf(this.#url)}`
      const headers = { host: path, ...credentialsOf(proxy) }
      const { request } = process.getBuiltinModule("node:http")
      socket.setTimeout(connectMillis).on("timeout", this.#late)
      const asked = request({ method: "CONNECT", path, headers, createConnection: () => socket })
      this.#step = asked
      asked
        .on("error", this.#end)
        .on("close", () => {
          if (this.#step === asked) this.#end(closed())
        })
        .on("connect", ({ statusCode = 0 }: IncomingMessage, tunnel: Socket) => {
          tunnel.setTimeout(0).off("timeout", this.#late)
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
    const onClose = () => this.#end(closed())
    this.#step = socket.setNoDelay(true).setTimeout(connectMillis)
    socket.on("timeout", this.#late).on("error", this.#end).on("close", onClose)
    socket.once(event, () => {
      socket.setTimeout(0).off("timeout", this.#late).off("error", this.#end).off("close", onClose)
      next(socket)
    })
  }

  readonly #late = (): void =>
    this.#end(new Error(`no connection to ${this.#url.host} within ${connectMillis / 1000} s`))

  readonly #end = (error: Error | null, socket?: Socket): void => {
    if (this.#isOver) return
    this.#isOver = true
    if (error !== null) this.#step?.destroy()
    if (error !== null && this.#proxy !== undefined) error.message = `the proxy ${this.#proxy.host}: ${error.message}`
    this.#done(error, socket)
  }
}

/** The proxy that the variables `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` name; throws for one that cannot be used. */
export const proxyOf = (named: string): URL | undefined => {
  if (named === "") return undefined
  const proxy = URL.parse(named)
  if (proxy !== null && /^https?:$/.test(proxy.protocol)) return proxy
  throw proxyError("the proxy of the environment is no http:// or https:// URL", true)
}

/** What a proxy wants to be told, where its URL has a name and a password. */
export const credentialsOf = ({ password, username }: URL): Record<string, string> => {
  if (username === "" && password === "") return {}
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { "proxy-authorization": `Basic ${Buffer.from(plain).toString("base64")}` }
}

const closed = () => new Error("the connection was closed while it was being made")

const proxyError = (message: string, isLasting: boolean): Error =>
  Object.assign(new Error(message), isLasting && { code: "ERR_PROXY" })

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, "")

const portOf = ({ port, protocol }: URL): number => Number(port || (protocol === "https:" ? 443 : 80))

/** A certificate is for a name; an address has none. */
const serverNameOf = (url: URL): { readonly servername?: string } =>
  process.getBuiltinModule("node:net").isIP(hostOf(url)) === 0 ? { servername: hostOf(url) } : {}
