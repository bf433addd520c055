/** A turn that Claude pauses is sent back until it ends, and comes out as one reply. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { AskError, Continue, Message } from "fanfold"
import { failure, isNotOfAttempt, make, overloaded, recorder, reply, request, script, send } from "../FakeClaude.ts"

const paused = (text: string, fields: Partial<Message.Reply> = {}) =>
  reply(text, { stopReason: "pause_turn", ...fields })

const through = (claude: ReturnType<typeof make>, options: Continue.Options = {}, one = request()) => {
  const { events, listen } = recorder()
  return Effect.map(
    send(one).pipe(Effect.provide(Continue.layer(options).pipe(Layer.provide(claude.layer))), listen, Effect.result),
    (result) => ({ result, events: events.filter(isNotOfAttempt) })
  )
}

/** What is sent behind the question after a reply that paused. */
const sentAfter = (first: Message.Reply) =>
  Effect.gen(function* () {
    const claude = make(script(first, reply("done")))
    const { result } = yield* through(claude)
    assert.strictEqual(result._tag, "Success")
    return claude.sent[1]?.request.messages.slice(1)
  })

describe("Continue", () => {
  it.effect("leaves a reply that ended as it is", () =>
    Effect.gen(function* () {
      const claude = make(script(reply("done")))
      const { events, result } = yield* through(claude)
      assert(result._tag === "Success")
      assert.deepStrictEqual(result.success, reply("done"))
      assert.strictEqual(claude.sent.length, 1)
      assert.deepStrictEqual(events, [])
    })
  )

  it.effect("sends of a paused turn back what the API takes, and the request once more where that is nothing", () =>
    Effect.gen(function* () {
      const search = { type: "server_tool_use", id: "t1", name: "web_search", input: {} }
      const mixed = paused("", { content: [search, ...["\n", "Cut \ud83d"].map((text) => ({ type: "text", text }))] })
      const turn = { role: "assistant", content: [search, { type: "text", text: "Cut \ufffd" }] } as const
      assert.deepStrictEqual(yield* sentAfter(mixed), [turn])
      assert.deepStrictEqual(yield* sentAfter(paused(" ")), [])
      assert.deepStrictEqual(yield* sentAfter(paused("", { content: [] })), [])
    })
  )

  it.effect("stays in the container of the tools, also where a part of the turn names none", () =>
    Effect.gen(function* () {
      const claude = make(script(paused("a", { container: "container_1" }), paused("b"), reply("c")))
      const { result } = yield* through(claude)
      assert(result._tag === "Success")
      assert.deepStrictEqual(
        claude.sent.map(({ request }) => request.container),
        [undefined, "container_1", "container_1"]
      )
    })
  )

  it.effect("sends a paused turn back as it came, and adds up content and usage", () =>
    Effect.gen(function* () {
      const search = { type: "server_tool_use", id: "t1", name: "web_search", input: { query: "heat pumps" } }
      const first = paused("", { content: [search, { type: "text", text: "I look. " }] })
      const last = reply("So it is.", {
        id: "msg_3",
        requestId: "req_3",
        headers: { "anthropic-ratelimit-requests-remaining": "7" },
        usage: { ...Message.noUsage, inputTokens: 40, outputTokens: 9, webSearches: 2 }
      })
      const claude = make(script(first, paused("More. "), last))
      const { events, result } = yield* through(claude)
      assert(result._tag === "Success")
      assert.strictEqual(Message.textOf(result.success), "I look. More. So it is.")
      assert.deepStrictEqual(result.success, {
        ...last,
        content: [search, ...["I look. ", "More. ", "So it is."].map((text) => ({ type: "text", text }))],
        usage: { ...Message.noUsage, inputTokens: 60, outputTokens: 19, webSearches: 2 }
      })
      const user = { role: "user", content: "why?" } as const
      assert.deepStrictEqual(
        claude.sent.map((sent) => sent.request.messages),
        [
          [user],
          [user, { role: "assistant", content: first.content }],
          [user, { role: "assistant", content: [...first.content, { type: "text", text: "More. " }] }]
        ]
      )
      assert.deepStrictEqual(
        events.map((event) => [event._tag, "turn" in event && event.turn]),
        [
          ["Continued", 1],
          ["Continued", 2]
        ]
      )
    })
  )

  it.effect("gives up after its limit, with all that was written and paid", () =>
    Effect.gen(function* () {
      const claude = make(script(paused("a")))
      const { result } = yield* through(claude, { turns: 3 })
      assert(result._tag === "Failure")
      assert.deepInclude(result.failure.reason, { _tag: "Unfinished", turns: 3 })
      assert.isFalse(result.failure.isRetryable)
      assert.strictEqual(claude.sent.length, 4)
      assert.strictEqual(result.failure.partialText, "aaaa")
      assert.strictEqual(result.failure.usage?.outputTokens, 20)
      const unlimited = make(script(paused("a")))
      yield* through(unlimited)
      assert.strictEqual(unlimited.sent.length, 11)
    })
  )

  it.effect("adds what earlier turns took to the error of a later one", () =>
    Effect.gen(function* () {
      const cut = failure(new AskError.CutOff({ detail: "gone" }), {
        usage: { ...Message.noUsage, inputTokens: 1, outputTokens: 2 },
        partialText: "b"
      })
      for (const [error, outputTokens, partialText] of [
        [overloaded(), 5, "a"],
        [cut, 7, "ab"]
      ] as const) {
        const { result } = yield* through(make(script(paused("a"), error)))
        assert(result._tag === "Failure")
        assert.strictEqual(result.failure.reason, error.reason)
        assert.strictEqual(result.failure.usage?.outputTokens, outputTokens)
        assert.strictEqual(result.failure.partialText, partialText)
        assert.strictEqual(result.failure.model, "claude-haiku-5-5")
      }
    })
  )
})
