/** What the client makes of a good reply, and of any JSON at all. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"
import { Message } from "fanfold"
import { send } from "../../FakeClaude.ts"
import { apiError, begun, continued, event, json, message, serve, startStream, stopped } from "../../Loopback.ts"
import { injected, sendTo, streamed } from "../../RealClient.ts"

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

  it.live("may come in one piece from a gateway that knows no streams", () =>
    Effect.gen(function* () {
      const { url } = yield* serve((response) => json(response, 200, message("Paris"), { "request-id": "req_plain" }))
      const reply = yield* sendTo(url, "stream")
      assert.deepStrictEqual([Message.textOf(reply), reply.requestId], ["Paris", "req_plain"])
    })
  )

  it.effect("ignores a repeated message_start and events it does not know, JSON or not", () =>
    Effect.gen(function* () {
      const foreign = [
        event("message_start", { type: "message_start", message: message("") }),
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
