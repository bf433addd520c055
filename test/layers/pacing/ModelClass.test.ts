import { assert, describe, it } from "@effect/vitest"
import { modelClassOf } from "../../../src/layers/pacing/ModelClass.ts"

describe("modelClassOf", () => {
  const classes = {
    "claude-haiku-5-5": "haiku-5",
    "claude-sonnet-5": "sonnet-5",
    "claude-sonnet-4-5-20250929": "sonnet-4",
    "claude-3-5-haiku-latest": "haiku-3",
    "anthropic.claude-opus-5-5-v1:0": "opus-5",
    "my-model": "my-model",
    sonnet: "sonnet"
  }
  for (const [model, name] of Object.entries(classes)) {
    it(`calls the class of ${model} ${name}`, () => assert.strictEqual(modelClassOf(model), name))
  }
})
