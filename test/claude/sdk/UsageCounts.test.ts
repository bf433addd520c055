/** What counts of tokens are known, and what they make of cost and budget where they are not. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as fc from "fast-check"
import { Budget, Message, Price } from "fanfold"
import { countsOf, later, usageOf } from "../../../src/claude/sdk/UsageCounts.ts"
import { make, reply, request, send } from "../../FakeClaude.ts"
import { message } from "../../Loopback.ts"
import { injected, streamed } from "../../RealClient.ts"
import { block, start, stop, text, write } from "./Streams.ts"

const model = "claude-haiku-5-5"

/** The usage of a plain reply. */
const plainly = (usage: unknown) =>
  Effect.map(
    Effect.provide(
      send(),
      injected(() => Response.json({ ...message("Paris"), usage }))
    ),
    ({ usage }) => usage
  )

const written = (data: object) => write({ data }, { named: true, ending: "\n", comments: false, isPretty: false })

/** The usage of a stream whose `message_start` and `message_delta` have these. */
const streaming = (first: unknown, last: unknown) => {
  const { data } = start("msg_1") as { readonly data: { readonly message: object } }
  const body = [
    written({ ...data, message: { ...data.message, usage: first } }),
    ...[block(0), text(0, "Paris")].map(({ data }) => written(data as object)),
    written({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage: last }),
    written(stop.data as object)
  ].join("")
  return Effect.map(streamed(body), ({ usage }) => usage)
}

const incomplete = (counts: Partial<Message.Usage>): Message.Usage => ({
  ...Message.noUsage,
  ...counts,
  isIncomplete: true
})

describe("the usage of a reply", () => {
  it.effect.each([
    [undefined, {}],
    [null, {}],
    ["many", {}],
    [[1, 2], {}],
    [{}, {}],
    [{ input_tokens: 10 }, { inputTokens: 10 }],
    [{ output_tokens: 20 }, { outputTokens: 20 }],
    [{ input_tokens: "10", output_tokens: "20" }, {}],
    [{ input_tokens: 10, output_tokens: 20.0000001 }, { inputTokens: 10 }],
    [{ input_tokens: -1, output_tokens: 20 }, { outputTokens: 20 }],
    [
      { input_tokens: 10, output_tokens: 20, cache_read_input_tokens: "5" },
      { inputTokens: 10, outputTokens: 20 }
    ],
    [
      { input_tokens: 10, output_tokens: 20, server_tool_use: { web_search_requests: 0.5 } },
      { inputTokens: 10, outputTokens: 20 }
    ]
  ] as const)("of %j is incomplete, and its cost is not known", ([usage, counts]) =>
    Effect.gen(function* () {
      const read = yield* plainly(usage)
      assert.deepStrictEqual(read, incomplete(counts))
      assert.isUndefined(Price.usdOf(model, read))
      assert.deepStrictEqual(yield* streaming(usage, usage), incomplete(counts))
    })
  )

  it.effect.each([
    [{ input_tokens: 10, output_tokens: 20, cache_read_input_tokens: null }, {}],
    [{ input_tokens: 10, output_tokens: 20, server_tool_use: null, output_tokens_details: "none" }, {}],
    [{ input_tokens: 10, output_tokens: 20, output_tokens_details: { thinking_tokens: "3" } }, {}],
    [{ input_tokens: 10, output_tokens: 20, cache_creation_input_tokens: 5 }, { cacheCreationInputTokens: 5 }]
  ] as const)("of %j is complete", ([usage, counts]) =>
    Effect.gen(function* () {
      const expected = { ...Message.noUsage, inputTokens: 10, outputTokens: 20, ...counts }
      assert.deepStrictEqual(yield* plainly(usage), expected)
      assert.deepStrictEqual(yield* streaming(usage, usage), expected)
    })
  )

  it.effect.each([
    [
      "a later 0",
      { input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 1 },
      { input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 20 }
    ],
    [
      "a later null",
      { input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 1 },
      { input_tokens: null, output_tokens: 20 }
    ],
    [
      "a count that only the end has",
      { input_tokens: 0, output_tokens: 0 },
      { input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 20 }
    ],
    [
      "a later count",
      { input_tokens: 7, cache_read_input_tokens: 5, output_tokens: 9 },
      { input_tokens: 10, output_tokens: 20 }
    ],
    [
      "a later count, the first being text",
      { input_tokens: "7", output_tokens: 9 },
      { input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 20 }
    ]
  ] as const)("of a stream: %s leaves the counts right", ([, first, last]) =>
    Effect.gen(function* () {
      const expected = { ...Message.noUsage, inputTokens: 10, cacheReadInputTokens: 5, outputTokens: 20 }
      assert.deepStrictEqual(yield* streaming(first, last), expected)
    })
  )

  it.effect("of a stream is incomplete where its end has no count of the output", () =>
    Effect.gen(function* () {
      const first = { input_tokens: 10, output_tokens: 1 }
      for (const last of [undefined, {}, { input_tokens: 10 }]) {
        assert.deepStrictEqual(yield* streaming(first, last), incomplete({ inputTokens: 10, outputTokens: 1 }))
      }
    })
  )

  it("has whole numbers from 0, whatever JSON it is read from", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (count, other, usage) => {
        const first = countsOf({ input_tokens: count, output_tokens: other, server_tool_use: usage })
        for (const read of [usageOf(later(first, countsOf(usage))), usageOf(countsOf(usage))]) {
          const { batch, isIncomplete, ...counts } = read
          assert.isUndefined(batch)
          assert.isTrue(Object.values(counts).every((each) => Number.isSafeInteger(each) && each >= 0))
          assert.include([undefined, true], isIncomplete)
        }
      })
    )
  })
})

describe("an incomplete usage", () => {
  it("makes a sum incomplete", () => {
    const sum = Message.addUsage({ ...Message.noUsage, inputTokens: 1 }, incomplete({ inputTokens: 2 }))
    assert.deepStrictEqual(sum, incomplete({ inputTokens: 3 }))
  })

  it.effect("takes all that a budget had reserved for the attempt", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.succeed(reply("yes", { usage: incomplete({}) })))
      const asked = Effect.all([send(request()), Effect.result(send(request()))])
      // Enough for the worst case of one request (100 tokens of output, some 200 of input), not for that of two.
      const [, second] = yield* Effect.provide(asked, Layer.provide(Budget.layer({ tokens: 400 }), claude.layer))
      assert.strictEqual(second._tag, "Failure")
      assert.lengthOf(claude.sent, 1)
    })
  )
})
