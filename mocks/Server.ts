/** The offline Claude as an HTTP server, for any program in any language: a socket around the engine's `fetch`. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { finished } from "node:stream/promises"
import { maxBytes } from "./endpoints/Validation.ts"

/** Port 0 takes a free one. Only this machine can reach it unless `host` says otherwise. */
export interface ServeOptions {
  readonly port?: number
  readonly host?: string
}

/** A server that listens. `url` is a base URL for the SDK; `close` also ends what is under way. */
export interface Server extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly close: () => Promise<void>
}

const maxHeaderBytes = 64 * 1024
/** A client that opens a connection and does not finish its request is cut off. */
const requestTimeoutMillis = 60_000

const tooLarge = '{"error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}'

/** Reads a body up to the API's limit; nothing if it is larger. */
const read = async (incoming: IncomingMessage): Promise<string | undefined> => {
  const limit = incoming.url?.startsWith("/v1/messages/batches") === true ? maxBytes.batch : maxBytes.request
  const chunks: Array<Buffer> = []
  let bytes = 0
  for await (const chunk of incoming) {
    bytes += (chunk as Buffer).length
    if (bytes > limit) return undefined
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString("utf8")
}

const headersOf = (incoming: IncomingMessage): Headers => {
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headersDistinct)) headers.set(name, value?.join(", ") ?? "")
  return headers
}

const write = async (response: Response, outgoing: ServerResponse): Promise<void> => {
  // Node writes the chunked framing itself.
  const headers = [...response.headers].filter(([name]) => name !== "transfer-encoding")
  outgoing.writeHead(response.status, Object.fromEntries(headers))
  // A client must see the status of a stream that has not begun to speak.
  outgoing.flushHeaders()
  const reader = response.body?.getReader()
  if (reader === undefined) return void outgoing.end()
  outgoing.once("close", () => void reader.cancel().catch(() => {}))
  for (;;) {
    const { done, value } = await reader.read()
    if (done || outgoing.destroyed) break
    if (!outgoing.write(value)) await Promise.race([once(outgoing, "drain"), once(outgoing, "close")])
  }
  outgoing.end()
  await finished(outgoing).catch(() => {})
}

const once = (outgoing: ServerResponse, event: string): Promise<void> =>
  new Promise((resolve) => outgoing.once(event, () => resolve()))

/** Listens and answers with `fetch`. */
export const serve = async (fetch: typeof globalThis.fetch, options: ServeOptions = {}): Promise<Server> => {
  const host = options.host ?? "127.0.0.1"
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const gone = new AbortController()
    outgoing.once("close", () => gone.abort())
    try {
      const text = await read(incoming)
      if (text === undefined) {
        outgoing.writeHead(413, { "content-type": "application/json", connection: "close" }).end(tooLarge)
        return
      }
      const method = incoming.method ?? "GET"
      const url = new URL(incoming.url ?? "/", `http://${incoming.headers.host ?? `${host}:${options.port}`}`)
      const init = { method, headers: headersOf(incoming), signal: gone.signal, ...(text === "" ? {} : { body: text }) }
      await write(await fetch(url, init), outgoing)
    } catch {
      // What the engine throws is a connection that breaks. A reset would also discard what was sent before it.
      if (outgoing.headersSent) incoming.socket.end()
      else incoming.socket.resetAndDestroy()
    }
  }
  const server = createServer(
    { maxHeaderSize: maxHeaderBytes, requestTimeout: requestTimeoutMillis },
    (incoming, outgoing) => {
      void answer(incoming, outgoing)
    }
  )
  server.on("clientError", (_, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")
    else socket.destroy()
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(options.port ?? 0, host, () => resolve())
  })
  const { port } = server.address() as AddressInfo
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  const shownHost = host.includes(":") ? `[${host}]` : host
  return { url: `http://${shownHost}:${port}`, port, close, [Symbol.asyncDispose]: close }
}
