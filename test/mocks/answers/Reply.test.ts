import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { parse as parseYaml } from "yaml"
import { mockClaude, Scenario } from "fanfold/mocks"
import { ask, stream, textOf } from "../ask.ts"
import { contentOf } from "../Recording.ts"

const schema = {
  type: "object",
  additionalProperties: false,
  required: ["verdict", "when", "tags", "next"],
  properties: {
    verdict: { enum: ["enter", "wait"] },
    when: { type: "string", format: "date" },
    growth: { anyOf: [{ type: "number" }, { type: "null" }] },
    tags: { type: "array", items: { $ref: "#/$defs/tag" } },
    next: { type: "boolean" }
  },
  $defs: {
    tag: {
      type: "object",
      additionalProperties: false,
      properties: { name: { type: "string" }, rank: { type: "integer" } }
    }
  }
}
const format = { output_config: { format: { type: "json_schema", schema } } }

describe("replies", () => {
  it("are told apart by user text, system, model and the nth call, in the order they were laid down", async () => {
    const claude = mockClaude()
    claude.when({ user: /capital/, nth: 2 }).reply("second")
    claude.when({ user: "CAPITAL", model: "sonnet" }).reply("sonnet's")
    claude.when({ system: "/^be brief/i" }).reply("brief")
    claude
      .when({ user: /capital/g })
      .reply("once")
      .once()
    claude.when({ user: /capital/ }).reply("always")
    const seen = []
    for (const more of [{}, {}, {}, { model: "claude-sonnet-5" }, { system: "Be brief." }]) {
      seen.push(textOf(await ask(claude.fetch, "The capital?", more)))
    }
    assert.deepStrictEqual(seen, ["once", "second", "always", "sonnet's", "brief"])
  })

  it("carry thinking, tool calls, refusals, whole blocks and JSON", async () => {
    const claude = mockClaude()
    claude.when({ user: "think" }).reply({ $text: "4", $thinking: "2 + 2" })
    claude.when({ user: "tool" }).reply({ $tool: { name: "add", input: { a: 2 } } })
    claude.when({ user: "refuse" }).reply({ $refusal: "bio" })
    claude.when({ user: "pause" }).reply({ $content: [{ type: "text", text: "wait" }], $stop: "pause_turn" })
    claude.when({ user: "json" }).reply({ verdict: "wait" })
    assert.deepStrictEqual(
      (await ask(claude.fetch, "think")).content.map((block: any) => block.type),
      ["thinking", "text"]
    )
    assert.deepInclude((await ask(claude.fetch, "tool")).content[0], { type: "tool_use", name: "add", input: { a: 2 } })
    assert.deepInclude(await ask(claude.fetch, "refuse"), {
      stop_reason: "refusal",
      stop_details: { type: "refusal", category: "bio", explanation: null }
    })
    assert.strictEqual((await ask(claude.fetch, "pause")).stop_reason, "pause_turn")
    assert.deepStrictEqual(JSON.parse(textOf(await ask(claude.fetch, "json"))), { verdict: "wait" })
  })

  it("fit the schema that is asked for, unless they are JSON themselves", async () => {
    const claude = mockClaude()
    claude.when({ user: "prose" }).reply("Prose does not fit.")
    claude.when({ user: "own" }).reply({ verdict: "own" })
    for (const question of ["prose", "unwritten"]) {
      const value = JSON.parse(textOf(await ask(claude.fetch, question, format)))
      assert.include(["enter", "wait"], value.verdict)
      assert.match(value.when, /^\d{4}-\d\d-\d\d$/)
      assert.isNumber(value.growth)
      assert.isBoolean(value.next)
      assert.isAbove(value.tags.length, 0)
      for (const tag of value.tags) assert.isTrue(typeof tag.name === "string" && Number.isInteger(tag.rank))
    }
    assert.deepStrictEqual(JSON.parse(textOf(await ask(claude.fetch, "own", format))), { verdict: "own" })
  })

  it("are the same streamed, with characters whole and usage cumulative", async () => {
    const claude = mockClaude()
    const text = "Zwölf Boxkämpfer 😀😀😀😀😀😀😀😀 jagen Viktor quer über den großen Sylter Deich. ".repeat(3)
    claude.when({}).reply({ $text: text, $thinking: "Hm. ".repeat(20) })
    const plain = await ask(claude.fetch, "same?")
    const events = await stream(claude.fetch, "same?")
    assert.deepStrictEqual(
      contentOf(events).map((block) => block["text"] ?? block["thinking"]),
      ["Hm. ".repeat(20), text]
    )
    for (const { data } of events) assert.isTrue(((data as any).delta?.text ?? "").isWellFormed())
    const { usage } = events.find(({ name }) => name === "message_delta")!.data as any
    assert.strictEqual(usage.output_tokens, plain.usage.output_tokens)
    assert.strictEqual(usage.input_tokens, plain.usage.input_tokens)
    assert.isAbove(usage.output_tokens_details.thinking_tokens, 10)
    assert.deepStrictEqual(events.filter(({ name }) => name === "ping").length, 1)
  })

  it("stop at max_tokens and at stop sequences", async () => {
    const claude = mockClaude({ apiVersion: "2023-06-01" })
    claude.when({}).reply("The city of Paris is large. ".repeat(50))
    const cut = await ask(claude.fetch, "x", { max_tokens: 20 })
    assert.deepInclude(cut, { stop_reason: "max_tokens" })
    assert.isAtMost(cut.usage.output_tokens, 20)
    assert.deepInclude(await ask(claude.fetch, "x", { stop_sequences: ["Paris"] }), {
      stop_reason: "stop_sequence",
      stop_sequence: "Paris"
    })
  })

  it("may begin with an empty thinking block from a model of the fifth line", async () => {
    const { fetch } = mockClaude()
    const firsts = await Promise.all(
      Array.from(
        { length: 60 },
        async (_, index) => (await ask(fetch, `${index}?`, { model: "claude-haiku-5-5" })).content[0]
      )
    )
    const empty = firsts.filter((block) => block.type === "thinking" && block.thinking === "")
    assert.isTrue(empty.length > 3 && empty.length < 30, `${empty.length} of 60`)
  })
})

