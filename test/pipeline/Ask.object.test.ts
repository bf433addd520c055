/** An ask for a value: its schema, and the second chance of an answer that does not fit. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Ask, Message } from "fanfold"
import { asked, errorOf, Size } from "../Asked.ts"
import { make, overloaded, recorder, reply, script } from "../FakeClaude.ts"

describe("an ask for a value", () => {
  it.effect("sends the answer's schema and gives the decoded value", () =>
    Effect.gen(function* () {
      const { result, sent } = yield* asked(Ask.object("q", Size), reply(`{"euro":3,"growth":0.5}`))
      assert(result._tag === "Success")
      assert.deepStrictEqual(result.success, { euro: 3, growth: 0.5 })
      assert.deepStrictEqual(sent[0]?.request.answerSchema, {
        type: "object",
        properties: { euro: { type: "number" }, growth: { type: "number" } },
        required: ["euro", "growth"],
        additionalProperties: false
      })
    })
  )

  it.effect("is asked once more with the issue told, and counts both replies", () =>
    Effect.gen(function* () {
      const wrong = reply(`{"euro":"much"}`)
      const claude = make(script(wrong, reply(`{"euro":3,"growth":0}`)))
      const { events, listen } = recorder()
      const {
        reply: last,
        usage,
        value
      } = yield* Ask.resolve(Ask.object("q", Size)).pipe(Effect.provide(claude.layer), listen)
      assert.deepStrictEqual(value, { euro: 3, growth: 0 })
      assert.strictEqual(Message.textOf(last), `{"euro":3,"growth":0}`)
      assert.deepStrictEqual(usage, Message.addUsage(wrong.usage, wrong.usage))
      const [question, said, told] = claude.sent[1]!.request.messages
      assert.deepStrictEqual(question, { role: "user", content: "q" })
      assert.deepStrictEqual(said, { role: "assistant", content: wrong.content })
      assert.strictEqual(told?.role, "user")
      for (const part of ["euro", "growth"]) assert.include(JSON.stringify(told?.content), part)
      const { messages: _, ...first } = claude.sent[0]!.request
      assert.deepInclude(claude.sent[1]!.request, first)
      assert.deepStrictEqual(
        events.map(({ _tag }) => _tag),
        ["Started", "Reasked", "Answered"]
      )
    })
  )

  it.effect("is Undecodable when the second answer does not fit either, with the usage of both", () =>
    Effect.gen(function* () {
      for (const wrong of ["no JSON", "", `{"euro":1}`]) {
        const { result, sent, tags } = yield* asked(Ask.object("q", Size), reply(wrong))
        const error = errorOf(result)
        assert.strictEqual(error.reason._tag, "Undecodable")
        assert.isFalse(error.isRetryable)
        assert.strictEqual(error.partialText, wrong)
        assert.deepStrictEqual(error.usage, Message.addUsage(reply("").usage, reply("").usage))
        assert.strictEqual(sent.length, 2)
        assert.isNotEmpty(sent[1]!.request.messages[1]!.content)
        assert.deepStrictEqual(tags, ["Started", "Reasked", "Failed"])
      }
    })
  )

  it.effect("adds the first reply's usage to whatever fails the second", () =>
    Effect.gen(function* () {
      const paid = reply("").usage
      const truncated = reply(`{"eu`, { stopReason: "max_tokens" })
      for (const [second, reason, usage] of [
        [overloaded(), "Overloaded", paid],
        [truncated, "Truncated", Message.addUsage(paid, paid)]
      ] as const) {
        const { result } = yield* asked(Ask.object("q", Size), reply("no JSON"), second)
        assert.strictEqual(errorOf(result).reason._tag, reason)
        assert.deepStrictEqual(errorOf(result).usage, usage)
      }
    })
  )

  it("refuses a schema at once that structured output cannot express", () => {
    interface Tree {
      readonly branches: ReadonlyArray<Tree>
    }
    const Tree: Schema.Codec<Tree> = Schema.Struct({ branches: Schema.Array(Schema.suspend(() => Tree)) })
    assert.throws(() => Ask.object("q", Tree), /Recursive/i)
  })
})
