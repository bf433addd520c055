/** What the client sends, and what it makes of a good reply, of an error status, and of any JSON at all. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"
import { type AskError, Message } from "fanfold"
import { request, send } from "./FakeClaude.ts"
import {
  apiError,
  begun,
  continued,
  event,
  type Handler,
  json,
  message,
  serve,
  startStream,
  stopped
} from "./Loopback.ts"
import { errorFrom, injected, layerTo, listening, type Mode, modes, sendTo, streamed } from "./RealClient.ts"

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
                  fc.record({
                    type: fc.constantFrom("text_delta", "input_json_delta", "citations_delta"),
                    text: fc.jsonValue()
                  })
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
    fc
      .record({ content: fc.jsonValue(), usage: fc.jsonValue() })
      .map((fields) => Object.assign(message("hello"), fields))
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

const bodyOf = (one: Message.Request, mode: Mode = "plain") =>
  Effect.gen(function* () {
    const { arrived, url } = yield* serve((response) => void json(response, 200, message("hello")))
    yield* Effect.exit(send(one).pipe(listening(mode), Effect.provide(layerTo(url))))
    return arrived[0]!
  })

describe("the request", () => {
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
type Tag = AskError.Reason["_tag"]

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

const limited: Handler = (response) => void json(response, 429, apiError("rate_limit_error"), { "retry-after": "16" })

describe("an answer with an error status", () => {
  for (const { code, headers, isRetryable, status, tag, type } of statuses) {
    const more = [code, headers && "x-should-retry"].filter((each) => each !== undefined).join(", ")
    it.live(`${status} ${type} ${more} is ${tag}, after one request`, () =>
      Effect.gen(function* () {
        for (const mode of modes) {
          const { arrived, url } = yield* serve(
            (response) => void json(response, status, apiError(type, "what went wrong", code), headers)
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
      const { headers, reason } = yield* errorFrom(limited, "plain")
      assert.deepInclude(reason, { _tag: "RateLimited", retryAfterMillis: 16_000 })
      assert.deepStrictEqual(headers, { "request-id": "req_json", "retry-after": "16" })
    })
  )

  it.live("reads the time of a 429 as a date too, by the clock of whoever sent it", () =>
    Effect.gen(function* () {
      const date = "Sun, 06 Nov 1994 08:49:37 GMT"
      const table: ReadonlyArray<readonly [retryAfter: string, millis: number | undefined]> = [
        ["Sun, 06 Nov 1994 08:49:53 GMT", 16_000],
        ["Sun, 06 Nov 1994 08:00:00 GMT", 0],
        ["-5", 0],
        ["0", 0],
        ["1.5", 1500],
        ["soon, in 5 minutes", undefined],
        ["", undefined]
      ]
      for (const [retryAfter, millis] of table) {
        const respond = () =>
          Response.json(apiError("rate_limit_error"), { status: 429, headers: { "retry-after": retryAfter, date } })
        const { headers, reason } = yield* send().pipe(Effect.provide(injected(respond)), Effect.flip)
        assert(reason._tag === "RateLimited")
        assert.strictEqual(reason.retryAfterMillis, millis, retryAfter)
        assert.strictEqual(headers?.["retry-after"], millis === undefined ? undefined : String(millis / 1000))
      }
    })
  )

  it.live("reads such a date by its own clock where the response has none", () =>
    Effect.gen(function* () {
      const headers = { "retry-after": new Date(Date.now() + 60_000).toUTCString() }
      const respond = () => Response.json(apiError("rate_limit_error"), { status: 429, headers })
      const { reason } = yield* send().pipe(Effect.provide(injected(respond)), Effect.flip)
      assert(reason._tag === "RateLimited")
      assert.isAtLeast(reason.retryAfterMillis!, 50_000)
      assert.isAtMost(reason.retryAfterMillis!, 60_000)
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
