/** What a report advises to do about an ask without an answer. */
import { assert, describe, it } from "@effect/vitest"
import { AskError } from "fanfold"
import { adviceOf } from "../../src/report/Advice.ts"

const firstOf = (scope: AskError.TimedOut["scope"]) =>
  adviceOf("TimedOut", new AskError.TimedOut({ limitMillis: 5000, scope }).message).first

describe("the advice about an ask that ran out of time", () => {
  it("names the option of the limit that it met, which only the message tells", () => {
    assert.deepStrictEqual((["attempt", "ask", "synthesis", "run"] as const).map(firstOf), [
      "raise timeout.attempt (--timeout-attempt)",
      "raise retry.within (--retry-within), or its own timeout",
      "raise retry.within (--retry-within), or its own timeout",
      "raise the deadline (--deadline)"
    ])
  })
})
