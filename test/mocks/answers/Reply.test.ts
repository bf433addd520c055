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

describe("a sample", () => {
  it("keeps the bounds that an SDK's helper wrote into the description", async () => {
    const properties = {
      rank: { type: "integer", description: "{minimum: 3, maximum: 4}" },
      share: { type: "number", description: "A share.\n\n{exclusiveMinimum: 0, maximum: 0.5}" },
      code: { type: "string", description: 'The code.\n\n{pattern: "^[A-Z]{3}-\\\\d{2}(?:x|y)$"}' },
      name: { type: "string", description: "{minLength: 2, maxLength: 8}" },
      tags: { type: "array", items: { type: "string" }, description: "{minItems: 5, maxItems: 5}" },
      free: { type: "integer", description: "An object {of: nothing} in prose." }
    }
    const own = { type: "object", additionalProperties: false, required: Object.keys(properties), properties }
    for (let seed = 1; seed < 20; seed++) {
      const message = await ask(mockClaude({ seed }).fetch, "x", {
        output_config: { format: { type: "json_schema", schema: own } }
      })
      const value = JSON.parse(textOf(message))
      assert.include([3, 4], value.rank)
      assert.isTrue(value.share > 0 && value.share <= 0.5)
      assert.match(value.code, /^[A-Z]{3}-\d{2}(?:x|y)$/)
      assert.isTrue(value.name.length >= 2 && value.name.length <= 8)
      assert.lengthOf(value.tags, 5)
      assert.isNumber(value.free)
    }
  })
})
