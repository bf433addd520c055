/** Text and objects of `effect/ai`: over a fake Claude in virtual time, and over the mock with the stack. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema, Stream } from "effect"
import { Chat, LanguageModel, type Prompt } from "effect/ai"
import { Call, Claude, Continue, Fallback, Message, Retry, Stack } from "fanfold"
import { layer } from "fanfold/LanguageModel"
import { fault, Offline } from "fanfold/mocks"
import { make, overloaded, pass, recorder, reply, script } from "./FakeClaude.ts"
import { deltasOf, over } from "./OverFake.ts"

const Market = Schema.Struct({ euro: Schema.Finite, note: Schema.optionalKey(Schema.String) })

const user = (...texts: ReadonlyArray<string>) => ({
  role: "user" as const,
  content: texts.map((text) => ({ type: "text" as const, text }))
})

/** The stack over the mock. */
const model = (options?: Stack.Options) =>
  layer({ maxTokens: 200 }).pipe(
    Layer.provide(Stack.layerOver(options)),
    Layer.provide(Offline.layerClaude),
    Layer.provideMerge(Offline.layer({ seed: 1 }))
  )

describe("generateText", () => {
  it.effect("sends a question by Claude, and gives text, model, usage and finish reason", () =>
    Effect.gen(function* () {
      const usage = { ...Message.noUsage, inputTokens: 10, cacheReadInputTokens: 20, cacheCreationInputTokens: 5 }
      const claude = make(() =>
        Effect.succeed(reply("Ferns.", { usage: { ...usage, outputTokens: 7, thinkingTokens: 3 } }))
      )
      const response = yield* Effect.provide(LanguageModel.generateText({ prompt: "What grows?" }), over(claude))
      assert.deepStrictEqual(claude.sent[0]!.request, {
        model: Claude.askModel,
        messages: [{ role: "user", content: "What grows?" }],
        maxTokens: 4096
      })
      assert.strictEqual(response.text, "Ferns.")
      assert.strictEqual(response.finishReason, "stop")
      const { inputTokens, outputTokens } = response.usage
      assert.deepStrictEqual({ ...inputTokens }, { uncached: 10, total: 35, cacheRead: 20, cacheWrite: 5 })
      assert.deepStrictEqual({ ...outputTokens }, { total: 7, text: 4, reasoning: 3 })
      const metadata = response.content.find((part) => part.type === "response-metadata")
      assert.deepInclude(metadata, { id: "msg_1", modelId: "claude-haiku-5-5" })
    })
  )

  it.effect("sends system, user and assistant messages, and the settings of the layer", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.succeed(reply("Yes.")))
      const options = { model: "claude-sonnet-5-5", maxTokens: 99, effort: "low", system: "Be brief." } as const
      const generate = (prompt: Prompt.RawInput) =>
        Effect.provide(LanguageModel.generateText({ prompt }), over(claude, options))
      yield* generate([
        { role: "system", content: "One." },
        { role: "system", content: "Two." },
        user("a", "b"),
        { role: "assistant", content: "c" },
        user("d")
      ])
      yield* generate("e")
      const [first, second] = claude.sent.map(({ request }) => request)
      assert.deepStrictEqual(first, {
        model: "claude-sonnet-5-5",
        system: "One.\n\nTwo.",
        messages: [
          {
            role: "user",
            content: [
              { type: "text", text: "a" },
              { type: "text", text: "b" }
            ]
          },
          { role: "assistant", content: "c" },
          { role: "user", content: "d" }
        ],
        maxTokens: 99,
        effort: "low"
      })
      assert.deepStrictEqual(second, { ...first!, system: "Be brief.", messages: [{ role: "user", content: "e" }] })
    })
  )

  it.effect("is retried, falls back, and emits events as every other call", () =>
    Effect.gen(function* () {
      const { events, listen } = recorder()
      const claude = make((sent, nth) => script(overloaded(), overloaded(), overloaded(), reply("Ferns."))(sent, nth))
      const delivery = Fallback.layer().pipe(Layer.provide(Retry.layer()), Layer.provide(claude.layer))
      const model = layer({ model: ["claude-opus-5-5", "claude-haiku-5-5"] }).pipe(Layer.provide(delivery))
      const { text } = yield* pass(
        LanguageModel.generateText({ prompt: "What grows?" }).pipe(
          Effect.updateService(Call.Current, (call) => ({ ...call, ask: "shade" })),
          listen,
          Effect.provide(model)
        )
      )
      assert.strictEqual(text, "Ferns.")
      assert.deepStrictEqual(
        claude.sent.map(({ request }) => request.model),
        ["claude-opus-5-5", "claude-opus-5-5", "claude-opus-5-5", "claude-haiku-5-5"]
      )
      assert.deepStrictEqual([...new Set(events.map(({ ask }) => ask))], ["shade"])
      assert.strictEqual(events.at(-1)?._tag, "Replied")
    })
  )

  it.effect("has one time limit for all turns of a call, and none for two calls", () =>
    Effect.gen(function* () {
      const claude = make((_, nth) =>
        Effect.delay(Effect.succeed(reply("Fer", nth === 3 ? { stopReason: "pause_turn" } : {})), "40 seconds")
      )
      const delivery = Continue.layer().pipe(Layer.provide(Retry.layer({ within: "1 minute" })))
      const model = layer().pipe(Layer.provide(delivery), Layer.provide(claude.layer))
      const generate = LanguageModel.generateText({ prompt: "q" })
      yield* pass(Effect.provide(Effect.andThen(generate, generate), model))
      const { message } = yield* pass(Effect.flip(Effect.provide(generate, model)))
      assert.include(message, "timed out: the ask took longer than 60 s")
      assert.lengthOf(claude.sent, 4)
    })
  )

  it.effect.each([
    ["end_turn", "stop"],
    ["stop_sequence", "stop"],
    ["max_tokens", "length"],
    ["model_context_window_exceeded", "length"],
    ["pause_turn", "pause"],
    ["tool_use", "tool-calls"],
    ["new_reason", "other"],
    ["constructor", "other"],
    [null, "unknown"]
  ] as const)("finishes %s as %s", ([stopReason, expected]) =>
    Effect.gen(function* () {
      const claude = make(() => Effect.succeed(reply("Fer", { stopReason })))
      const { finishReason } = yield* Effect.provide(LanguageModel.generateText({ prompt: "q" }), over(claude))
      assert.strictEqual(finishReason, expected)
    })
  )

  it.effect("gives no counts where the reply has not all of them", () =>
    Effect.gen(function* () {
      const usage = { ...Message.noUsage, inputTokens: 10, isIncomplete: true as const }
      const claude = make(() => Effect.succeed(reply("Fer", { usage })))
      const response = yield* Effect.provide(LanguageModel.generateText({ prompt: "q" }), over(claude))
      const { inputTokens, outputTokens } = response.usage
      assert.deepStrictEqual(
        [inputTokens.total, outputTokens.total, outputTokens.text],
        [undefined, undefined, undefined]
      )
    })
  )

  it.effect("carries a chat", () =>
    Effect.gen(function* () {
      const claude = make()
      const chat = yield* Chat.fromPrompt([{ role: "system", content: "Be brief." }])
      yield* Effect.provide(
        Effect.gen(function* () {
          yield* chat.generateText({ prompt: "a" })
          yield* Stream.runDrain(chat.streamText({ prompt: "b" }))
          yield* chat.generateText({ prompt: "c" })
        }),
        over(claude)
      )
      const { messages, system } = claude.sent[2]!.request
      assert.strictEqual(system, "Be brief.")
      assert.deepStrictEqual(
        messages.map(({ content }) => content),
        ["a", "answer to a", "b", "answer to b", "c"]
      )
    })
  )
})

