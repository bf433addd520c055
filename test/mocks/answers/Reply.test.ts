import { assert, describe, it } from "@effect/vitest"
import { mockClaude } from "fanfold/mocks"
import { ask, textOf } from "../ask.ts"

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
  it("have thinking, tool calls, refusals, given blocks and JSON", async () => {
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

  it("are a sample of the answer schema, unless they are JSON", async () => {
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

  it("of a Claude 5 model may begin with an empty thinking block", async () => {
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
