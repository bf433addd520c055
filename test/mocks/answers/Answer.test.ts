import { assert, describe, it } from "@effect/vitest"
import { mockClaude } from "fanfold/mocks"
import { ask } from "../ask.ts"

describe("an answer", () => {
  it("ends at max_tokens and at stop sequences", async () => {
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
})
