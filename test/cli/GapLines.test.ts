/** What is said of asks without an answer: who, and why, in as few lines as there are reasons. */
import { assert, describe, it } from "@effect/vitest"
import { AskError, type Findings } from "fanfold"
import * as GapLines from "../../src/cli/GapLines.ts"

const failed = (name: string, reason: AskError.Reason, requestId?: string): Findings.Gap => ({
  name,
  index: 0,
  question: "Why?",
  outcome: { _tag: "Failed", error: new AskError.AskError({ reason, requestId }) }
})
const stopped = (name: string): Findings.Gap => ({ name, index: 0, question: "Why?", outcome: { _tag: "Interrupted" } })

const busy = new AskError.Overloaded({ detail: "busy" })
const range = (count: number) => Array.from({ length: count }, (_, index) => `q${index + 1}`)

describe("asks without an answer", () => {
  it("are named one by one where their reasons differ, each with its request", () => {
    const gaps = [failed("sun", busy, "req_1"), stopped("moon")]
    assert.deepStrictEqual(GapLines.lines(gaps), [
      "No answer: sun: overloaded: busy (req_1)",
      "No answer: moon: stopped before it was answered"
    ])
  })

  it("share a line where they share a reason, whatever their requests", () => {
    const gaps = [failed("sun", busy, "req_1"), stopped("moon"), failed("stars", busy, "req_2")]
    assert.deepStrictEqual(GapLines.lines(gaps), [
      "No answer: sun, stars: overloaded: busy",
      "No answer: moon: stopped before it was answered"
    ])
  })

  it("are counted where they are many", () => {
    const gaps = range(1500).map((name) => failed(name, busy, `req_${name}`))
    assert.deepStrictEqual(GapLines.lines(gaps), ["No answer: 1,500 asks (q1, q2, q3, …): overloaded: busy"])
    assert.deepStrictEqual(GapLines.lines(gaps.slice(0, 5)), ["No answer: q1, q2, q3, q4, q5: overloaded: busy"])
  })

  it("are one group where a budget turned them away, though less was left for each", () => {
    const gaps = [4, 3].map((remaining) =>
      failed(`q${remaining}`, new AskError.OverBudget({ unit: "tokens", needed: 5, left: remaining, limit: 9 }))
    )
    const lines = GapLines.lines(gaps)
    assert.strictEqual(lines.length, 1)
    assert.match(lines[0]!, /^No answer: q4, q3: over budget: /)
  })

  it("do not steer the terminal", () => {
    const gaps = [failed("sun", new AskError.Overloaded({ detail: "\u001B[31mred" }))]
    assert.notInclude(GapLines.lines(gaps)[0], "\u001B")
  })
})
