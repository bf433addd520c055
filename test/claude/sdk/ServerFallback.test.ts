/** Usage by the model that used it, where the API went on to another one, and cache writes by how long they are kept. */
import { assert, describe, it } from "@effect/vitest"
import { Message } from "fanfold"
import { withFallback } from "../../../src/claude/sdk/ServerFallback.ts"
import { countsOf, later, usageOf } from "../../../src/claude/sdk/UsageCounts.ts"
import { reply } from "../../FakeClaude.ts"

const entry = (type: string, model: string | null, input: number, output: number) => ({
  type,
  model,
  input_tokens: input,
  output_tokens: output
})
const usage = (inputTokens: number, outputTokens: number): Message.Usage => ({
  ...Message.noUsage,
  inputTokens,
  outputTokens
})
const served = reply("yes", { model: "claude-opus-5-5", usage: usage(12, 40) })

describe("a reply after a fallback of the API", () => {
  it("has the model that answered, and beside its usage that of those that declined", () => {
    const iterations = [
      entry("message", "claude-opus-5-5", 10, 3),
      entry("fallback_message", "claude-opus-5", 11, 0),
      entry("message", "claude-opus-4-8", 5, 20),
      entry("fallback_message", "claude-opus-4-8", 7, 20)
    ]
    assert.deepStrictEqual(withFallback(served, iterations), {
      ...served,
      model: "claude-opus-4-8",
      usage: usage(33, 43),
      declined: [
        { model: "claude-opus-5-5", usage: usage(10, 3) },
        { model: "claude-opus-5", usage: usage(11, 0) }
      ]
    })
  })

  it("counts nothing twice where the first model was not asked, whatever date its name has", () => {
    const sticky = [entry("fallback_message", "claude-opus-5", 12, 40)]
    assert.deepStrictEqual(withFallback(served, sticky), { ...served, model: "claude-opus-5" })
    const dated = [entry("message", "claude-opus-5-20260724", 5, 5), entry("fallback_message", "claude-opus-5", 7, 35)]
    assert.isUndefined(withFallback(served, dated).declined)
  })

  it("stays as it is without one, and where the entries are none", () => {
    const others = [entry("message", "claude-opus-5-5", 5, 5), entry("advisor_message", "claude-opus-5", 900, 20)]
    for (const iterations of [
      undefined,
      null,
      {},
      [],
      [null, 5, "x"],
      others,
      [entry("fallback_message", null, 1, 1)]
    ]) {
      assert.strictEqual(withFallback(served, iterations), served)
    }
  })
})

const hour = (tokens: number) =>
  countsOf({ cache_creation_input_tokens: 900, cache_creation: { ephemeral_1h_input_tokens: tokens } })

describe("a cache write for an hour", () => {
  it("is a part of all that was written, and kept from one event of a stream to the next", () => {
    const first = hour(600)
    const usage = usageOf(first)
    assert.deepInclude(usage, { cacheCreationInputTokens: 900, cacheCreation1hInputTokens: 600 })
    const last = usageOf(later(first, countsOf({ output_tokens: 5 })))
    assert.deepInclude(last, { cacheCreation1hInputTokens: 600, outputTokens: 5 })
    assert.strictEqual(Message.addUsage(usage, usage).cacheCreation1hInputTokens, 1200)
  })

  it("is not there where nothing is kept for an hour", () => {
    const for5Minutes = usageOf(hour(0))
    assert.notProperty(for5Minutes, "cacheCreation1hInputTokens")
    assert.notProperty(Message.addUsage(for5Minutes, for5Minutes), "cacheCreation1hInputTokens")
  })
})
