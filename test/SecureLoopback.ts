/** A TLS server on loopback that speaks HTTP/2 or only HTTP/1.1, and keeps book of connections and streams. */
import { once } from "node:events"
import type { IncomingMessage, ServerResponse } from "node:http"
import { createSecureServer, type ServerHttp2Session, type Settings } from "node:http2"
import { createServer } from "node:https"
import { type AddressInfo, createServer as createDoor, type Socket } from "node:net"
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
  /** How long a connection waits for its handshake. */
  readonly handshakeAfterMillis?: number
  /** Whether the connection of this number, from 1, is cut at once. */
  readonly isCut?: (nth: number) => boolean
}

/** The protocol that the client likes best, as some servers have it. */
const ALPNCallback = ({ protocols }: { readonly protocols: ReadonlyArray<string> }): string | undefined => protocols[0]

/** Serves until the scope closes. `closed` counts the requests that the client left before their response had ended. */
export const serveSecure = (
  handler: (response: ServerResponse, nth: number, request: IncomingMessage) => void,
  { handshakeAfterMillis = 0, isCut = () => false, isHttp2 = true, settings = {} }: Secure = {}
) =>
  Effect.gen(function* () {
    const sockets = new Set<Socket>()
    const state = {
      arrived: 0,
      closed: 0,
      sockets,
      connections: [] as Array<Connection>,
      versions: new Set<string>(),
      /** The sizes of the bodies, in the order in which they were complete. */
      bytes: [] as Array<number>
    }
    const secure = { key: testKey, cert: testCertificate }
    const server = isHttp2
      ? createSecureServer({ ...secure, settings, allowHTTP1: true, ALPNCallback })
      : createServer(secure)
    const door = createDoor((socket) => {
      sockets.add(socket)
      socket.on("error", () => {})
      if (isCut(sockets.size)) socket.destroy()
      else setTimeout(() => server.emit("connection", socket), handshakeAfterMillis)
    })
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
      let bytes = 0
      request.on("data", (chunk: Uint8Array) => (bytes += chunk.length))
      request.on("end", () => {
        state.bytes.push(bytes)
        handler(response, ++state.arrived, request)
      })
    })
    yield* Effect.acquireRelease(
      Effect.promise(() => once(door.listen(0), "listening")),
      () =>
        Effect.promise(() => {
          for (const socket of sockets) socket.destroy()
          return new Promise<void>((resolve) => door.close(() => resolve()))
        })
    )
    return { url: `https://localhost:${(door.address() as AddressInfo).port}`, state }
  })
