import { assert, describe, it } from "@effect/vitest"
import * as ModelInfo from "../../../src/claude/ModelInfo.ts"
import * as Prices from "../../../mocks/wire/Prices.ts"

describe("the prices of the mock", () => {
  it("are those that fanfold calculates with", () => {
    const listed = Array.from(ModelInfo.all, ([name, { longPrompt, price }]) => ({
      name,
      price: Object.values(price),
      long: longPrompt && {
        above: longPrompt.above,
        price: [longPrompt.inputUsd, longPrompt.outputUsd, longPrompt.cacheReadUsd]
      }
    }))
    const billed = Object.entries(Prices.prices).map(([name, price]) => ({
      name,
      price: [...price],
      long: Prices.longPrompts[name]
    }))
    assert.sameDeepMembers<unknown>(billed, listed)
  })
})
