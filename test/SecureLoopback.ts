/** A TLS server on loopback that speaks HTTP/2 or only HTTP/1.1, and keeps book of connections and streams. */
import { once } from "node:events"
import type { IncomingMessage, ServerResponse } from "node:http"
import { createSecureServer, type ServerHttp2Session, type Settings } from "node:http2"
import { createServer } from "node:https"
import type { AddressInfo, Socket } from "node:net"
import { getCACertificates, setDefaultCACertificates } from "node:tls"
import { Effect } from "effect"
import { testCertificate, testKey } from "./Certificate.ts"

const trusted = getCACertificates("default")

/** Lets this process trust the test's certificate, or no longer. */
export const trust = (isTrusted: boolean): void =>
  setDefaultCACertificates(isTrusted ? [...trusted, testCertificate] : trusted)

/** What one connection carries: streams now and at most. */
export interface Connection {
  readonly session: ServerHttp2Session
  open: number
  peak: number
}

export interface Secure {
  readonly isHttp2?: boolean
  readonly settings?: Settings
}

/** Serves until the scope closes. `closed` counts the requests that the client left before their response had ended. */
export const serveSecure = (
  handler: (response: ServerResponse, nth: number, request: IncomingMessage) => void,
  { isHttp2 = true, settings = {} }: Secure = {}
) =>
  Effect.gen(function* () {
    const state = { arrived: 0, closed: 0, connections: [] as Array<Connection>, versions: new Set<string>() }
    const sockets = new Set<Socket>()
    const secure = { key: testKey, cert: testCertificate }
    const server = isHttp2 ? createSecureServer({ ...secure, settings }) : createServer(secure)
    server.on("connection", (socket: Socket) => sockets.add(socket))
    server.on("session", (session: ServerHttp2Session) => {
      const connection = { session, open: 0, peak: 0 }
      state.connections.push(connection)
      session.on("error", () => {})
      session.on("stream", (stream) => {
        stream.on("error", () => {})
        connection.peak = Math.max(connection.peak, ++connection.open)
        stream.on("close", () => connection.open--)
      })
    })
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      state.versions.add(request.httpVersion)
      response.on("close", () => (state.closed += response.writableEnded ? 0 : 1))
      request.on("error", () => {})
      request.resume().on("end", () => handler(response, ++state.arrived, request))
    })
    yield* Effect.acquireRelease(
      Effect.promise(() => once(server.listen(0), "listening")),
      () =>
        Effect.promise(() => {
          for (const socket of sockets) socket.destroy()
          return new Promise<void>((resolve) => server.close(() => resolve()))
        })
    )
    return { url: `https://localhost:${(server.address() as AddressInfo).port}`, state }
  })
