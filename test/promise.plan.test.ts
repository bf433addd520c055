/** Plans of a topic in scripts without Effect: what they are made of can be run, and what goes wrong is told as by a run. */
import { assert, describe, it } from "@effect/vitest"
import { mockClaude } from "fanfold/mocks"
import { Plan, run, RunError } from "fanfold/promise"
import { apiKey, rejection } from "./Promised.ts"

describe("a plan of a topic", () => {
  it("has asks and a synthesis that a run takes, and asks Claude once", async () => {
    const { fetch, journal } = mockClaude()
    const events: Array<string> = []
    const plan = await Plan.fromTopic("Five days in Tokyo", {
      asks: 3,
      context: "A brief.",
      model: "claude-haiku-5-5",
      apiKey,
      fetch,
      onEvent: ({ _tag }) => events.push(_tag)
    })
    assert.strictEqual(journal.attempts, 1)
    assert.include(events, "Answered")
    const names = Object.keys(plan.asks)
    assert.isAtMost(names.length, 3)
    assert.deepStrictEqual(
      plan.questions.map(({ name }) => name),
      names
    )
    assert.deepStrictEqual([plan.topic, plan.model], ["Five days in Tokyo", "claude-haiku-5-5"])
    const { answers, document } = await run({ asks: plan.asks, synthesis: plan.synthesis, fetch, apiKey })
    assert.deepStrictEqual(Object.keys(answers), names)
    assert.isAbove(document.length, 0)
  })

  it("rejects with a RangeError for what is wrong, before anything is sent", async () => {
    const { fetch, journal } = mockClaude()
    const wrong: ReadonlyArray<readonly [topic: string, options: object, message: string]> = [
      [" ", {}, "topic: expected a topic that is not empty"],
      ["Tokyo", { asks: 0 }, "options.asks: expected a whole number"],
      ["Tokyo", { policy: "all" }, "options.policy: unknown key, expected one of signal, onEvent,"],
      ["Tokyo", { signal: 5 }, "options.signal: expected an AbortSignal, got 5"],
      ["Tokyo", { retry: { attempts: 0 } }, "options.retry.attempts: expected a whole number ≥ 1, got 0"]
    ]
    for (const [topic, options, message] of wrong) {
      const error = await rejection(Plan.fromTopic(topic, { ...options, fetch, apiKey }))
      assert.instanceOf(error, RangeError)
      assert.include(error.message, message)
    }
    assert.strictEqual(journal.attempts, 0)
  })

  it("rejects with a RunError that has the cause, and where it is aborted with the reason", async () => {
    const claude = mockClaude()
    claude.when({ user: "Decompose this topic" }).reply({ $refusal: "cyber" })
    const { fetch } = claude
    const refused = await rejection(Plan.fromTopic("Tokyo", { fetch, apiKey, refusals: "gap" }))
    assert.instanceOf(refused, RunError)
    assert.include(refused.message, "refused")
    assert.deepStrictEqual(refused.answers, {})
    const signal = AbortSignal.abort(new Error("enough"))
    assert.strictEqual((await rejection(Plan.fromTopic("Tokyo", { fetch, apiKey, signal }))).message, "enough")
  })
})
