/** The transport where HTTP/2 is not to be used: a server requires HTTP/1.1, or the option `transport` does. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { ServerHttp2Stream } from "node:http2"
import { Effect, Layer, Redacted } from "effect"
import { Claude, Message, Stack } from "fanfold"
import { request, send } from "../FakeClaude.ts"
import { begun, continued, startStream, stopped } from "../Loopback.ts"
import { key, listening, modes } from "../RealClient.ts"
import { serveSecure, trust } from "../SecureLoopback.ts"
import { answer, crowd, sendFreely } from "../claude/sdk/Sending.ts"

beforeAll(() => trust(true))

const http1Required = 13

/** The HTTP/2 stream of a response; `undefined` over HTTP/1.1. */
const streamOf = (response: ServerResponse): ServerHttp2Stream | undefined =>
  (response as { readonly stream?: ServerHttp2Stream }).stream

const streamed = (response: ServerResponse) => void startStream(response).end(begun + continued + stopped)

/** Serves over HTTP/1.1 alone, in both ways that RFC 9113 has to say so. */
const requiring = (way: "stream" | "connection", respond: (response: ServerResponse) => void = answer) =>
  serveSecure((response: ServerResponse, _nth: number, _request: IncomingMessage) => {
    const stream = streamOf(response)
    if (stream === undefined) respond(response)
    else if (way === "stream") stream.close(http1Required)
    else stream.session?.goaway(http1Required, 0)
  })

describe("a server that requires HTTP/1.1", () => {
  for (const way of ["stream", "connection"] as const) {
    it.live(`is sent all requests over HTTP/1.1, which are not failed attempts (of the ${way})`, () =>
      Effect.gen(function* () {
        const { state, url } = yield* requiring(way)
        assert.strictEqual(Message.textOf(yield* sendFreely(url)), "Paris")
        const results = yield* crowd(30, url)
        assert.isTrue(results.every(({ _tag }) => _tag === "Success"))
        assert.deepStrictEqual([...state.versions], ["2.0", "1.1"])
        // The first request was sent over both, and those after it over HTTP/1.1 alone.
        assert.strictEqual(state.arrived, 2 + 30)
        assert.strictEqual(state.connections.length, 1)
      })
    )
  }

  it.live("is sent all requests that were under way together once more", () =>
    Effect.gen(function* () {
      const { state, url } = yield* requiring("stream")
      const results = yield* crowd(150, url)
      assert.isTrue(results.every(({ _tag }) => _tag === "Success"))
      assert.include([...state.versions], "1.1")
      assert.isAtMost(state.arrived, 300)
    })
  )

  it.live("may stream its answers", () =>
    Effect.gen(function* () {
      const { url } = yield* requiring("stream", streamed)
      assert.strictEqual(Message.textOf(yield* sendFreely(url, "stream")), "Paris")
    })
  )

  it.live("fails a response that it has begun over HTTP/2, as it was processed", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure((response) => {
        response.writeHead(200, { "content-type": "application/json" }).write("{")
        setImmediate(() => streamOf(response)?.close(http1Required))
      })
      const error = yield* Effect.flip(sendFreely(url))
      assert.strictEqual(error.reason._tag, "CutOff")
      assert.strictEqual(state.arrived, 1)
    })
  )
})

describe("the option transport", () => {
  it.live("with http1 offers no HTTP/2, and keeps apart from connections over it", () =>
    Effect.gen(function* () {
      for (const mode of modes) {
        const { state, url } = yield* serveSecure(mode === "plain" ? answer : streamed)
        const sent = listening(mode)(send(request()))
        const apiKey = Redacted.make(key)
        const http1 = Layer.effect(Claude.Claude, Claude.make({ apiKey, baseUrl: url, transport: "http1" }))
        yield* Effect.provide(sent, http1)
        assert.deepStrictEqual([...state.versions], ["1.1"])
        yield* Effect.provide(sent, Stack.layer({ apiKey, baseUrl: url, pacing: { remember: false } }))
        assert.deepStrictEqual([...state.versions], ["1.1", "2.0"])
        const stack = Stack.layer({ apiKey, baseUrl: url, pacing: { remember: false }, transport: "http1" })
        state.versions.clear()
        yield* Effect.provide(sent, stack)
        assert.deepStrictEqual([...state.versions], ["1.1"])
      }
    })
  )

  it("must be auto or http1", () => {
    const options = { apiKey: Redacted.make(key), transport: "http2" as never }
    assert.throws(() => Stack.layer(options), RangeError, 'transport: expected "auto" or "http1", got "http2"')
  })
})
