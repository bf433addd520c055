/** The transport with proxy variables: which requests go through the proxy, and the errors of one that fails. */
import { createServer as createHttpServer } from "node:http"
import { createServer, type AddressInfo, type Socket } from "node:net"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Redacted } from "effect"
import { Claude, Message } from "fanfold"
import { vi } from "vitest"
import { send } from "../FakeClaude.ts"
import { serve } from "../Loopback.ts"
import { serveProxy } from "../Proxy.ts"
import { key, safety } from "../RealClient.ts"
import { serveSecure, trust } from "../SecureLoopback.ts"
import { answer, assertUnreachable } from "../claude/sdk/Sending.ts"

beforeAll(() => trust(true))

/** Sends a request with a newly loaded transport, which reads these proxy variables. */
const renewed = (variables: Readonly<Record<string, string>>, url: string) =>
  Effect.gen(function* () {
    for (const name of ["http_proxy", "https_proxy", "no_proxy"]) {
      vi.stubEnv(name, undefined)
      vi.stubEnv(name.toUpperCase(), undefined)
    }
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
    vi.resetModules()
    const { fetch } = yield* Effect.promise(() => import("../../src/transport/Transport.ts"))
    const options = { apiKey: Redacted.make(key), baseUrl: url, fetch }
    const reply = yield* Effect.provide(send(), Layer.effect(Claude.Claude, Claude.make(options)))
    return Message.textOf(reply)
  }).pipe(
    Effect.ensuring(
      Effect.sync(() => {
        vi.unstubAllEnvs()
        vi.resetModules()
      })
    ),
    Effect.timeoutOrElse({ duration: safety, orElse: () => Effect.die(new Error("it hangs")) })
  )

describe("a proxy", () => {
  it.live("forwards http requests and tunnels https ones, also with HTTP/2", () =>
    Effect.gen(function* () {
      const plain = yield* serve(answer)
      const secure = yield* serveSecure(answer)
      for (const upper of [true, false]) {
        const proxy = yield* serveProxy
        const name = (variable: string) => (upper ? variable : variable.toLowerCase())
        assert.strictEqual(yield* renewed({ [name("HTTP_PROXY")]: proxy.url }, plain.url), "Paris")
        assert.strictEqual(yield* renewed({ [name("HTTPS_PROXY")]: proxy.url }, secure.url), "Paris")
        assert.deepStrictEqual(proxy.seen, [
          `POST ${plain.url}/v1/messages`,
          `CONNECT ${secure.url.slice("https://".length)}`
        ])
      }
      assert.deepStrictEqual([...secure.state.versions], ["2.0"])
    })
  )

  it.live("is not used for the hosts in NO_PROXY", () =>
    Effect.gen(function* () {
      const secure = yield* serveSecure(answer)
      const proxy = yield* serveProxy
      for (const name of ["NO_PROXY", "no_proxy"]) {
        yield* renewed({ HTTPS_PROXY: proxy.url, [name]: "example.org,localhost" }, secure.url)
      }
      assert.deepStrictEqual(proxy.seen, [])
    })
  )

  it.live("that answers 407, or has an invalid URL, is Unreachable and not retryable", () =>
    Effect.gen(function* () {
      const proxy = createHttpServer().on("connect", (_, socket) =>
        socket.write("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
      )
      yield* Effect.acquireRelease(
        Effect.promise(() => new Promise<void>((resolve) => proxy.listen(0, resolve))),
        () => Effect.sync(() => proxy.close())
      )
      const rejecting = `http://localhost:${(proxy.address() as AddressInfo).port}`
      for (const [HTTPS_PROXY, detail] of [
        [rejecting, "answered 407"],
        ["socks5://localhost:1", "no http:// or https:// URL"]
      ] as const) {
        const error = yield* Effect.flip(renewed({ HTTPS_PROXY }, "https://localhost:2"))
        assert.strictEqual(error.reason._tag, "Unreachable")
        assert.include(error.message, detail)
        assert.isFalse(error.isRetryable)
      }
    })
  )

  it.live("that does not answer keeps no socket after the request was interrupted", () =>
    Effect.gen(function* () {
      const doors: Array<Socket> = []
      const silent = createServer((socket) => doors.push(socket.resume().on("error", () => {})))
      yield* Effect.acquireRelease(
        Effect.promise(() => new Promise<void>((resolve) => silent.listen(0, resolve))),
        () => Effect.sync(() => silent.close())
      )
      const HTTPS_PROXY = `http://localhost:${(silent.address() as AddressInfo).port}`
      const fiber = yield* Effect.forkChild(renewed({ HTTPS_PROXY }, "https://localhost:2"))
      yield* Effect.promise(() => vi.waitUntil(() => doors.length > 0, { timeout: 10_000 }))
      yield* Fiber.interrupt(fiber)
      yield* Effect.promise(() =>
        vi.waitUntil(() => doors.every(({ readyState }) => readyState !== "open"), { timeout: 10_000 })
      )
    })
  )

  it.live("that rejects connections is Unreachable", () =>
    Effect.gen(function* () {
      const secure = yield* serveSecure(answer)
      const error = yield* Effect.flip(renewed({ HTTPS_PROXY: "http://127.0.0.1:1" }, secure.url))
      assertUnreachable(error)
      assert.include(error.message, "the proxy 127.0.0.1:1: connect ECONNREFUSED")
    })
  )
})
