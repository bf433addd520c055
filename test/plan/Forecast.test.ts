/** What a pipeline may take at most, told before anything is sent. */
import { assert, describe, it } from "@effect/vitest"
import { Ask, type Price, Synthesis } from "fanfold"
import * as Forecast from "../../src/plan/Forecast.ts"
import type { Pipeline } from "../../src/pipeline/Pipeline.ts"

/** Two asks of different models, and what a test adds to them. */
const pipeline = (fields: Partial<Pipeline> = {}): Pipeline => ({
  asks: { a: Ask.text("a?", { maxTokens: 1000 }), b: Ask.text("b?", { model: "claude-sonnet-5-5", maxTokens: 2000 }) },
  synthesis: undefined,
  policy: "all",
  concurrency: "unbounded",
  context: undefined,
  deadline: undefined,
  ...fields
})

const searching = (webSearch: boolean) => Forecast.make(pipeline({ asks: { a: Ask.text("a?", { webSearch }) } }))

describe("a forecast", () => {
  it("has every call with its model, tokens and highest cost, and their sum", () => {
    const { atMostUsd, calls, unpriced } = Forecast.make(pipeline())
    assert.deepStrictEqual(
      calls.map(({ name, part, request: { maxTokens, model } }) => [name, part, model, maxTokens]),
      [
        ["a", "ask", "claude-haiku-5-5", 1000],
        ["b", "ask", "claude-sonnet-5-5", 2000]
      ]
    )
    const [a, b] = calls
    assert.approximately(a!.atMostUsd!, (a!.inputTokens * 0.1 + 1000 * 0.5) / 1e6, 1e-12)
    assert.approximately(b!.atMostUsd!, (b!.inputTokens * 2 + 2000 * 10) / 1e6, 1e-12)
    assert.approximately(atMostUsd!, a!.atMostUsd! + b!.atMostUsd!, 1e-12)
    assert.strictEqual(unpriced.size, 0)
  })

  it("counts on a synthesis that reads every question and the longest answers", () => {
    const { calls } = Forecast.make(pipeline({ synthesis: Synthesis.text("Fold", { maxTokens: 500 }) }))
    const [, , synthesis] = calls
    assert.deepStrictEqual([synthesis!.name, synthesis!.part], ["synthesis", "synthesis"])
    assert.isAbove(synthesis!.inputTokens, 3000)
    assert.isBelow(synthesis!.inputTokens, 3500)
    assert.approximately(synthesis!.atMostUsd!, (synthesis!.inputTokens * 2 + 500 * 10) / 1e6, 1e-12)
  })

  it("takes a shared context for written to the cache by each ask, which costs more than input", () => {
    const without = Forecast.make(pipeline()).calls
    const shared = Forecast.make(pipeline({ context: "x".repeat(40_000) })).calls
    shared.forEach(({ atMostUsd, inputTokens }, index) => {
      const inputUsd = [0.1, 2][index]!
      assert.strictEqual(inputTokens - without[index]!.inputTokens, 10_000)
      assert.approximately(atMostUsd! - without[index]!.atMostUsd!, (10_000 * 1.25 * inputUsd) / 1e6, 1e-9)
    })
  })

  it("counts the web searches that an answer may make", () => {
    const [never, ever] = [searching(false), searching(true)]
    assert.deepStrictEqual([never.webSearches, ever.webSearches], [0, 5])
    assert.approximately(ever.atMostUsd! - never.atMostUsd!, 0.05, 1e-4)
  })

  it("knows no cost where one model has no price, says which, and takes one that is stated", () => {
    const price: Price.Price = { inputUsd: 0, outputUsd: 1000, cacheReadUsd: 0 }
    const asks = { a: Ask.text("a?"), b: Ask.text("b?", { model: "claude-next", maxTokens: 10 }) }
    const unknown = Forecast.make(pipeline({ asks }))
    assert.deepStrictEqual([unknown.atMostUsd, unknown.calls[1]!.atMostUsd], [undefined, undefined])
    assert.isDefined(unknown.calls[0]!.atMostUsd)
    assert.deepStrictEqual([...unknown.unpriced], ["claude-next"])
    const known = Forecast.make(pipeline({ asks }), { "claude-next": price })
    assert.approximately(known.calls[1]!.atMostUsd!, 0.01, 1e-12)
    assert.strictEqual(known.unpriced.size, 0)
  })
})