describe("a scenario", () => {
  it("is data: read from YAML, with replies, latency, limits, faults and seed", async () => {
    const scenario = Schema.decodeUnknownSync(Scenario)(
      parseYaml(`
seed: 5
timeScale: 0
latency: { lognormal: { firstTokenMillis: 500, sigma: 0.3, perTokenMillis: 10 } }
limits: { rpm: 3 }
faults:
  - fault: { kind: status, status: 529, type: overloaded_error, message: Overloaded }
    when: { user: "/fail/" }
    times: 1
replies:
  - when: { user: capital }
    reply: Paris
  - when: { user: json }
    reply: { verdict: wait }
`)
    )
    const claude = mockClaude({ scenario })
    assert.strictEqual(textOf(await ask(claude.fetch, "The Capital?")), "Paris")
    assert.strictEqual((await ask(claude.fetch, "fail")).error.type, "overloaded_error")
    assert.strictEqual(textOf(await ask(claude.fetch, "json")), '{"verdict":"wait"}')
    await ask(claude.fetch, "third")
    assert.strictEqual((await ask(claude.fetch, "fourth")).error.type, "rate_limit_error")
    assert.isAbove(claude.journal.entries[0]!.plannedMillis, 300)
  })

  it("refuses what it does not know", () => {
    const decode = Schema.decodeUnknownSync(Scenario, { onExcessProperty: "error" })
    assert.throws(() => decode({ repliez: [] }), /repliez/)
    assert.throws(() => decode({ faults: [{ fault: { kind: "earthquake" } }] }))
  })
})