describe("generateObject", () => {
  const generate = LanguageModel.generateObject({ prompt: "How large?", schema: Market })

  it.effect("sends the schema that Claude takes, and decodes the answer", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.succeed(reply(`{"euro":3,"note":null}`)))
      const { usage, value } = yield* Effect.provide(generate, over(claude))
      assert.deepStrictEqual(value, { euro: 3 })
      assert.strictEqual(usage.outputTokens.total, 5)
      const { answerSchema } = claude.sent[0]!.request
      assert.deepInclude(answerSchema, { type: "object", required: ["euro", "note"], additionalProperties: false })
    })
  )

  it.effect("fails where the answer does not fit its schema, or was cut", () =>
    Effect.gen(function* () {
      const wrong = make(() => Effect.succeed(reply(`{"euro":"much"}`)))
      const { reason } = yield* Effect.flip(Effect.provide(generate, over(wrong)))
      assert.strictEqual(reason._tag, "StructuredOutputError")
      const short = make(() => Effect.succeed(reply(`{"eu`, { stopReason: "max_tokens" })))
      const error = yield* Effect.flip(Effect.provide(generate, over(short, { maxTokens: 2 })))
      assert.deepInclude(error.reason, { _tag: "StructuredOutputError", responseText: `{"eu` })
      assert.include(error.message, "the answer was cut at 2 tokens: raise maxTokens")
      for (const [stopReason, message] of [
        [null, "the reply has no stop reason"],
        ["tool_use", "Claude wants to use a tool"],
        ["pause_turn", "the turn did not end"]
      ] as const) {
        const part = make(() => Effect.succeed(reply(`{"euro":3,"note":null}`, { stopReason })))
        assert.include((yield* Effect.flip(Effect.provide(generate, over(part)))).message, message)
      }
    })
  )

  it.effect("sends nothing for a schema that Claude cannot take", () =>
    Effect.gen(function* () {
      interface Tree {
        readonly children: ReadonlyArray<Tree>
      }
      const Tree: Schema.Codec<Tree> = Schema.Struct({
        children: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree))
      }).annotate({ identifier: "Tree" })
      const claude = make()
      const { reason } = yield* Effect.flip(
        Effect.provide(LanguageModel.generateObject({ prompt: "q", schema: Tree }), over(claude))
      )
      assert.strictEqual(reason._tag, "UnsupportedSchemaError")
      assert.include(reason.message, "Recursive schemas")
      assert.lengthOf(claude.sent, 0)
    })
  )
})

