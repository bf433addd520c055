/** What the client sends. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Message } from "fanfold"
import { request, send } from "../../FakeClaude.ts"
import { json, message, serve } from "../../Loopback.ts"
import { layerTo, listening, type Mode, modes } from "../../RealClient.ts"

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

  it.live(
    "has shared documents before the question, with the breakpoint on the last, and files of its own after them",
    () =>
      Effect.gen(function* () {
        const pdf = { mediaType: "application/pdf", data: "JVBERi0=", title: "contract.pdf", pages: 1 } as const
        const law = { mediaType: "text/plain", data: 'The "law".', title: "Law", citations: true } as const
        const logo = { mediaType: "image/png", data: "iVBORw0=", title: "logo.png", width: 1, height: 1 } as const
        const note = { mediaType: "text/plain", data: "A note." } as const
        const turns = [
          { role: "user", content: "why @@fanfold document 7@@?" },
          { role: "assistant", content: "So." },
          { role: "user", content: "And?" }
        ] as const
        const asked = request("why?", { system: "be brief", context: [pdf, law], files: [logo, note], messages: turns })
        for (const mode of modes) {
          const { body } = yield* bodyOf(asked, mode)
          assert.deepStrictEqual(body.system, [{ type: "text", text: "be brief" }])
          assert.deepStrictEqual(body.messages, [
            {
              role: "user",
              content: [
                {
                  type: "document",
                  source: { type: "base64", media_type: "application/pdf", data: "JVBERi0=" },
                  title: "contract.pdf"
                },
                {
                  type: "document",
                  source: { type: "text", media_type: "text/plain", data: 'The "law".' },
                  title: "Law",
                  citations: { enabled: true },
                  cache_control: { type: "ephemeral" }
                },
                { type: "text", text: "logo.png:" },
                { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0=" } },
                { type: "text", text: "A note." },
                { type: "text", text: "why @@fanfold document 7@@?" }
              ]
            },
            ...turns.slice(1)
          ])
          assert.strictEqual(body.stream, mode === "stream" ? true : undefined)
        }
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
