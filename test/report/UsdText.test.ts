/** Amounts of money that people read. */
import { assert, describe, it } from "@effect/vitest"
import { usdText } from "../../src/report/UsdText.ts"

describe("an amount in US dollars", () => {
  it.each([
    [0, "$0.00"],
    [0.0000456, "$0.000046"],
    [0.00099, "$0.00099"],
    [0.01234, "$0.0123"],
    [0.5, "$0.5000"],
    [1234.567, "$1,234.57"]
  ])("%d dollars are %s", (usd, text) => {
    assert.strictEqual(usdText(usd), text)
  })
})
