/** What the client sends. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Message } from "fanfold"
import { request, send } from "../../FakeClaude.ts"
import { json, message, serve } from "../../Loopback.ts"
import { layerTo, listening, type Mode } from "../../RealClient.ts"

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
