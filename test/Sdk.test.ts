/** The client over the real SDK, against a plain server on loopback that plays every way a reply can go wrong. */
import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Redacted } from "effect"
import fc from "fast-check"
import { type AskError, Claude, Event, Message, Timeout } from "fanfold"
import { request, send } from "./FakeClaude.ts"
import {
  apiError,
  begun,
  closedUrl,
  continued,
  event,
  type Handler,
  json,
  message,
  serve,
  startStream,
  stopped
} from "./Loopback.ts"

const key = "sk-ant-api03-THE-KEY-that-must-never-be-seen"

type Mode = "plain" | "stream"
const modes: ReadonlyArray<Mode> = ["plain", "stream"]

const layerTo = (baseUrl: string, apiKey = key) =>
  Layer.effect(Claude.Claude, Claude.make({ apiKey: Redacted.make(apiKey), baseUrl }))

const listening = (mode: Mode, deltas: Array<string> = []) =>
  Effect.provideService(Event.Listener, {
    emit: () => Effect.void,
    ...(mode === "stream" && { delta: ({ text }: Event.Delta) => void deltas.push(text) })
  })

/** Small limits of our own, and one far outside of them that turns a hang into a failed test. */
const limits = { firstToken: "150 millis", stall: "150 millis", attempt: "300 millis" } as const
const safety: Duration.Input = "10 seconds"

const sendTo = (url: string, mode: Mode, apiKey?: string) =>
  send().pipe(
    listening(mode),
    Effect.provide(Timeout.layer(limits).pipe(Layer.provide(layerTo(url, apiKey)))),
    Effect.timeoutOrElse({ duration: safety, orElse: () => Effect.die(new Error("it hangs")) })
  )

const errorFrom = (handler: Handler, mode: Mode, apiKey?: string) =>
  Effect.flatMap(serve(handler), ({ url }) => Effect.flip(sendTo(url, mode, apiKey)))

const injected = (respond: () => Response) =>
  Layer.effect(
    Claude.Claude,
    Claude.make({ apiKey: Redacted.make(key), fetch: () => Promise.resolve(respond()) })
  )

const streamOf = (body: string): Response =>
  new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } })

/** Reads an injected stream to its reply. */
const streamed = (body: string) => send().pipe(listening("stream"), Effect.provide(injected(() => streamOf(body))))

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
    what: "JSON that is no message with a 200",
    handler: (response) => void json(response, 200, { ok: true }),
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
    handler: raw(`HTTP/1.1 200 OK\ncontent-type: application/json\ncontent-length: 30\n\n${shortBody}`),
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
      `HTTP/1.1 200 OK\ncontent-type: text/event-stream\ncontent-length: ${
        Buffer.byteLength(begun.replaceAll("\n", "\r\n"))
      }\n\n${begun}${continued}${stopped}`
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
    isRetryable: true
  }
]