describe("over the mock, with the whole stack", () => {
  it.live("answers with text, an object and a stream, and gets over an overload", () =>
    Effect.gen(function* () {
      const mock = yield* Offline.MockClaude
      mock.when({ user: "shade" }).reply("Ferns grow in shade.")
      mock.when({ user: "large" }).reply({ euro: 3, note: "guess" })
      mock.fault(fault.overloaded(), { times: 1 })
      const { text } = yield* LanguageModel.generateText({ prompt: "What grows in shade?" })
      assert.strictEqual(text, "Ferns grow in shade.")
      const { value } = yield* LanguageModel.generateObject({ prompt: "How large?", schema: Market })
      assert.deepStrictEqual(value, { euro: 3, note: "guess" })
      const parts = yield* Stream.runCollect(LanguageModel.streamText({ prompt: "What grows in shade?" }))
      assert.strictEqual(deltasOf(parts).join(""), "Ferns grow in shade.")
      assert.isAbove(deltasOf(parts).length, 1)
      assert.strictEqual(mock.journal.attempts, 4)
      assert.deepStrictEqual(mock.journal.verdict().problems, [])
    }).pipe(Effect.provide(model()))
  )

  it.live("keeps a budget, and fails a stream that is cut after its text has begun", () =>
    Effect.gen(function* () {
      const mock = yield* Offline.MockClaude
      mock.fault(fault.cut({ afterDeltas: 2 }), { times: 1 })
      const cut = yield* Effect.flip(Stream.runDrain(LanguageModel.streamText({ prompt: "What grows in shade?" })))
      assert.strictEqual(cut.reason._tag, "NetworkError")
      const generate = LanguageModel.generateText({ prompt: "How large?" })
      const { reason } = yield* Effect.flip(Effect.forever(generate))
      assert.deepNestedInclude(reason, { "metadata.fanfold.reason": "OverBudget" })
    }).pipe(Effect.provide(model({ budget: { usd: 0.005 } })))
  )
})
