/** What a usage costs: by list prices, and by those that a user states. */
import { assert, describe, it } from "@effect/vitest"
import { Message, Price } from "fanfold"

const million = 1_000_000
const usage = (fields: Partial<Message.Usage>): Message.Usage => ({ ...Message.noUsage, ...fields })

describe("a cost", () => {
  it.each([
    ["input", usage({ inputTokens: million }), 2],
    ["output, of which thinking is a part", usage({ outputTokens: million, thinkingTokens: 600_000 }), 10],
    ["a write to the cache, dearer than input", usage({ cacheCreationInputTokens: million }), 2.5],
    ["a read from it", usage({ cacheReadInputTokens: million }), 0.1],
    ["web searches", usage({ webSearches: 3 }), 0.03]
  ])("counts %s", (_what, spent, usd) => {
    assert.approximately(Price.usdOf("claude-sonnet-5-5", spent)!, usd, 1e-9)
  })

  it("of Haiku is higher for a long prompt, from the cache or not", () => {
    const short = usage({ inputTokens: 50_000, cacheReadInputTokens: 50_000 })
    const long = usage({ inputTokens: 50_000, cacheReadInputTokens: 50_001 })
    assert.approximately(Price.usdOf("claude-haiku-5-5", short)!, 0.0055, 1e-9)
    assert.approximately(Price.usdOf("claude-haiku-5-5", long)!, 0.0275, 1e-7)
  })

  it("counts what the cache keeps for an hour at twice the input price", () => {
    const written = usage({ cacheCreationInputTokens: million, cacheCreation1hInputTokens: 400_000 })
    assert.approximately(Price.usdOf("claude-sonnet-5-5", written)!, 0.6 * 2.5 + 0.4 * 4, 1e-9)
  })

  it("counts what models used that declined at their own prices", () => {
    const declined = [{ model: "claude-opus-5-5", usage: usage({ inputTokens: million }) }]
    const all = usage({ inputTokens: 2 * million, outputTokens: million })
    assert.approximately(Price.usdOf("claude-opus-4-8", all, {}, declined)!, 4 + 5 + 25, 1e-9)
    assert.isUndefined(Price.usdOf("claude-opus-4-8", all, {}, [{ model: "claude-next", usage: usage({}) }]))
  })

  it("is unknown, and not zero, for a model without a price", () => {
    assert.isUndefined(Price.usdOf("claude-next", usage({})))
    assert.isUndefined(Price.usdOf("constructor", usage({}), {}))
  })
})

describe("stated prices", () => {
  const price: Price.Price = { inputUsd: 7, outputUsd: 70, cacheReadUsd: 0.7 }

  it("win over the list, and make a model known that it lacks", () => {
    const spent = usage({ inputTokens: million, outputTokens: million })
    const prices = { "claude-next": price, "claude-haiku-5-5": price }
    assert.deepStrictEqual(
      ["claude-next", "claude-haiku-5-5", "claude-sonnet-5-5"].map((model) => Price.usdOf(model, spent, prices)),
      [77, 77, 12]
    )
  })

  it("of a model are those of its snapshots, and not of models with a longer name", () => {
    const newer = { ...price, inputUsd: 8 }
    const prices = { "claude-next": price, "claude-next-20270101": newer }
    assert.deepStrictEqual(
      ["claude-next-20261101", "claude-next-20270101", "claude-next-2", "claude-next-mini-20261101"].map(
        (model) => Price.priceOf(model, 0, prices)?.inputUsd
      ),
      [7, 8, undefined, undefined]
    )
  })
})

describe("list prices", () => {
  it.each([
    ["claude-sonnet-5", 2, 10, 0.2],
    ["claude-opus-5-5", 4, 20, 0.2],
    ["claude-opus-5", 5, 25, 0.5],
    ["claude-fable-5-1", 10, 50, 0.25],
    ["claude-fable-5-2", 8, 40, 0.2],
    ["claude-haiku-4-5", 1, 5, 0.1]
  ])("%s", (model, inputUsd, outputUsd, cacheReadUsd) => {
    assert.deepStrictEqual(Price.priceOf(model, 0), { inputUsd, outputUsd, cacheReadUsd })
  })
})

describe("US dollars in text", () => {
  it.each([
    [0, "$0.00"],
    [0.0000012345, "$0.0000012"],
    [0.000999, "$0.0010"],
    [0.001, "$0.0010"],
    [0.18456, "$0.1846"],
    [1, "$1.00"],
    [1234.5, "$1,234.50"]
  ])("%d is %s", (usd, text) => {
    assert.strictEqual(Price.usdText(usd), text)
  })

  it.each([
    [0.02421, "$0.0243"],
    [0.0242, "$0.0242"],
    [0.1 + 0.2, "$0.3000"],
    [0.00012345, "$0.00013"],
    [2.001, "$2.01"],
    [0, "$0.00"]
  ])("an amount that must be reached is rounded up: %d is %s", (usd, text) => {
    assert.strictEqual(Price.usdText(usd, "up"), text)
  })
})
