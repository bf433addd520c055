/** Serves a `fetch`, such as that of a mock, over HTTP. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { finished } from "node:stream/promises"
import { maxBytes } from "./endpoints/Validation.ts"
import type { Engine } from "./Engine.ts"
import * as ServerReply from "./ServerReply.ts"
import { jsonOf } from "./wire/Incoming.ts"

/** `port` is 0 by default, which chooses a free one; `host` is 127.0.0.1 by default. */
export interface ServeOptions {
  readonly port?: number
  readonly host?: string
}

/** A listening server. `url` is a base URL for the SDK; `close` also closes the connections in use. */
export interface Server extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly close: () => Promise<void>
}

const maxHeaderBytes = 64 * 1024
/** Time for a client to send its complete request; then Node closes the connection. */
const requestTimeoutMillis = 60_000

const tooLarge = '{"error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}'

/** Reads a body; undefined if it is larger than the API's limit. Rejects if the connection breaks before its end. */
const readBody = (incoming: IncomingMessage): Promise<string | undefined> => {
  const limit = incoming.url?.startsWith("/v1/messages/batches") === true ? maxBytes.batch : maxBytes.request
  const chunks: Array<Buffer> = []
  let bytes = 0
  return new Promise((resolve, reject) => {
    incoming.on("data", (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= limit) return void chunks.push(chunk)
      incoming.pause()
      resolve(undefined)
    })
    incoming.once("end", () => resolve((chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString("utf8")))
    incoming.once("error", reject)
    incoming.once("close", () => {
      if (!incoming.readableEnded) reject(new Error("the connection broke in the request"))
    })
  })
}

/** The function of the machine, also where a test has replaced the global one. */
const { setImmediate: afterTurn } = globalThis

/** Makes a clock that stands still within a turn of the event loop: requests read in one turn have arrived together. */
const turnClock = (): ((clock: Engine["clock"]) => number) => {
  let now: number | undefined
  return (clock) => {
    if (now === undefined) {
      now = clock.now()
      afterTurn(() => {
        now = undefined
      })
    }
    return now
  }
}

/** Reads single headers without the cost of a `Headers`. */
const readerOf = ({ headers }: IncomingMessage): Pick<Headers, "get"> => ({
  get: (name) => headers[name]?.toString() ?? null
})

const headersOf = (incoming: IncomingMessage): Headers => {
  const headers = new Headers()
  for (const [name, value = ""] of Object.entries(incoming.headers)) headers.set(name, value.toString())
  return headers
}

/** Makes a parser of URLs that keeps the last one: most requests of a client have the same. */
const urlParser = (): ((path: string, host: string) => URL) => {
  let last = new URL("http://127.0.0.1/")
  let lastText = "127.0.0.1 /"
  return (path, host) => {
    const text = `${host} ${path}`
    if (text !== lastText) {
      last = new URL(path, `http://${host}`)
      lastText = text
    }
    return last
  }
}

const writeResponse = async (response: Response, outgoing: ServerResponse): Promise<void> => {
  // Node adds `transfer-encoding` itself.
  const headers = [...response.headers].filter(([name]) => name !== "transfer-encoding")
  outgoing.writeHead(response.status, Object.fromEntries(headers))
  // The client gets the status before the first chunk of a stream.
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

/**
 * Starts a server that answers with `fetch`; requests to `/v1/` with the engine, while there is one, which costs less time. Rejects
 * if it cannot listen.
 */
export const serve = async (
  fetch: typeof globalThis.fetch,
  options: ServeOptions = {},
  engineOf: () => Engine | undefined = () => undefined
): Promise<Server> => {
  const host = options.host ?? "127.0.0.1"
  const arrival = turnClock()
  const parseUrl = urlParser()
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    try {
      const engineAtArrival = engineOf()
      const arrivedAt = engineAtArrival === undefined ? undefined : arrival(engineAtArrival.clock)
      const text = await readBody(incoming)
      if (text === undefined) {
        outgoing.writeHead(413, { "content-type": "application/json", connection: "close" }).end(tooLarge)
        return
      }
      const method = incoming.method ?? "GET"
      const url = parseUrl(incoming.url ?? "/", incoming.headers.host ?? `${host}:${options.port}`)
      const engine = url.pathname.startsWith("/v1/") ? engineOf() : undefined
      if (engine !== undefined) {
        const read = jsonOf(text)
        const json = read instanceof Promise ? await read : read
        const request = { method, url, headers: readerOf(incoming), text, json, signal: undefined }
        return await ServerReply.send(engine.attempt(request, arrivedAt), engine.clock, outgoing)
      }
      const closed = new AbortController()
      outgoing.once("close", () => closed.abort())
      const init = {
        method,
        headers: headersOf(incoming),
        signal: closed.signal,
        ...(text === "" ? {} : { body: text })
      }
      await writeResponse(await fetch(url, init), outgoing)
    } catch {
      // `fetch` rejects for a broken connection. After the headers the socket is ended, as a reset would discard sent data.
      if (outgoing.headersSent) incoming.socket.end()
      else incoming.socket.resetAndDestroy()
    }
  }
  const server = createServer(
    { maxHeaderSize: maxHeaderBytes, requestTimeout: requestTimeoutMillis, joinDuplicateHeaders: true },
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
  const urlHost = host.includes(":") ? `[${host}]` : host
  return { url: `http://${urlHost}:${port}`, port, close, [Symbol.asyncDispose]: close }
}
