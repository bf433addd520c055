/** A pattern is tested in a bounded time, whatever the text of an answer. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as AnswerFormat from "../../src/schema/AnswerFormat.ts"
import { matches } from "../../src/schema/PatternMatch.ts"

describe("the pattern of a schema", () => {
  it("is tested in all of a long text", () => {
    assert.isTrue(matches(/^(?:a+)+$/u, "a".repeat(100)))
    assert.isFalse(matches(/^[a-z]+$/u, `${"a".repeat(5000)}1`))
    assert.isTrue(matches(/^[a-z]+$/iu, "A".repeat(5000)))
    assert.isFalse(matches(/^(?:[a-z]+-)*$/u, "ab-cd-ef-gh-ij-kl-mn-op-qr"))
  })

  it.effect("does not hold up the process: an answer that takes too long does not fit", () =>
    Effect.gen(function* () {
      const schema = { type: "object", properties: { n: { type: "string", pattern: "^(a+)+$" } }, required: ["n"] }
      const issue = yield* Effect.flip(AnswerFormat.of(schema).decode({ n: `${"a".repeat(200)}b` }))
      assert.include(issue, "n: expected")
    })
  )

  it.effect("does not hold up the process by a long key", () =>
    Effect.gen(function* () {
      const patternProperties = { "^(a+)+$": { type: "string" } }
      const format = AnswerFormat.of({ type: "object", patternProperties, additionalProperties: false })
      const key = `${"a".repeat(200)}b`
      assert.include(yield* Effect.flip(format.decode([{ key, value: "x" }])), "expected")
      assert.deepStrictEqual(yield* format.decode([{ key: "aa", value: "x" }]), { aa: "x" })
    })
  )
})
