/** The transport over HTTP/2: how connections are shared, and what rejected, reset and lost streams lead to. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Fiber, Redacted } from "effect"
import { Claude, Message } from "fanfold"
import { vi } from "vitest"
import { bodyOf } from "../../src/claude/RequestBody.ts"
import { request } from "../FakeClaude.ts"
import { begun, continued, startStream, stopped } from "../Loopback.ts"
import { key, modes } from "../RealClient.ts"
import { serveSecure, trust } from "../SecureLoopback.ts"
import { answer, assertUnreachable, crowd, sendFreely } from "../claude/sdk/Sending.ts"

beforeAll(() => trust(true))

describe("a server that speaks HTTP/2", () => {
  it.live("is sent HTTP/2, and one that does not support it HTTP/1.1", () =>
    Effect.gen(function* () {
      for (const isHttp2 of [true, false]) {
        for (const mode of modes) {
          const { state, url } = yield* serveSecure(
            (response) =>
              mode === "plain" ? answer(response) : void startStream(response).end(begun + continued + stopped),
            { isHttp2 }
          )
          assert.strictEqual(Message.textOf(yield* sendFreely(url, mode)), "Paris")
          assert.deepStrictEqual([...state.versions], [isHttp2 ? "2.0" : "1.1"])
        }
      }
    })
  )

  it.live("gets documents of megabytes, also where many requests share one", () =>
    Effect.gen(function* () {
      const data = "Zm9v".repeat(500_000)
      const context = [{ mediaType: "application/pdf", data, pages: 1 }] as const
      for (const isHttp2 of [true, false]) {
        const { state, url } = yield* serveSecure(answer, { isHttp2 })
        const client = yield* Claude.make({ apiKey: Redacted.make(key), baseUrl: url })
        yield* Effect.forEach([1, 2, 3, 4], () => client.send(request("why?", { context })), { concurrency: 4 })
        const json = JSON.stringify(bodyOf(request("why?", { context })))
        assert.deepStrictEqual(
          state.bytes,
          [json, json, json, json].map(({ length }) => length)
        )
      }
    })
  )

  it.live("gets 90 requests over one connection, and 250 over three that are opened together", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure((response) => void setTimeout(() => answer(response), 150))
      yield* crowd(90, url)
      yield* crowd(90, url)
      assert.strictEqual(state.connections.length, 1)

      const other = yield* serveSecure((response) => void setTimeout(() => answer(response), 150), {
        handshakeAfterMillis: 500
      })
      const fiber = yield* Effect.forkChild(crowd(250, other.url))
      yield* Effect.promise(() => vi.waitUntil(() => other.state.sockets.size === 3, { timeout: 5000 }))
      assert.strictEqual(other.state.connections.length, 0)
      const results = yield* Fiber.join(fiber)
      assert.isTrue(results.every(({ _tag }) => _tag === "Success"))
      assert.strictEqual(other.state.connections.length, 3)
      assert.isAtMost(Math.max(...other.state.connections.map(({ peak }) => peak)), 100)
    })
  )

  it.live("gets a connection when the client is made, before the first request", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure(answer)
      yield* Claude.make({ apiKey: Redacted.make(key), baseUrl: url })
      yield* Effect.promise(() => vi.waitUntil(() => state.connections.length === 1))
      yield* sendFreely(url)
      assert.strictEqual(state.sockets.size, 1)
    })
  )

  it.live("never has more streams on a connection than it allows", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure((response) => void setTimeout(() => answer(response), 50), {
        settings: { maxConcurrentStreams: 20 }
      })
      const results = yield* crowd(90, url)
      assert.isTrue(results.every(({ _tag }) => _tag === "Success"))
      assert.isAtLeast(state.connections.length, 2)
      assert.isAtMost(Math.max(...state.connections.map(({ peak }) => peak)), 20)
    })
  )

  it.live("sees the stream of an interrupted request close, and answers the others on the connection", () =>
    Effect.gen(function* () {
      for (const moment of ["before the headers", "in the middle of the body"]) {
        const { state, url } = yield* serveSecure((response, nth) => {
          if (nth > 1) return void setTimeout(() => answer(response), 100)
          if (moment !== "before the headers") startStream(response).write(begun)
        })
        const stuck = yield* Effect.forkChild(sendFreely(url, moment === "before the headers" ? "plain" : "stream"))
        yield* Effect.sleep("100 millis")
        const others = yield* Effect.forkChild(crowd(3, url))
        yield* Effect.sleep("50 millis")
        yield* Fiber.interrupt(stuck)
        assert.isTrue((yield* Fiber.join(others)).every(({ _tag }) => _tag === "Success"))
        yield* sendFreely(url)
        assert.strictEqual(state.closed, 1, moment)
        assert.strictEqual(state.connections.length, 1, moment)
      }
    })
  )

  it.live("never gets a request that was interrupted while connecting", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure(answer, { handshakeAfterMillis: 400 })
      const fiber = yield* Effect.forkChild(sendFreely(url))
      yield* Effect.sleep("200 millis")
      yield* Fiber.interrupt(fiber)
      yield* sendFreely(url)
      assert.strictEqual(state.arrived, 1)
    })
  )

  it.live("may reject streams before its settings arrive: their requests are sent again", () =>
    Effect.gen(function* () {
      const rejections = 3
      const { state, url } = yield* serveSecure((response, nth) => {
        const { stream } = response as unknown as { readonly stream: { readonly close: (code: number) => void } }
        if (nth <= rejections) return stream.close(7)
        setTimeout(() => answer(response), 20)
      })
      const results = yield* crowd(10, url)
      assert.isTrue(results.every(({ _tag }) => _tag === "Success"))
      assert.strictEqual(state.arrived, 10 + rejections)
    })
  )

  it.live("may allow 0 streams for a time: requests wait, and no other connection is opened", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure(answer, { settings: { maxConcurrentStreams: 0 } })
      const fiber = yield* Effect.forkChild(crowd(5, url))
      yield* Effect.promise(() => vi.waitUntil(() => state.connections.length === 1))
      yield* Effect.sleep("50 millis")
      assert.strictEqual(state.arrived, 0)
      state.connections[0]!.session.settings({ maxConcurrentStreams: 2 })
      assert.isTrue((yield* Fiber.join(fiber)).every(({ _tag }) => _tag === "Success"))
      assert.isAtMost(state.connections.length, 3)
    })
  )

  it.live("that rejects a request twice is Unreachable", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure((response) =>
        (response as unknown as { readonly stream: { readonly close: (code: number) => void } }).stream.close(7)
      )
      assertUnreachable(yield* Effect.flip(sendFreely(url, "plain")))
      assert.strictEqual(state.arrived, 2)
    })
  )

  it.live("may reset a stream: Unreachable before the headers, CutOff in the body", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure((response, nth) => {
        const { stream } = response as unknown as { readonly stream: { readonly close: (code: number) => void } }
        if (nth === 1) return stream.close(2)
        if (nth === 2) return void startStream(response).write(begun, () => setTimeout(() => stream.close(2), 20))
        answer(response)
      })
      assertUnreachable(yield* Effect.flip(sendFreely(url, "plain")))
      const cut = yield* Effect.flip(sendFreely(url, "stream"))
      assert.strictEqual(cut.reason._tag, "CutOff", cut.message)
      assert.strictEqual(cut.partialText, "Par")
      assert.isTrue(cut.isRetryable)
      yield* sendFreely(url, "plain")
      assert.strictEqual(state.connections.length, 1)
    })
  )

  it.live("may lose a connection: only the requests on it fail, and are retryable", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure((response) => void setTimeout(() => answer(response), 1000))
      const fiber = yield* Effect.forkChild(crowd(150, url))
      yield* Effect.sleep("500 millis")
      const [lost, kept] = state.connections
      const failing = lost!.open
      lost!.session.destroy()
      const results = yield* Fiber.join(fiber)
      const failed = results.flatMap((result) => (result._tag === "Failure" ? [result.failure] : []))
      assert.strictEqual(failed.length, failing)
      assert.strictEqual(kept!.peak, 150 - failing)
      failed.forEach(assertUnreachable)
      assert.isTrue((yield* crowd(10, url)).every(({ _tag }) => _tag === "Success"))
    })
  )

  it.live("may send GOAWAY: open streams are answered, and later requests take a new connection", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure((response, nth) => {
        if (nth === 1) state.connections[0]!.session.close()
        setTimeout(() => answer(response), 100)
      })
      const results = yield* crowd(5, url)
      yield* sendFreely(url, "plain")
      assert.isTrue(results.every(({ _tag }) => _tag === "Success"))
      assert.isAtLeast(state.connections.length, 2)
    })
  )
})
