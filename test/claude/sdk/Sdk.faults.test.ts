/** Every way a reply can go wrong, played by a plain server on loopback: each ends in its reason, within its limit. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type AskError, Message } from "fanfold"
import {
  apiError,
  begun,
  closedUrl,
  continued,
  event,
  type Handler,
  json,
  message,
  startStream,
  stopped
} from "../../Loopback.ts"
import * as Transport from "../../../src/transport/Transport.ts"
import { errorFrom, modes, sendLimited, sendTo } from "../../RealClient.ts"

const raw =
  (text: string): Handler =>
  (response) =>
    void response.socket?.end(text.replaceAll("\n", "\r\n"))

const shortBody = JSON.stringify(message("hello"))

type Tag = AskError.Reason["_tag"]

interface Fault {
  readonly what: string
  readonly handler: Handler
  readonly plain?: Tag
  readonly stream?: Tag
  readonly isRetryable: boolean
  /** Where the stream had begun: its text and usage must be kept. */
  readonly isPartial?: true
}

const faults: ReadonlyArray<Fault> = [
  {
    what: "a reset before the headers",
    handler: (response) => void response.socket?.resetAndDestroy(),
    plain: "Unreachable",
    stream: "Unreachable",
    isRetryable: true
  },
  {
    what: "a connection closed before the headers",
    handler: (response) => void response.socket?.end(),
    plain: "Unreachable",
    stream: "Unreachable",
    isRetryable: true
  },
  {
    what: "an error event after a 200",
    handler: (response) => void startStream(response).end(begun + event("error", apiError("overloaded_error"))),
    stream: "Overloaded",
    isRetryable: true,
    isPartial: true
  },
  {
    what: "an api_error event after a 200",
    handler: (response) => void startStream(response).end(begun + event("error", apiError("api_error"))),
    stream: "ServerError",
    isRetryable: true,
    isPartial: true
  },
  {
    what: "an invalid_request_error event after a 200",
    handler: (response) => void startStream(response).end(begun + event("error", apiError("invalid_request_error"))),
    stream: "InvalidRequest",
    isRetryable: false,
    isPartial: true
  },
  {
    what: "a stream that ends without message_stop",
    handler: (response) => void startStream(response).end(begun),
    stream: "CutOff",
    isRetryable: true,
    isPartial: true
  },
  {
    what: "a stream that ends inside an event",
    handler: (response) => void startStream(response).end(begun + stopped.slice(0, -2)),
    stream: "CutOff",
    isRetryable: true,
    isPartial: true
  },
  {
    what: "a stream that ends before it begins",
    handler: (response) => void startStream(response).end(),
    stream: "CutOff",
    isRetryable: true
  },
  {
    what: "a socket cut in the middle of a JSON body",
    handler: (response) => {
      response.writeHead(200, { "content-type": "application/json" })
      response.write(shortBody.slice(0, 40), () => response.socket?.resetAndDestroy())
    },
    plain: "CutOff",
    isRetryable: true
  },
  {
    what: "a socket cut in the middle of a stream",
    handler: (response) => void startStream(response).write(begun, () => setImmediate(() => response.socket?.end())),
    stream: "CutOff",
    isRetryable: true,
    isPartial: true
  },
  {
    what: "an HTML page with a 200",
    handler: (response) => void response.writeHead(200, { "content-type": "text/html" }).end("<h1>Log in</h1>"),
    plain: "NotJson",
    stream: "NotJson",
    isRetryable: false
  },
  {
    what: "invalid JSON with a 200",
    handler: (response) => void json(response, 200, shortBody.slice(0, -9)),
    plain: "NotJson",
    stream: "NotJson",
    isRetryable: true
  },
  {
    what: "JSON of another service with a 200",
    handler: (response) => void json(response, 200, { ok: true }),
    plain: "NotJson",
    stream: "NotJson",
    isRetryable: false
  },
  {
    what: "a damaged message with a 200",
    handler: (response) => void json(response, 200, { type: "message", content: null }),
    plain: "NotJson",
    stream: "NotJson",
    isRetryable: true
  },
  {
    what: "an empty 200",
    handler: (response) => void response.writeHead(200).end(),
    plain: "NotJson",
    stream: "NotJson",
    isRetryable: false
  },
  {
    what: "a 204",
    handler: (response) => void response.writeHead(204).end(),
    plain: "NotJson",
    stream: "NotJson",
    isRetryable: false
  },
  {
    what: "a stream that begins with no message",
    handler: (response) =>
      void startStream(response).end(event("message_start", { type: "message_start", message: {} }) + stopped),
    stream: "NotJson",
    isRetryable: true
  },
  {
    what: "broken JSON in one event",
    handler: (response) =>
      void startStream(response).end(begun + event("content_block_delta", "{oops") + continued + stopped),
    stream: "NotJson",
    isRetryable: true,
    isPartial: true
  },
  {
    what: "a JSON body that stalls",
    handler: (response) => void response.writeHead(200, { "content-type": "application/json" }).write("{"),
    plain: "TimedOut",
    isRetryable: true
  },
  {
    what: "a stream that stalls",
    handler: (response) => void startStream(response).write(begun),
    stream: "Stalled",
    isRetryable: true,
    isPartial: true
  },
  {
    what: "a stream of pings without end",
    handler: (response) => {
      startStream(response).write(begun)
      const pings = setInterval(() => response.write(event("ping", { type: "ping" })), 20)
      response.on("close", () => clearInterval(pings))
    },
    stream: "TimedOut",
    isRetryable: true,
    isPartial: true
  },
  {
    what: "silence before the headers",
    handler: () => {},
    plain: "TimedOut",
    stream: "Stalled",
    isRetryable: true
  },
  {
    what: "the body of an error that stalls",
    handler: (response) => void response.writeHead(500, { "content-type": "application/json" }).write("{"),
    plain: "TimedOut",
    stream: "Stalled",
    isRetryable: true
  },
  {
    what: "a content-length that is too long",
    handler: raw(`HTTP/1.1 200 OK\ncontent-type: application/json\ncontent-length: 9999\n\n${shortBody}`),
    plain: "CutOff",
    isRetryable: true
  },
  {
    what: "a content-length that is too short",
    handler: ({ socket }) => {
      socket?.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 30\r\n\r\n`)
      // The rest in a packet of its own: together with the body some clients see no response at all.
      socket?.write(shortBody.slice(0, 30), () => setTimeout(() => socket.end(shortBody.slice(30)), 20))
    },
    plain: "NotJson",
    isRetryable: true
  },
  {
    what: "a stream whose content-length is too long",
    handler: raw(`HTTP/1.1 200 OK\ncontent-type: text/event-stream\ncontent-length: 9999\n\n${begun}`),
    stream: "CutOff",
    isRetryable: true,
    isPartial: true
  },
  {
    what: "a stream whose content-length is too short",
    handler: raw(
      `HTTP/1.1 200 OK\ncontent-type: text/event-stream\ncontent-length: ${Buffer.byteLength(
        begun.replaceAll("\n", "\r\n")
      )}\n\n${begun}${continued}${stopped}`
    ),
    stream: "CutOff",
    isRetryable: true,
    isPartial: true
  },
  {
    what: "what is no HTTP at all",
    handler: raw("220 mail.example.org ESMTP\n"),
    plain: "Unreachable",
    stream: "Unreachable",
    // Another fetch does not tell whether the server has ever answered in HTTP.
    get isRetryable() {
      return !Transport.isOwn()
    }
  }
]

describe("a reply that goes wrong", () => {
  for (const fault of faults) {
    for (const mode of modes) {
      const tag = fault[mode]
      if (tag === undefined) continue
      it.live(`ends ${fault.what} in ${tag} (${mode})`, () =>
        Effect.gen(function* () {
          const isLimit = tag === "TimedOut" || tag === "Stalled"
          const error = yield* errorFrom(fault.handler, mode, isLimit ? sendLimited : sendTo)
          assert.strictEqual(error.reason._tag, tag, error.message)
          assert.strictEqual(error.isRetryable, fault.isRetryable)
          assert.strictEqual(error.partialText, fault.isPartial && "Par")
          const paid = { ...Message.noUsage, inputTokens: 12, outputTokens: 1 }
          assert.deepStrictEqual(error.usage, fault.isPartial && paid)
          assert.strictEqual(error.model, fault.isPartial && "claude-haiku-5-5")
        })
      )
    }
  }

  for (const mode of modes) {
    it.live(`ends a refused connection in Unreachable (${mode})`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(sendTo(yield* closedUrl, mode))
        assert.strictEqual(error.reason._tag, "Unreachable")
        assert.isTrue(error.isRetryable)
        assert.include(error.message, "ECONNREFUSED")
      })
    )
  }

  it.live("says which limit ran out", () =>
    Effect.gen(function* () {
      const stalled = yield* errorFrom((response) => void startStream(response).write(begun), "stream", sendLimited)
      assert.deepInclude(stalled.reason, { _tag: "Stalled", phase: "stream", silentMillis: 150 })
      const silent = yield* errorFrom(() => {}, "stream", sendLimited)
      assert.deepInclude(silent.reason, { _tag: "Stalled", phase: "first token", silentMillis: 150 })
      const late = yield* errorFrom(() => {}, "plain", sendLimited)
      assert.deepInclude(late.reason, { _tag: "TimedOut", scope: "attempt", limitMillis: 300 })
    })
  )
})
