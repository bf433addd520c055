/** What a resuming run says: it counts the asks of the plan as it is, and the calls that it sends again. */
import { assert, describe, it } from "@effect/vitest"
import { Ask, Synthesis } from "fanfold"
import { type Progress, requestName } from "../../src/journal/Journal.ts"
import * as RequestKey from "../../src/journal/RequestKey.ts"
import { resumingText } from "../../src/cli/ResumingText.ts"
import * as Forecast from "../../src/plan/Forecast.ts"
import type { Prepared } from "../../src/plan/Plan.ts"

const requestOf = (question: string, ordinal = 0, model?: string) => {
  const request = Ask.requestOf(Ask.text(question, model === undefined ? {} : { model }), { context: "All of it." })
  return requestName(RequestKey.of(request).key, ordinal)
}

const textOf = (questions: Readonly<Record<string, string>>, progress: Partial<Progress>) => {
  const asks = Object.fromEntries(Object.entries(questions).map(([name, question]) => [name, Ask.text(question)]))
  const pipeline = { asks, context: "All of it.", synthesis: Synthesis.text("Fold."), layers: {}, policy: "all" }
  const plan = { ...pipeline, concurrency: "unbounded" } as unknown as Prepared
  return resumingText(plan, Forecast.make(plan), {
    answered: new Set(),
    costUsd: 0.5,
    inFlight: [],
    ...progress
  })
}

/** The cost that is said of requests of the synthesis with these names. */
const foldsCost = (...names: ReadonlyArray<string>) => {
  const inFlight = names.map((ask) => ({ ask, part: "synthesis", request: requestOf("Fold?") }) as const)
  const text = textOf({ a: "Sun?", b: "Moon?" }, { inFlight })
  return / may be paid twice, (at most \$\S+)$/.exec(text)?.[1] ?? text
}

describe("resumingText", () => {
  it("counts the answers to what the plan asks, whatever the names, and tells those that are to something else", () => {
    const answered = new Set([requestOf("Sun?"), requestOf("Sun?", 1), requestOf("Moon?"), requestOf("Old?")])
    const text = textOf({ a: "Sun?", b: "Moon?", c: "New?" }, { answered })
    assert.strictEqual(
      text,
      "Resuming: 2 of 3 asks answered, $0.5000 spent; 2 answers are to asks that the plan does not have as it is"
    )
    const other = textOf({ a: "Sun?" }, { answered: new Set([requestOf("Sun?", 0, "claude-opus-5-5")]) })
    assert.strictEqual(
      other,
      "Resuming: 0 of 1 ask answered, $0.5000 spent; 1 answer is to an ask that the plan does not have as it is"
    )
    const equal = textOf({ a: "Sun?", b: "Sun?" }, { answered: new Set([requestOf("Sun?"), requestOf("Sun?", 1)]) })
    assert.strictEqual(equal, "Resuming: 2 of 2 asks answered, $0.5000 spent")
  })

  it("says of those calls on their way that they may be paid twice that are sent again", () => {
    const ask = { ask: "a", part: "ask" } as const
    const inFlight = [
      { ...ask, request: requestOf("Sun?") },
      { ...ask, request: requestOf("Moon?") },
      { ...ask, request: requestOf("Old?") },
      { ask: "synthesis", part: "synthesis", request: requestOf("Fold?") } as const
    ]
    const text = textOf({ a: "Sun?", b: "Moon?" }, { answered: new Set([requestOf("Sun?")]), inFlight })
    assert.match(
      text,
      /^Resuming: 1 of 2 asks answered, \$0\.5000 spent; 2 calls were on their way and may be paid twice, at most \$\S+$/
    )
    const one = textOf({ a: "Sun?" }, { inFlight: inFlight.slice(0, 1) })
    assert.match(one, /; 1 call was on its way and may be paid twice, at most \$\S+$/)
  })

  it("says of folds that may be paid twice the cost at most of all of them, as often as one of them was sent", () => {
    const once = foldsCost("synthesis")
    assert.match(once, /^at most /)
    assert.strictEqual(foldsCost("synthesis.1.1", "synthesis.1.2", "synthesis.1.3"), once)
    const twice = foldsCost("synthesis", "synthesis")
    assert.notStrictEqual(twice, once)
    assert.strictEqual(foldsCost("synthesis.1.1", "synthesis.1.2", "synthesis.1.1"), twice)
  })
})
