import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { examples, mockClaude } from "fanfold/mocks"
import * as Citations from "../../../src/pipeline/Citations.ts"
import { ask, synthesisPrompt as prompt, textOf } from "../ask.ts"

const question = async (text: string): Promise<string> =>
  textOf(await ask(mockClaude({ scenario: examples }).fetch, text, { max_tokens: 8000 }))

describe("the text of a request without a registered reply", () => {
  it("names the question, and marks itself as simulated", async () => {
    const text = await question("How tall is the tower of Pisa?")
    assert.include(text, "Simulated")
    assert.include(text, "How tall is the tower of Pisa?")
  })

  it("gives each finding a section with its words, and each gap a line", async () => {
    const text = await question(
      prompt("Fold this.", { alpha: "First ZEBRA.", beta: "Then GIRAFFE &amp; co." }, ["gamma"])
    )
    assert.match(text, /## alpha\n\nFirst ZEBRA\./)
    assert.match(text, /## beta\n\nThen GIRAFFE & co\./)
    assert.match(text, /gamma.*no answer/)
  })

  it("marks each statement where that is asked for, and leaves none without a mark", async () => {
    const text = await question(
      prompt(`Fold this.\n\n${Citations.instruction}`, { alpha: "First zebra.", beta: "Giraffe." })
    )
    const { faults } = await Effect.runPromise(Citations.check(text, { answered: ["alpha", "beta"], gaps: [] }))
    assert.deepStrictEqual(faults, [])
  })
})
