/** Answers in JSON with prose around them, and what is sent after an answer that cannot be used. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Ask, type Message } from "fanfold"
import { asked, errorOf } from "../Asked.ts"
import { reply } from "../FakeClaude.ts"

const ask = Ask.object("q", { type: "object", properties: { name: { type: "string" } }, required: ["name"] })
const text = (text: string): Message.Block => ({ type: "text", text })
const of = (...content: ReadonlyArray<Message.Block>): Message.Reply => ({ ...reply(""), content })
const json = '{"name":"Ada"}'

describe("the JSON of an answer", () => {
  const rows: ReadonlyArray<readonly [what: string, content: ReadonlyArray<Message.Block>]> = [
    ["is all of its text", [text(` \n${json}\n`)]],
    ["is split over blocks", [text('{"na'), text('me":"Ada"}')]],
    ["is its last text block", [text("I searched first."), text(json)]],
    ["is its last text block before a blank one", [text("I searched first."), text(json), text("\n")]],
    ["is its only fenced block", [text(`Here:\n\n\`\`\`json\n${json}\n\`\`\`\nThat is all.`)]],
    ["is a fenced block over two blocks", [text("Here:\n```json\n"), text(`${json}\n\`\`\``)]],
    ["is a block fenced with tildes and Windows line ends", [text(`~~~\r\n${json}\r\n~~~`)]]
  ]
  for (const [what, content] of rows) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const { result, sent } = yield* asked(ask, of(...content))
        assert(result._tag === "Success")
        assert.deepStrictEqual(result.success, { name: "Ada" })
        assert.lengthOf(sent, 1)
      })
    )
  }

  it.effect("is not a block within one of its strings", () =>
    Effect.gen(function* () {
      const value = { name: 'Say\n```json\n{"name":"X"}\n```\nhere' }
      const { result } = yield* asked(ask, of(text(JSON.stringify(value))))
      assert(result._tag === "Success")
      assert.deepStrictEqual(result.success, value)
    })
  )

  const again: ReadonlyArray<readonly [what: string, answer: string]> = [
    ["one of two fenced blocks", `\`\`\`\n${json}\n\`\`\`\nor\n\`\`\`\n{"name":"Bob"}\n\`\`\``],
    ["a fence that is not closed", `\`\`\`json\n${json}`],
    ["a part of a sentence", `It is ${json}.`],
    ["a block that does not fit", '```json\n{"name":5}\n```']
  ]
  for (const [what, answer] of again) {
    it.effect(`is not ${what}: Claude is asked once more`, () =>
      Effect.gen(function* () {
        const { result, sent } = yield* asked(ask, reply(answer), reply(json))
        assert(result._tag === "Success")
        assert.deepStrictEqual(result.success, { name: "Ada" })
        assert.lengthOf(sent, 2)
      })
    )
  }

  it.effect("is rejected where it has a whole number that would be rounded", () =>
    Effect.gen(function* () {
      const ids = Ask.object("q", { type: "object", properties: { id: { type: "integer" } }, required: ["id"] })
      const exact = yield* asked(ids, reply('{"id":9007199254740992}'))
      assert.strictEqual(exact.result._tag, "Success")
      const { result } = yield* asked(ids, reply('{"id":9007199254740993}'))
      const { reason } = errorOf(result)
      assert.include(reason.message, "9007199254740993: no number can hold this exactly")
    })
  )

  it.effect("is rejected where an object has a key twice, of which one value would be lost", () =>
    Effect.gen(function* () {
      const { result } = yield* asked(ask, reply('{"name":"Ada","more":[{"name" : 1,"na\\u006de":2}]}'))
      assert.include(errorOf(result).reason.message, "expected each key of an object once")
      const once = yield* asked(ask, reply('{"name":"a \\"key\\": b","more":[{"name":"x:"},{"name":{}},null]}'))
      assert.strictEqual(once.result._tag, "Success")
    })
  )

  it.effect("is rejected where it has a number that becomes another one", () =>
    Effect.gen(function* () {
      const schema = { type: "object", properties: { n: { type: "number" } }, required: ["n"] }
      const resultOf = (number: string) =>
        Effect.map(asked(Ask.object("q", schema), reply(`{"n":${number}}`)), ({ result }) => result)
      const huge = `1${"0".repeat(400)}`
      for (const number of [
        "1e400",
        "-1e999",
        "1e-400",
        huge,
        "9007199254740993.0",
        "90071992547409930e-1",
        "123456789012345678.5"
      ]) {
        assert.include(errorOf(yield* resultOf(number)).reason.message, `${number}: no number can hold this exactly`)
      }
      for (const number of [
        "1e21",
        "6.02214076e23",
        "0.0e0",
        "12.50e3",
        "3.14159265358979323846",
        "-1.5e300",
        "9007199254740992.0"
      ]) {
        const result = yield* resultOf(number)
        assert(result._tag === "Success")
        assert.deepStrictEqual(result.success, { n: Number(number) })
      }
    })
  )
})

describe("the request after an answer that does not fit", () => {
  const search = { type: "server_tool_use", id: "s1", name: "web_search", input: {} }
  const found = { type: "web_search_tool_result", tool_use_id: "s1", content: [] }
  const rows: ReadonlyArray<readonly [what: string, content: ReadonlyArray<Message.Block>, sent: unknown]> = [
    ["has no blank blocks", [text(" "), text("No JSON."), text("\n")], [text("No JSON.")]],
    ["has a call of a tool with its result", [search, found, text("No.")], [search, found, text("No.")]],
    [
      "has no call without its result",
      [text("No."), { type: "tool_use", id: "t1", name: "x", input: {} }],
      [text("No.")]
    ],
    ["has no result without its call", [found, text("No.")], [text("No.")]],
    [
      "has only what the model wrote that answered in place of another one",
      [text("I can"), { type: "fallback", from: { model: "a" }, to: { model: "b" } }, text("No JSON.")],
      [text("No JSON.")]
    ],
    ["has whole characters only", [text("Cut \ud83d")], [text("Cut \ufffd")]],
    ["says so where there was no text", [{ type: "thinking", thinking: "Hm", signature: "x" }], "(no answer)"]
  ]
  for (const [what, content, expected] of rows) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const { sent } = yield* asked(ask, of(...content), reply(json))
        assert.deepStrictEqual(sent[1]!.request.messages[1], { role: "assistant", content: expected } as never)
      })
    )
  }
})

describe("an empty answer", () => {
  it.effect("is asked for once more, with the same request, and both are counted", () =>
    Effect.gen(function* () {
      const { result, sent, tags } = yield* asked(Ask.resolve(Ask.text("q")), of(), reply("yes"))
      assert(result._tag === "Success")
      assert.strictEqual(result.success.value, "yes")
      assert.strictEqual(result.success.usage.outputTokens, 2 * reply("yes").usage.outputTokens)
      assert.deepStrictEqual(sent[1]!.request, sent[0]!.request)
      assert.deepStrictEqual(tags, ["Started", "Reasked", "Answered"])
    })
  )
})

describe("what is sent", () => {
  it.effect("has whole characters only: a half of a surrogate pair becomes U+FFFD", () =>
    Effect.gen(function* () {
      const half = "😀".slice(0, 1)
      const cut = Ask.text(`q ${half}`, { system: `s ${half}`, stopSequences: [`e ${half}`] })
      const shared = Effect.provideService(cut, Ask.Defaults, { context: `c ${half}` })
      const { sent } = yield* asked(shared, reply("yes"))
      const { context, messages, stopSequences, system } = sent[0]!.request
      assert.deepStrictEqual(
        [context, messages[0]!.content, stopSequences, system],
        ["c \ufffd", "q \ufffd", ["e \ufffd"], "s \ufffd"]
      )
    })
  )

  it.effect("has no blank system prompt and no blank context", () =>
    Effect.gen(function* () {
      const blank = Effect.provideService(Ask.text("q", { system: " " }), Ask.Defaults, { context: "\ufeff\n" })
      const { sent } = yield* asked(blank, reply("yes"))
      assert.doesNotHaveAnyKeys(sent[0]!.request, ["system", "context"])
    })
  )
})
