/** The transport and servers that cannot be reached: which requests fail, and how often a connection is tried. */
import { createServer, type AddressInfo, type Socket } from "node:net"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Fiber, Redacted } from "effect"
import { Claude } from "fanfold"
import { vi } from "vitest"
import * as Transport from "../../src/transport/Transport.ts"
import { request } from "../FakeClaude.ts"
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
    })
  )
})
