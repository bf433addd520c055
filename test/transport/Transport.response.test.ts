/** How the transport reads responses: compressed, in small chunks, after early hints, redirects and upgrades. */
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { Message } from "fanfold"
import { send } from "../FakeClaude.ts"
import { begun, continued, message, serve, startStream, stopped } from "../Loopback.ts"
import { layerTo, listening, safety } from "../RealClient.ts"
import { serveSecure, trust } from "../SecureLoopback.ts"
import { fetch } from "../../src/transport/Transport.ts"
import { answer, assertUnreachable, sendFreely } from "../claude/sdk/Sending.ts"

beforeAll(() => trust(true))

describe("a response", () => {
  const encodings = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync }
  it.live("that is compressed is decoded over HTTP/2", () =>
    Effect.gen(function* () {
      const { url } = yield* serveSecure((response) =>
        response
          .writeHead(200, { "content-encoding": "gzip", "content-type": "application/json" })
          .end(gzipSync(JSON.stringify(message("Paris"))))
      )
      assert.strictEqual(Message.textOf(yield* sendFreely(url, "plain")), "Paris")
    })
  )

  it.live("can be read as a stream of Effect, which closes the body at its end", () =>
    Effect.gen(function* () {
      const { url } = yield* serve((response) => {
        response.write("half ")
        setTimeout(() => response.end("and half"), 10)
      })
      const response = yield* Effect.promise(() => fetch(url, { method: "POST", body: "{}" }))
      const text = Stream.fromReadableStream({ evaluate: () => response.body!, onError: String }).pipe(
        Stream.decodeText(),
        Stream.mkString
      )
      assert.strictEqual(yield* text, "half and half")
    })
  )

  it.live("with status 101 is an error", () =>
    Effect.gen(function* () {
      const { url } = yield* serve(
        (response) =>
          void response.socket?.end("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n")
      )
      assertUnreachable(yield* Effect.flip(sendFreely(url, "plain")))
    })
  )

  for (const [encoding, encode] of Object.entries(encodings)) {
    it.live(`that is compressed without accept-encoding is decoded: ${encoding}`, () =>
      Effect.gen(function* () {
        const { arrived, url } = yield* serve((response, _request, nth) => {
          const isStream = nth === 2
          const body = encode(isStream ? begun + continued + stopped : JSON.stringify(message("Paris")))
          response
            .writeHead(200, {
              "content-encoding": encoding,
              "content-type": isStream ? "text/event-stream" : "application/json"
            })
            .write(body.subarray(0, 40))
          setTimeout(() => response.end(nth === 3 ? body.subarray(40, -12) : body.subarray(40)), 10)
        })
        assert.strictEqual(Message.textOf(yield* sendFreely(url, "plain")), "Paris")
        assert.strictEqual(Message.textOf(yield* sendFreely(url, "stream")), "Paris")
        const cut = yield* Effect.flip(sendFreely(url, "plain"))
        assert.strictEqual(cut.reason._tag, "CutOff", cut.message)
        assert.isUndefined(arrived[0]!.headers["accept-encoding"])
      })
    )
  }

  it.live("that is compressed otherwise than its header says is decoded", () =>
    Effect.gen(function* () {
      const bodies: ReadonlyArray<readonly [encoding: string, encode: (body: string) => Buffer]> = [
        ["deflate", deflateRawSync],
        ["deflate", gzipSync],
        ["gzip, br", (body) => brotliCompressSync(gzipSync(body))],
        ["identity, gzip", gzipSync],
        ...["gzip", "br", "deflate", "zstd"].map((encoding) => [encoding, (body: string) => Buffer.from(body)] as const)
      ]
      for (const [encoding, encode] of bodies) {
        const { url } = yield* serve((response, _request, nth) => {
          const body = encode(nth === 2 ? begun + continued + stopped : JSON.stringify(message("Paris")))
          const type = nth === 2 ? "text/event-stream" : "application/json"
          response.writeHead(200, { "content-encoding": encoding, "content-type": type }).write(body.subarray(0, 1))
          setTimeout(() => response.end(body.subarray(1)), 5)
        })
        assert.strictEqual(Message.textOf(yield* sendFreely(url, "plain")), "Paris", encoding)
        assert.strictEqual(Message.textOf(yield* sendFreely(url, "stream")), "Paris", encoding)
      }
    })
  )

  it.live("that is shorter than what tells encodings apart is read", () =>
    Effect.gen(function* () {
      const { url } = yield* serve((response) =>
        response.writeHead(200, { "content-encoding": "gzip", "content-type": "application/json" }).end("{}")
      )
      const { reason } = yield* Effect.flip(sendFreely(url, "plain"))
      assert.deepInclude(reason, { _tag: "NotJson", excerpt: "{}" })
    })
  )

  it.live("may arrive in chunks of one byte: characters are not broken", () =>
    Effect.gen(function* () {
      const text = Buffer.from(begun + continued.replace(`"is"`, `"is: été 🗼"`) + stopped)
      const { url } = yield* serve((response) => {
        startStream(response)
        const pieces = Array.from(text, (_, index) => text.subarray(index, index + 1))
        const next = () => {
          const piece = pieces.shift()
          if (piece === undefined) return void response.end()
          response.write(piece, () => setImmediate(next))
        }
        next()
      })
      const deltas: Array<string> = []
      const reply = yield* send().pipe(listening("stream", deltas), Effect.provide(layerTo(url)))
      assert.strictEqual(Message.textOf(reply), "Paris: été 🗼")
      assert.deepStrictEqual(deltas, ["Par", "is: été 🗼"])
    })
  )

  it.live("may follow early hints", () =>
    Effect.gen(function* () {
      for (const isHttp2 of [true, false]) {
        const { url } = yield* serveSecure(
          (response) => {
            response.writeEarlyHints({ link: "</style.css>; rel=preload" })
            setTimeout(() => answer(response), 20)
          },
          { isHttp2 }
        )
        assert.strictEqual(Message.textOf(yield* sendFreely(url, "plain")), "Paris")
      }
    })
  )

  it.live("that stays open after message_stop is closed", () =>
    Effect.gen(function* () {
      const { arrived, url } = yield* serve((response) => void startStream(response).write(begun + continued + stopped))
      assert.strictEqual(Message.textOf(yield* sendFreely(url, "stream")), "Paris")
      assert.isTrue(yield* Effect.timeout(arrived[0]!.closedEarly, safety))
    })
  )

  it.live("that redirects is not followed, so the key is not sent elsewhere", () =>
    Effect.gen(function* () {
      const other = yield* serve(answer)
      for (const status of [301, 302, 307, 308]) {
        const { url } = yield* serve(
          (response) => void response.writeHead(status, { location: `${other.url}/v1/messages` }).end()
        )
        const error = yield* Effect.flip(sendFreely(url, "plain"))
        assert.strictEqual(error.reason._tag, "InvalidRequest")
        assert.include(error.message, String(status))
      }
      assert.strictEqual(other.arrived.length, 0)
    })
  )
})
