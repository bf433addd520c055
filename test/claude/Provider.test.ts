/** The names that clouds have for models, and what they cost there. */
import { assert, describe, it } from "@effect/vitest"
import { Price } from "fanfold"
import { modelAt } from "../../src/claude/Provider.ts"

const inputUsd = (model: string, tokens: number) => Price.priceOf(model, tokens)?.inputUsd

describe("a model at a cloud", () => {
  const names = [
    ["bedrock", "claude-haiku-5-5", "global.anthropic.claude-haiku-5-5"],
    ["bedrock", "claude-haiku-4-5", "global.anthropic.claude-haiku-4-5-20251001-v1:0"],
    ["bedrock", "claude-opus-4-6", "global.anthropic.claude-opus-4-6-v1"],
    ["bedrock", "eu.anthropic.claude-haiku-5-5", "eu.anthropic.claude-haiku-5-5"],
    [
      "bedrock",
      "arn:aws:bedrock:eu-west-1:1:application-inference-profile/x",
      "arn:aws:bedrock:eu-west-1:1:application-inference-profile/x"
    ],
    ["vertex", "claude-sonnet-5-5", "claude-sonnet-5-5"],
    ["vertex", "claude-sonnet-4-5", "claude-sonnet-4-5@20250929"],
    ["foundry", "our-deployment", "our-deployment"],
    [undefined, "claude-haiku-4-5", "claude-haiku-4-5"]
  ] as const
  it("has the name of the cloud, unless it is none of the table", () => {
    for (const [provider, model, name] of names) assert.strictEqual(modelAt(provider, model), name)
  })

  it("costs 10 % more in one region of Bedrock than in all, long prompts too", () => {
    for (const region of ["us.", "eu.", ""]) {
      const model = `${region}anthropic.claude-haiku-5-5`
      assert.closeTo(inputUsd(model, 1000)!, 0.11, 1e-9)
      assert.closeTo(inputUsd(model, 200_000)!, 0.55, 1e-9)
    }
    for (const model of ["global.anthropic.claude-haiku-5-5", "anthropic/claude-haiku-5.5", "claude-haiku-5-5"]) {
      assert.strictEqual(inputUsd(model, 1000), 0.1)
    }
  })
})