describe("a reply that goes wrong", () => {
  for (const fault of faults) {
    for (const mode of modes) {
      const tag = fault[mode]
      if (tag === undefined) continue
      it.live(`ends ${fault.what} in ${tag} (${mode})`, () =>
        Effect.gen(function* () {
          const error = yield* errorFrom(fault.handler, mode)
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

  it.live("does not try a base URL again that is none", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(sendTo("not a url", "plain"))
      assert.strictEqual(error.reason._tag, "Unreachable")
      assert.isFalse(error.isRetryable)
    })
  )

  it.live("says which limit ran out", () =>
    Effect.gen(function* () {
      const stalled = yield* errorFrom((response) => void startStream(response).write(begun), "stream")
      assert.deepInclude(stalled.reason, { _tag: "Stalled", phase: "stream", silentMillis: 150 })
      const silent = yield* errorFrom(() => {}, "stream")
      assert.deepInclude(silent.reason, { _tag: "Stalled", phase: "first token", silentMillis: 150 })
      const late = yield* errorFrom(() => {}, "plain")
      assert.deepInclude(late.reason, { _tag: "TimedOut", scope: "attempt", limitMillis: 300 })
    })
  )
})

interface Status {
  readonly status: number
  readonly type: string
  readonly tag: Tag
  readonly isRetryable: boolean
  readonly code?: string
  readonly headers?: Record<string, string>
}

const statuses: ReadonlyArray<Status> = [
  { status: 400, type: "invalid_request_error", tag: "InvalidRequest", isRetryable: false },
  { status: 401, type: "authentication_error", tag: "Authentication", isRetryable: false },
  { status: 402, type: "billing_error", tag: "BillingFailed", isRetryable: false },
  { status: 403, type: "permission_error", tag: "PermissionDenied", isRetryable: false },
  { status: 404, type: "not_found_error", tag: "NotFound", isRetryable: false },
  { status: 408, type: "timeout_error", tag: "ServerError", isRetryable: true },
  { status: 409, type: "conflict_error", tag: "ServerError", isRetryable: true },
  { status: 413, type: "request_too_large", tag: "TooLarge", isRetryable: false },
  { status: 418, type: "teapot_error", tag: "InvalidRequest", isRetryable: false },
  { status: 429, type: "rate_limit_error", tag: "RateLimited", isRetryable: true },
  {
    status: 429,
    type: "rate_limit_error",
    code: "enforced_spend_limit_reached",
    tag: "SpendLimitReached",
    isRetryable: false
  },
  {
    status: 429,
    type: "rate_limit_error",
    code: "contract_spend_limit_reached",
    headers: { "x-should-retry": "true" },
    tag: "SpendLimitReached",
    isRetryable: false
  },
  { status: 500, type: "api_error", tag: "ServerError", isRetryable: true },
  { status: 500, type: "api_error", headers: { "x-should-retry": "false" }, tag: "ServerError", isRetryable: false },
  {
    status: 400,
    type: "invalid_request_error",
    headers: { "x-should-retry": "true" },
    tag: "InvalidRequest",
    isRetryable: true
  },
  { status: 503, type: "api_error", tag: "ServerError", isRetryable: true },
  { status: 504, type: "timeout_error", tag: "ServerError", isRetryable: true },
  { status: 529, type: "overloaded_error", tag: "Overloaded", isRetryable: true }
]

describe("an answer with an error status", () => {
  for (const { code, headers, isRetryable, status, tag, type } of statuses) {
    const more = [code, headers && "x-should-retry"].filter((each) => each !== undefined).join(", ")
    it.live(`${status} ${type} ${more} is ${tag}, after one request`, () =>
      Effect.gen(function* () {
        for (const mode of modes) {
          const { arrived, url } = yield* serve((response) =>
            void json(response, status, apiError(type, "what went wrong", code), headers)
          )
          const error = yield* Effect.flip(sendTo(url, mode))
          assert.strictEqual(error.reason._tag, tag)
          assert.strictEqual(error.isRetryable, isRetryable)
          assert.include(error.message, "what went wrong")
          assert.strictEqual(error.requestId, "req_json")
          assert.strictEqual(arrived.length, 1)
        }
      })
    )
  }

  it.live("tells the time a 429 names", () =>
    Effect.gen(function* () {
      const limited: Handler = (response) =>
        void json(response, 429, apiError("rate_limit_error"), { "retry-after": "16" })
      const { headers, reason } = yield* errorFrom(limited, "plain")
      assert.deepInclude(reason, { _tag: "RateLimited", retryAfterMillis: 16_000 })
      assert.deepStrictEqual(headers, { "request-id": "req_json", "retry-after": "16" })
    })
  )

  it.live("needs neither JSON nor a request id", () =>
    Effect.gen(function* () {
      const page = "<html>413 Request Entity Too Large</html>"
      const error = yield* errorFrom((response) => void response.writeHead(413).end(page), "plain")
      assert.strictEqual(error.reason._tag, "TooLarge")
      assert.include(error.message, "Request Entity Too Large")
      const empty = yield* errorFrom((response) => void response.writeHead(529).end(), "plain")
      assert.strictEqual(empty.reason._tag, "Overloaded")
    })
  )
})

describe("a good reply", () => {
  it.live("is the same whether it was streamed or not", () =>
    Effect.gen(function* () {
      const { url } = yield* serve((response, _request, nth) =>
        nth === 1
          ? json(response, 200, message("Paris"), { "request-id": "req_stream" })
          : startStream(response).end(begun + continued + stopped)
      )
      const plain = yield* sendTo(url, "plain")
      assert.strictEqual(Message.textOf(plain), "Paris")
      assert.strictEqual(plain.requestId, "req_stream")
      assert.deepStrictEqual(yield* sendTo(url, "stream"), plain)
    })
  )

  it.effect("ignores a second message_start and events it does not know, JSON or not", () =>
    Effect.gen(function* () {
      const foreign = [
        event("message_start", { type: "message_start", message: { ...message("again"), id: "msg_2" } }),
        event("future_event", { type: "future_event", shape: [1, 2] }),
        event("future_event", "plain words"),
        event("future_event", "null"),
        ": a comment\n\n",
        "data: [DONE]\n\n",
        "retry: 3000\n\n",
        event("content_block_delta", { type: "content_block_delta", index: 0, delta: { type: "future_delta" } })
      ].join("")
      const reply = yield* streamed(begun + foreign + continued + stopped)
      assert.strictEqual(Message.textOf(reply), "Paris")
      assert.strictEqual(reply.id, "msg_1")
      assert.strictEqual(reply.usage.outputTokens, 7)
    })
  )

  it.effect("is over at message_stop, whatever follows", () =>
    Effect.gen(function* () {
      const late = event("error", apiError("overloaded_error")) + event("content_block_delta", "{oops")
      assert.strictEqual(Message.textOf(yield* streamed(begun + continued + stopped + late)), "Paris")
    })
  )

  it.effect("may use any line ending and several data lines", () =>
    Effect.gen(function* () {
      const lines = `${begun}${continued}${stopped}`.replaceAll(`{"type":`, `{\ndata: "type":`)
      for (const ending of ["\n", "\r\n", "\r"]) {
        assert.strictEqual(Message.textOf(yield* streamed(lines.replaceAll("\n", ending))), "Paris")
      }
    })
  )

  it("never dies of a stream, however broken", () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom("message_start", "content_block_start", "content_block_delta", "message_delta", "error"),
        fc.oneof(
          fc.json(),
          fc
            .record(
              {
                index: fc.oneof(fc.integer({ min: -2, max: 4 }), fc.jsonValue()),
                message: fc.jsonValue(),
                content_block: fc.oneof(fc.jsonValue(), fc.constant({ type: "text" })),
                delta: fc.oneof(
                  fc.jsonValue(),
                  fc.record({ type: fc.constantFrom("text_delta", "input_json_delta", "citations_delta"), text: fc.jsonValue() })
                ),
                usage: fc.oneof(fc.jsonValue(), fc.record({ output_tokens: fc.jsonValue() })),
                error: fc.jsonValue()
              },
              { requiredKeys: [] }
            )
            .map((value) => JSON.stringify(value))
        ),
        fc.constantFrom("", begun),
        (name, data, before) => {
          const body = before + event(name, data) + continued + stopped
          return Effect.runPromise(
            Effect.map(Effect.result(streamed(body)), (result) => {
              if (result._tag === "Success") assert.isString(Message.textOf(result.success))
            })
          )
        }
      ),
      { numRuns: 400 }
    ))
})

describe("an answer of any JSON", () => {
  const statuses = fc.constantFrom(200, 200, 400, 401, 413, 418, 429, 500, 529)
  const body = fc.oneof(
    fc.jsonValue(),
    fc.record({ error: fc.oneof(fc.jsonValue(), fc.record({ type: fc.jsonValue(), message: fc.jsonValue() })) }),
    fc.record({ content: fc.jsonValue(), usage: fc.jsonValue() }).map((fields) => ({ ...message("hello"), ...fields }))
  )
  it("ends in a reply or an AskError, never in a defect", () =>
    fc.assert(
      fc.asyncProperty(statuses, body, fc.constantFrom("16", "", "soon", "-1", "1e999"), (status, body, retryAfter) => {
        const respond = () => Response.json(body, { status, headers: { "retry-after": retryAfter } })
        return Effect.runPromise(Effect.asVoid(Effect.result(Effect.provide(send(), injected(respond)))))
      }),
      { numRuns: 300 }
    ))
})

describe("the key", () => {
  const assertUnseen = (error: AskError.AskError, apiKey = key) => {
    for (const shown of [JSON.stringify(error), error.message, String(error), inspect(error, { depth: 10 })]) {
      for (let at = 0; at + 8 <= apiKey.length; at++) {
        const part = apiKey.slice(at, at + 8)
        if (part !== "sk-ant-a") assert.notInclude(shown, part)
      }
    }
  }

  it.live("travels as a bearer token and nowhere else", () =>
    Effect.gen(function* () {
      const { arrived, url } = yield* serve((response) => void json(response, 200, message("hello")))
      const reply = yield* sendTo(url, "plain", ` ${key}\n`)
      const [{ body, headers }] = arrived as [(typeof arrived)[number]]
      assert.strictEqual(headers.authorization, `Bearer ${key}`)
      const others = Object.entries(headers).filter(([name]) => name !== "authorization")
      assert.notInclude(JSON.stringify([others, body, reply]), key)
    })
  )

  it.live("is cut out of a page that echoes it, wherever the page is cut", () =>
    Effect.gen(function* () {
      for (const mode of modes) {
        for (const padding of [0, 60, 75, 85, 95, 105, 111, 112, 113, 150, 165, 180, 192, 199]) {
          const page = `<p>${"x".repeat(padding)} Bearer ${key} and ${key}</p>`
          for (const status of [200, 400, 502]) {
            const respond = () => new Response(page, { status, headers: { "content-type": "text/html" } })
            assertUnseen(yield* send().pipe(listening(mode), Effect.provide(injected(respond)), Effect.flip))
          }
        }
      }
    })
  )

  it.live("is cut out of errors, headers, ids and partial text that echo it", () =>
    Effect.gen(function* () {
      const echo = { ...apiError("invalid_request_error", `bad token ${key}`, key), request_id: key }
      const headers = { "retry-after": key, "anthropic-ratelimit-requests-limit": key }
      for (const status of [400, 401, 429, 500]) {
        const respond = () => Response.json(echo, { status, headers })
        assertUnseen(yield* send().pipe(listening("plain"), Effect.provide(injected(respond)), Effect.flip))
      }
      const withText = begun.replace("Par", `Bearer ${key}`)
      assertUnseen(yield* Effect.flip(streamed(withText + event("error", echo))))
      assertUnseen(yield* Effect.flip(streamed(`${withText}data: {oops ${key}\n\n${event("error", `oops ${key}`)}`)))
      assertUnseen(yield* Effect.flip(streamed(withText)))
    })
  )

  it.live("is shown by no error when it is malformed, and nothing is sent then", () =>
    Effect.gen(function* () {
      const { arrived, url } = yield* serve((response) => void json(response, 200, message("hello")))
      const malformed = ["", "  ", "sk-ant-\nTHE-KEY-two-lines", "sk-ant-THE-KEY-ключ", "sk-ant-THE-KEY \u0000 nul", "“THE-KEY-quoted”"]
      for (const apiKey of malformed) {
        for (const mode of modes) {
          const error = yield* Effect.flip(sendTo(url, mode, apiKey))
          assert.strictEqual(error.reason._tag, "Authentication")
          assert.isFalse(error.isRetryable)
          assertUnseen(error, apiKey)
        }
      }
      assert.strictEqual(arrived.length, 0)
    })
  )
})

describe("an interruption", () => {
  const moments: ReadonlyArray<readonly [string, Mode, Handler]> = [
    ["before the headers", "plain", () => {}],
    ["before the headers", "stream", () => {}],
    [
      "in the middle of the body",
      "plain",
      (response) => void response.writeHead(200, { "content-type": "application/json" }).write(`{"id":`)
    ],
    ["in the middle of the body", "stream", (response) => void startStream(response).write(begun)],
    [
      "in the body of an error",
      "plain",
      (response) => void response.writeHead(500, { "content-type": "application/json" }).write("{")
    ]
  ]
  for (const [moment, mode, handler] of moments) {
    it.live(`closes the request at the server ${moment} (${mode})`, () =>
      Effect.gen(function* () {
        const { arrived, first, url } = yield* serve(handler)
        const fiber = yield* Effect.forkChild(send().pipe(listening(mode), Effect.provide(layerTo(url))))
        yield* first
        // What the server has written is then on its way, and sure to have been read after a turn or two.
        yield* Effect.sleep("20 millis")
        yield* Fiber.interrupt(fiber)
        assert.isTrue(yield* Effect.timeout(arrived[0]!.closedEarly, safety))
      })
    )
  }

  it.live("of a limit closes the request too", () =>
    Effect.gen(function* () {
      for (const mode of modes) {
        const { arrived, url } = yield* serve(() => {})
        yield* Effect.flip(sendTo(url, mode))
        assert.isTrue(yield* Effect.timeout(arrived[0]!.closedEarly, safety))
      }
    })
  )

  it.live("of nothing: a request that was answered ends as it should", () =>
    Effect.gen(function* () {
      const { arrived, url } = yield* serve((response) => void json(response, 200, message("hello")))
      yield* sendTo(url, "plain")
      assert.isFalse(yield* arrived[0]!.closedEarly)
    })
  )
})

describe("the request", () => {
  const bodyOf = (one: Message.Request, mode: Mode = "plain") =>
    Effect.gen(function* () {
      const { arrived, url } = yield* serve((response) => void json(response, 200, message("hello")))
      yield* Effect.exit(send(one).pipe(listening(mode), Effect.provide(layerTo(url))))
      return arrived[0]!
    })

  it.live("holds nothing that was not asked for", () =>
    Effect.gen(function* () {
      const { body, headers } = yield* bodyOf(request("why?"))
      assert.deepStrictEqual(body, {
        model: "claude-haiku-5-5",
        max_tokens: 100,
        messages: [{ role: "user", content: "why?" }]
      })
      assert.strictEqual(headers["anthropic-version"], "2026-10-21")
      assert.strictEqual(headers["x-stainless-retry-count"], "0")
    })
  )

  it.live("puts the shared context first, with the cache breakpoint, and the system prompt after it", () =>
    Effect.gen(function* () {
      const tools = [{ type: "web_search_20260318", name: "web_search", max_uses: 5 }]
      const answerSchema = { type: "object", properties: {}, additionalProperties: false }
      const { body } = yield* bodyOf(
        request("why?", {
          context: "a document",
          system: "be brief",
          effort: "low",
          answerSchema,
          tools,
          stopSequences: ["END"]
        })
      )
      assert.deepStrictEqual(body, {
        model: "claude-haiku-5-5",
        max_tokens: 100,
        system: [
          { type: "text", text: "a document", cache_control: { type: "ephemeral" } },
          { type: "text", text: "be brief" }
        ],
        messages: [{ role: "user", content: "why?" }],
        tools,
        stop_sequences: ["END"],
        output_config: { effort: "low", format: { type: "json_schema", schema: answerSchema } }
      })
    })
  )

  it.live("streams where somebody looks at tokens, for a synthesis, and for very long answers", () =>
    Effect.gen(function* () {
      assert.isUndefined((yield* bodyOf(request())).body.stream)
      assert.isTrue((yield* bodyOf(request(), "stream")).body.stream)
      assert.isUndefined((yield* bodyOf(request("why?", { maxTokens: 21_333 }))).body.stream)
      assert.isTrue((yield* bodyOf(request("why?", { maxTokens: 21_334 }))).body.stream)
    })
  )
})
