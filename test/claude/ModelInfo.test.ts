/** What is known of a model, by the names that it has with the API and elsewhere. */
import { assert, describe, it } from "@effect/vitest"
import { Message, Price } from "fanfold"
import { all, canonicalOf, infoOf } from "../../src/claude/ModelInfo.ts"

const arn = "arn:aws:bedrock:us-east-1"

describe("a model", () => {
  it.each([
    ["claude-haiku-4-5", "claude-haiku-4-5"],
    ["claude-haiku-4-5-20251001", "claude-haiku-4-5"],
    ["claude-haiku-4-5@20251001", "claude-haiku-4-5"],
    ["claude-opus-5@default", "claude-opus-5"],
    ["claude-sonnet-5-5-latest", "claude-sonnet-5-5"],
    ["anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5"],
    ["us.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"],
    ["global.anthropic.claude-haiku-5-5", "claude-haiku-5-5"],
    ["us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"],
    ["anthropic/claude-haiku-4.5", "claude-haiku-4-5"],
    ["bedrock/us.anthropic.claude-sonnet-5", "claude-sonnet-5"],
    ["vertex_ai/claude-opus-4-5@20251101", "claude-opus-4-5"],
    [`${arn}:123456789012:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0`, "claude-haiku-4-5"],
    [`${arn}::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0`, "claude-sonnet-4-5"],
    ["arn:aws-us-gov:bedrock:us-gov-west-1:1:inference-profile/us-gov.anthropic.claude-opus-5", "claude-opus-5"],
    ["bedrock/us-east-1/anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5"],
    ["bedrock/converse/us.anthropic.claude-sonnet-4-6", "claude-sonnet-4-6"],
    ["publishers/anthropic/models/claude-sonnet-4-5@20250929", "claude-sonnet-4-5"],
    ["projects/p/locations/global/publishers/anthropic/models/claude-opus-5", "claude-opus-5"],
    ["openrouter/anthropic/claude-sonnet-5", "claude-sonnet-5"],
    ["anthropic.claude-haiku-4-5-20251001-v1:0:200k", "claude-haiku-4-5"]
  ])("is known as %s", (name, canonical) => {
    assert.strictEqual(canonicalOf(name), canonical)
    // The price of one region is in the test of providers.
    assert.strictEqual(infoOf(name)?.minimumCacheTokens, all.get(canonical)?.minimumCacheTokens)
    assert.isDefined(Price.usdOf(name, { ...Message.noUsage, inputTokens: 1 }))
  })

  it.each([
    "claude-haiku-5-5-fast",
    "claude-haiku-6",
    "claude-haiku-5-50",
    "my-claude-haiku-5-5",
    "own/claude-haiku-5-5",
    `${arn}:123456789012:application-inference-profile/a1b2c3`,
    "publishers/other/models/claude-haiku-5-5",
    "claude-haiku-5-5[fast]",
    "claude-sonnet-5-5-2026",
    "constructor",
    ""
  ])("has no price and no window as %s", (name) => {
    assert.deepStrictEqual([infoOf(name), Price.priceOf(name, 0)], [undefined, undefined])
  })

  it("has the window that its name asks for", () => {
    for (const name of ["claude-sonnet-4-5[1m]", "anthropic.claude-sonnet-4-5-20250929-v1:0:1m"]) {
      assert.deepStrictEqual([canonicalOf(name), infoOf(name)?.windowTokens], ["claude-sonnet-4-5", 1_000_000])
      assert.isDefined(Price.priceOf(name, 0))
    }
    assert.strictEqual(infoOf("claude-sonnet-4-5")?.windowTokens, 200_000)
  })

  it("is priced as stated, also by another name", () => {
    const price = { inputUsd: 7, outputUsd: 70, cacheReadUsd: 0 }
    const prices = { "claude-haiku-4-5": price }
    assert.strictEqual(Price.priceOf("us.anthropic.claude-haiku-4-5-20251001-v1:0", 0, prices), price)
  })

  it("goes on after a refusal to models of the table alone, so that their prices are known", () => {
    const targets = [...all.values()].flatMap(({ fallbacks = [] }) => fallbacks)
    assert.isAbove(targets.length, 5)
    for (const target of targets) assert.isTrue(all.has(target), target)
  })
})
