/** Two runs side by side: which answers differ, and what each of them cost and took. */
import { assert, describe, it } from "@effect/vitest"
import { Message } from "fanfold"
import type { Report } from "../../src/report/Report.ts"
import * as RunsDiff from "../../src/report/RunsDiff.ts"

const part = (usd: number | null, model = "claude-haiku-5-5"): Report["spent"]["asks"][string] => ({
  model,
  attempts: 1,
  usage: Message.noUsage,
  estimatedCostUsd: usd,
  durationMillis: 100
})

/** A run with these answers; a question without one is a gap. */
const compared = (
  id: string,
  answers: Readonly<Record<string, unknown>>,
  more: Partial<Report> = {},
  gaps: ReadonlyArray<string> = [],
  plan = "/home/me/plan.yaml"
): RunsDiff.Compared => {
  const names = [...Object.keys(answers), ...gaps]
  return {
    run: { id, plan, at: 5 },
    report: {
      version: 1,
      simulated: true,
      run: id,
      policy: "best-effort",
      deadlineMillis: null,
      document: null,
      questions: Object.fromEntries(names.map((name) => [name, `${name}?`])),
      answers,
      gaps: [],
      sources: {},
      error: null,
      usage: Message.noUsage,
      estimatedCostUsd: 1,
      foreseenCostUsd: null,
      durationMillis: 1000,
      spent: { asks: Object.fromEntries(names.map((name) => [name, part(0.5)])), synthesis: null },
      ...more
    }
  }
}

const changes = ({ asks }: RunsDiff.RunsDiff) => Object.fromEntries(asks.map(({ change, name }) => [name, change]))

describe("the difference of two runs", () => {
  it("tells of each ask what became of its answer", () => {
    const a = compared("a", { same: "x", changed: "x", lost: "x", gone: "x" }, {}, ["found", "gap"])
    const b = compared("b", { same: "x", changed: "y", found: "x", added: "x" }, {}, ["lost", "gap"])
    assert.deepStrictEqual(changes(RunsDiff.make(a, b)), {
      same: "same",
      changed: "changed",
      found: "answered",
      added: "added",
      lost: "unanswered",
      gap: "gap",
      gone: "gone"
    })
  })

  it("takes structured answers for the same whatever the order of their keys", () => {
    const a = compared("a", { one: { x: 1, y: [2] } })
    const b = compared("b", { one: { y: [2], x: 1 } })
    assert.deepStrictEqual(changes(RunsDiff.make(a, b)), { one: "same" })
  })

  it("has both answers where they differ, what each cost, and whether the question or the plan is another", () => {
    const a = compared("a", { one: "x" })
    const b = compared(
      "b",
      { one: "y" },
      { questions: { one: "else?" }, spent: { asks: { one: part(null, "other") }, synthesis: null } },
      [],
      "/elsewhere.yaml"
    )
    const { asks, document, isSamePlan } = RunsDiff.make(a, b)
    const side = { isAnswered: true, durationMillis: 100 }
    assert.deepStrictEqual(asks, [
      {
        name: "one",
        isQuestionChanged: true,
        change: "changed",
        a: { ...side, model: "claude-haiku-5-5", estimatedCostUsd: 0.5, answer: "x" },
        b: { ...side, model: "other", estimatedCostUsd: null, answer: "y" }
      }
    ])
    assert.deepStrictEqual([document, isSamePlan], [null, false])
  })

  it("compares the documents, where a run has a synthesis", () => {
    const withDocument = (id: string, document: string | null) =>
      compared(id, {}, { document, spent: { asks: {}, synthesis: part(1) } })
    const ofDocument = (a: string | null, b: string | null) =>
      RunsDiff.make(withDocument("a", a), withDocument("b", b)).document?.change
    assert.deepStrictEqual(
      [ofDocument("x", "x"), ofDocument("x", "y"), ofDocument(null, "y"), ofDocument("x", null)],
      ["same", "changed", "answered", "unanswered"]
    )
    assert.strictEqual(RunsDiff.make(compared("a", {}), withDocument("b", "y")).document?.change, "added")
  })

  it("mistakes no name of an ask for what every object has", () => {
    const diff = RunsDiff.make(compared("a", {}), compared("b", { constructor: "x" }))
    assert.deepStrictEqual(Object.entries(changes(diff)), [["constructor", "added"]])
  })
})
