/** The transport and servers that cannot be reached: which requests fail, and how often a connection is tried. */
import { createServer as createSecureServer } from "node:https"
import { createServer, type AddressInfo, type Socket } from "node:net"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Fiber, Redacted } from "effect"
import { Claude } from "fanfold"
import { vi } from "vitest"
import * as Transport from "../../src/transport/Transport.ts"
import { testCertificate, testKey } from "../Certificate.ts"
import { request } from "../FakeClaude.ts"
import { serve } from "../Loopback.ts"
import { serveSecure, trust } from "../SecureLoopback.ts"
import { answer, assertUnreachable, crowd, sendFreely } from "../claude/sdk/Sending.ts"

beforeAll(() => trust(true))

describe("a server that cannot be reached", () => {
  it.live("has its connection closed when the last waiting request is interrupted", () =>
    Effect.gen(function* () {
      const doors: Array<Socket> = []
      const server = createServer((socket) => doors.push(socket.resume().on("error", () => {})))
      yield* Effect.acquireRelease(
        Effect.promise(() => new Promise<void>((resolve) => server.listen(0, resolve))),
        () => Effect.sync(() => server.close())
      )
      const baseUrl = `https://localhost:${(server.address() as AddressInfo).port}`
      let asked = 0
      const fetch: typeof globalThis.fetch = (...request) => {
        asked++
        return Transport.fetch(...request)
      }
      const claude = yield* Claude.make({ apiKey: Redacted.make("key"), baseUrl, fetch })
      const fiber = yield* Effect.forkChild(claude.send(request()))
      yield* Effect.promise(() => vi.waitUntil(() => asked > 0 && doors.length > 0, { timeout: 10_000 }))
      yield* Fiber.interrupt(fiber)
      yield* Effect.promise(() =>
        vi.waitUntil(() => doors.every(({ readyState }) => readyState !== "open"), { timeout: 10_000 })
      )
    })
  )

  it.live("fails all requests that wait for a connection, after one try", () =>
    Effect.gen(function* () {
      let connections = 0
      const server = createServer((socket) => {
        connections++
        socket.destroy()
      })
      yield* Effect.acquireRelease(
        Effect.promise(() => new Promise<void>((resolve) => server.listen(0, resolve))),
        () => Effect.sync(() => server.close())
      )
      const url = `https://localhost:${(server.address() as AddressInfo).port}`
      const results = yield* crowd(90, url)
      for (const result of results) {
        assert(result._tag === "Failure")
        assertUnreachable(result.failure)
      }
      assert.strictEqual(connections, 1)
      yield* Effect.flip(sendFreely(url))
      assert.strictEqual(connections, 2)
    })
  )

  it.live("fails only the requests of one failed connection; later ones connect again", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure((response) => void setTimeout(() => answer(response), 500), {
        settings: { maxConcurrentStreams: 1 },
        isCut: (nth) => nth === 2
      })
      const first = yield* Effect.forkChild(sendFreely(url))
      yield* Effect.promise(() => vi.waitUntil(() => state.arrived === 1, { timeout: 10_000 }))
      const failed = (yield* crowd(2, url)).flatMap((result) => (result._tag === "Failure" ? [result.failure] : []))
      assert.strictEqual(failed.length, 1)
      failed.forEach(assertUnreachable)
      const results = yield* crowd(3, url)
      assert.isTrue(results.every(({ _tag }) => _tag === "Success"))
      assert.isAbove(state.sockets.size, 2)
      yield* Fiber.join(first)
    })
  )

  it.live("is Unreachable and not retryable if its certificate is not trusted", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure(answer)
      yield* Effect.acquireRelease(
        Effect.sync(() => trust(false)),
        () => Effect.sync(() => trust(true))
      )
      const error = yield* Effect.flip(sendFreely(url, "plain"))
      assert.strictEqual(error.reason._tag, "Unreachable", error.message)
      assert.isFalse(error.isRetryable)
      assert.strictEqual(state.arrived, 0)
    })
  )

  it.live("with `timeout` in its name is Unreachable, not TimedOut", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(sendFreely("http://timeout.invalid"))
      assertUnreachable(error)
      assert.include(error.message, "timeout.invalid")
      assert.deepInclude(error.reason, { isAddressSuspect: true })
    })
  )

  it.live("is not retried where it speaks another protocol than the base URL says, which is named", () =>
    Effect.gen(function* () {
      const { url: plain } = yield* serve(answer)
      const wrongTls = yield* Effect.flip(sendFreely(plain.replace("http:", "https:")))
      assert.include(wrongTls.message, "does not speak TLS: write http:// in place of https://")

      const server = createServer((socket) => socket.on("error", () => {}).end("SSH-2.0-OpenSSH_9.6\r\n"))
      yield* Effect.acquireRelease(
        Effect.promise(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))),
        () => Effect.sync(() => server.close())
      )
      const other = yield* Effect.flip(sendFreely(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
      assert.match(other.message, /127\.0\.0\.1:\d+ does not speak HTTP\/1\.1: if it speaks TLS, write https:/)
      for (const error of [wrongTls, other]) {
        assert.strictEqual(error.reason._tag, "Unreachable")
        assert.isFalse(error.isRetryable)
      }
    })
  )

  it.live("is not retried where it speaks no version of TLS that the client does", () =>
    Effect.gen(function* () {
      const server = createSecureServer({
        key: testKey,
        cert: testCertificate,
        minVersion: "TLSv1",
        maxVersion: "TLSv1.1"
      })
      yield* Effect.acquireRelease(
        Effect.promise(() => new Promise<void>((resolve) => server.listen(0, resolve))),
        () => Effect.sync(() => server.close())
      )
      const error = yield* Effect.flip(sendFreely(`https://localhost:${(server.address() as AddressInfo).port}`))
      assert.match(error.message, /TLS with localhost:\d+: tlsv1 alert protocol version/)
      assert.isFalse(error.isRetryable)
    })
  )

  it.live("names TLS where a server closes the first plain connection without an answer, and is retryable", () =>
    Effect.gen(function* () {
      const { url } = yield* serveSecure(answer, { isHttp2: false })
      const error = yield* Effect.flip(sendFreely(url.replace("https:", "http:")))
      assert.include(error.message, "closed the connection without an answer: if it speaks TLS, write https://")
      assertUnreachable(error)
      assert.deepInclude(error.reason, { isAddressSuspect: true })
    })
  )
})
