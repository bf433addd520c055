/** One ask for prose: what it sends, how it judges what comes back, and what it refuses to be. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit } from "effect"
import { Ask, Message } from "fanfold"
import { asked, errorOf, Size } from "../Asked.ts"
import { make, reply, script } from "../FakeClaude.ts"

const cite = (url: string, title: string | null) => ({ type: "web_search_result_location", url, title })

describe("an ask for prose", () => {
  it.effect("gives the text, its blocks joined as the API splits them", () =>
    Effect.gen(function* () {
      const content = [
        { type: "thinking", thinking: "", signature: "s" },
        { type: "text", text: "Par" },
        { type: "text", text: "is." }
      ]
      const { result, tags } = yield* asked(Ask.text("where?"), reply("", { content }))
      assert(result._tag === "Success")
      assert.strictEqual(result.success, "Paris.")
      assert.deepStrictEqual(tags, ["Started", "Answered"])
    })
  )

  it.effect("sends the question with the defaults of an ask", () =>
    Effect.gen(function* () {
      const { sent } = yield* asked(Ask.text("where?"), reply("yes"))
      assert.deepStrictEqual(sent[0]?.request, {
        model: "claude-haiku-5-5",
        system: Ask.system,
        messages: [{ role: "user", content: "where?" }],
        maxTokens: 4096
      })
    })
  )

  it.effect("sends its own settings, else those all asks share", () =>
    Effect.gen(function* () {
      const defaults = { model: "claude-opus-5-5", maxTokens: 1000, effort: "low", context: "a document" } as const
      const ask = Ask.text("where?", {
        model: "claude-sonnet-5-5",
        system: "be brief",
        effort: "high",
        stopSequences: ["END"],
        webSearch: true,
        timeout: "3 seconds"
      })
      const { sent } = yield* asked(Effect.provideService(ask, Ask.Defaults, defaults), reply("yes"))
      assert.deepStrictEqual(sent[0]?.request, {
        model: "claude-sonnet-5-5",
        system: "be brief",
        context: "a document",
        messages: [{ role: "user", content: "where?" }],
        maxTokens: 1000,
        effort: "high",
        stopSequences: ["END"],
        tools: [{ type: "web_search_20260318", name: "web_search", max_uses: 5 }]
      })
      assert.strictEqual(sent[0]?.call.timeoutMillis, 3000)
      const shared = yield* asked(
        Effect.provideService(Ask.text("where?"), Ask.Defaults, { ...defaults, timeout: "9 seconds" }),
        reply("yes")
      )
      assert.strictEqual(shared.sent[0]?.call.timeoutMillis, 9000)
    })
  )

  it.effect("keeps the sources of a web search, each once, in the order cited", () =>
    Effect.gen(function* () {
      const content = [
        { type: "server_tool_use", id: "t1", name: "web_search", input: {} },
        { type: "text", text: "a", citations: [cite("https://b.org", "B"), cite("https://a.org", null)] },
        { type: "text", text: "b", citations: [cite("https://b.org", "B again")] },
        { type: "text", text: "c", citations: null }
      ]
      const answer = yield* Effect.provide(Ask.resolve(Ask.text("q")), make(script(reply("", { content }))).layer)
      assert.deepStrictEqual(Message.sourcesOf(answer.reply), [
        { url: "https://b.org", title: "B" },
        { url: "https://a.org", title: "https://a.org" }
      ])
    })
  )
})

describe("a reply that is no answer", () => {
  it.effect("is Refused with its category, and its partial text is dropped", () =>
    Effect.gen(function* () {
      const refusal = { category: "cyber", explanation: "no malware" }
      const refused = reply("Sure, here", { stopReason: "refusal", refusal, requestId: "req_1" })
      const { result, tags } = yield* asked(Ask.text("q"), refused)
      const error = errorOf(result)
      assert.deepInclude(error.reason, { _tag: "Refused", ...refusal })
      assert.isUndefined(error.partialText)
      assert.deepStrictEqual(error.usage, refused.usage)
      assert.strictEqual(error.message, "Claude refused (cyber): no malware (req_1)")
      assert.isFalse(error.isRetryable)
      assert.deepStrictEqual(tags, ["Started", "Failed"])
    })
  )

  it.effect("is Truncated at max_tokens and at the end of the window, with the part that came", () =>
    Effect.gen(function* () {
      for (const stopReason of ["max_tokens", "model_context_window_exceeded"]) {
        const asks = [Ask.text("q", { maxTokens: 7 }), Effect.asVoid(Ask.object("q", Size, { maxTokens: 7 }))]
        for (const ask of asks) {
          const { result, sent } = yield* asked(ask, reply(`{"euro":1`, { stopReason }))
          const error = errorOf(result)
          assert.deepInclude(error.reason, { _tag: "Truncated", stopReason, maxTokens: 7 })
          assert.strictEqual(error.partialText, `{"euro":1`)
          assert.deepStrictEqual(error.usage, reply("").usage)
          assert.strictEqual(sent.length, 1)
        }
      }
    })
  )

  it.effect("is EmptyAnswer without text after the same request was sent once more", () =>
    Effect.gen(function* () {
      for (const empty of ["", " \n", "\u200B", "\uFEFF\u2060\n", "\u00AD\u3164\u2800\u0000"]) {
        const { result, sent } = yield* asked(Ask.text("q"), reply(empty))
        assert.deepInclude(errorOf(result).reason, { _tag: "EmptyAnswer", stopReason: "end_turn" })
        assert.strictEqual(sent.length, 2)
        assert.deepStrictEqual(sent[1]!.request, sent[0]!.request)
      }
      const stopped = yield* asked(Ask.text("q"), reply("", { stopReason: "stop_sequence" }))
      assert.strictEqual(stopped.sent.length, 1)
    })
  )

  it.effect("is IncompleteReply where Claude wants a tool to be run, and names the tool", () =>
    Effect.gen(function* () {
      const call = { type: "tool_use", id: "toolu_1", name: "lookup", input: {} }
      const content = [{ type: "text", text: "Let me look that up." }, call]
      for (const ask of [Ask.text("q"), Effect.asVoid(Ask.object("q", Size))]) {
        const { result, sent, tags } = yield* asked(ask, reply("", { stopReason: "tool_use", content }))
        const error = errorOf(result)
        assert.deepInclude(error.reason, { _tag: "IncompleteReply", stopReason: "tool_use", tools: ["lookup"] })
        assert.include(error.message, "wants to use a tool (lookup)")
        assert.strictEqual(error.partialText, "Let me look that up.")
        assert.deepStrictEqual(error.usage, reply("").usage)
        assert.isFalse(error.isRetryable)
        assert.lengthOf(sent, 1)
        assert.deepStrictEqual(tags, ["Started", "Failed"])
      }
    })
  )

  it.effect("is IncompleteReply without a stop reason, after the same request was sent once more", () =>
    Effect.gen(function* () {
      const half = reply("Half an", { stopReason: null })
      const { result, sent, tags } = yield* asked(Ask.text("q"), half)
      assert.deepInclude(errorOf(result).reason, { _tag: "IncompleteReply", stopReason: null })
      assert.strictEqual(errorOf(result).partialText, "Half an")
      assert.deepStrictEqual(sent[1]!.request, sent[0]!.request)
      assert.deepStrictEqual(tags, ["Started", "Reasked", "Failed"])
      const mended = yield* asked(Ask.text("q"), half, reply("Whole."))
      assert.deepInclude(mended.result, { _tag: "Success", success: "Whole." })
    })
  )

  it.effect("is an answer where its stop reason is new, which is told as an event", () =>
    Effect.gen(function* () {
      const ended = reply('{"euro":1,"growth":2}', { stopReason: "of_the_future", model: "claude-next" })
      for (const ask of [Ask.text("q"), Effect.asVoid(Ask.object("q", Size))]) {
        const { events, result, sent } = yield* asked(ask, ended)
        assert.strictEqual(result._tag, "Success")
        assert.lengthOf(sent, 1)
        assert.deepStrictEqual(
          events.map(({ _tag }) => _tag),
          ["Started", "UnknownStopReason", "Answered"]
        )
        assert.deepInclude(events[1], { stopReason: "of_the_future", model: "claude-next" })
      }
      const { tags } = yield* asked(Ask.text("q"), reply("yes", { stopReason: "stop_sequence" }))
      assert.deepStrictEqual(tags, ["Started", "Answered"])
    })
  )

  it.effect("is Unfinished where nobody continues a paused turn", () =>
    Effect.gen(function* () {
      const { result } = yield* asked(Ask.text("q"), reply("I look. ", { stopReason: "pause_turn" }))
      assert.deepInclude(errorOf(result).reason, { _tag: "Unfinished", turns: 0 })
      assert.strictEqual(errorOf(result).partialText, "I look. ")
    })
  )
})

describe("a wrong argument", () => {
  const wrong: ReadonlyArray<readonly [string, string, unknown]> = [
    ["question: expected a question that is not empty", " \n", {}],
    ["options.maxTokens: expected a whole number ≥ 1, got 0", "q", { maxTokens: 0 }],
    ["options.maxTokens: expected a whole number ≥ 1, got 1.5", "q", { maxTokens: 1.5 }],
    ["options.model: expected the name of a model", "q", { model: " " }],
    ['options.model: expected the name of a model, got " claude-haiku-5-5"', "q", { model: " claude-haiku-5-5" }],
    ["options.model: expected the name of a model", "q", { model: "claude\nhaiku" }],
    ["options.model: expected a list of different models, got []", "q", { model: [] }],
    ["options.model.1: expected the name of a model", "q", { model: ["a", ""] }],
    ['options.model: expected a list of different models, got ["a","a"]', "q", { model: ["a", "a"] }],
    ["options.model: expected the name of a model, or a list of different ones, got 5", "q", { model: 5 }],
    ["options.effort: expected", "q", { effort: "huge" }],
    ["options.maxtokens: unknown key", "q", { maxtokens: 9 }],
    ["options.stopSequences.0: expected text that is not blank", "q", { stopSequences: [""] }],
    ["options.timeout: expected a time longer than zero", "q", { timeout: "soon" }],
    ["options.timeout: expected a time longer than zero", "q", { timeout: 0 }],
    ["options.timeout: expected a time longer than zero", "q", { timeout: "-5 seconds" }]
  ]
  for (const [message, question, options] of wrong) {
    it(`is told at once, by name: ${message} ${JSON.stringify(options)}`, () => {
      for (const make of [Ask.text, (q: string, o: Ask.Options) => Ask.object(q, Size, o)]) {
        const exit = Effect.runSyncExit(Effect.sync(() => make(question, options as Ask.Options)))
        assert(Exit.isFailure(exit))
        const defect = Cause.squash(exit.cause)
        assert(defect instanceof RangeError)
        assert.include(defect.message, message)
      }
    })
  }

  it("is none of these times", () => {
    for (const timeout of ["90 seconds", 250, Duration.minutes(2), Duration.infinity] as const) {
      assert.strictEqual(Ask.text("q", { timeout }).options.timeout, timeout)
    }
    assert.isUndefined(Ask.text("q", { timeout: undefined }).options.timeout)
  })
})
