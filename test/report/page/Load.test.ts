/** The line of the concurrency beside the requests in flight. */
import { assert, describe, it } from "@effect/vitest"
import type { Intervention } from "../../../src/claude/Intervention.ts"
import { concurrencyOf, inFlightOf, joined } from "../../../src/report/page/browser/Load.ts"
import { lookOf } from "../../../src/report/page/browser/Looks.ts"
import { concurrencyText } from "../../../src/report/page/browser/Words.ts"
import { phases } from "../../../src/report/Phases.ts"
import { answered, begin, dispatched, eventOf, replied, started } from "../../RunEvents.ts"
import { viewOf } from "./Shown.ts"

const raised = (at: number, concurrency: number | "unbounded") => {
  const intervention: Intervention = { _tag: "RaiseConcurrency", concurrency }
  return [at, "", { _tag: "Intervened", intervention }] as const
}

const view = viewOf(
  [
    [0, "", { _tag: "ResearchStarted", policy: "all", concurrency: 2, asks: [{ name: "a", question: "a?" }] }] as const,
    started(0, "a"),
    dispatched(1000, "a"),
    raised(2000, 4),
    replied(3000, "a"),
    answered(3000, "a"),
    raised(4000, "unbounded")
  ].map(eventOf)
)

describe("the concurrency of a run", () => {
  it("is a line with a step at each raise, and ends where nothing limits it any more", () => {
    assert.deepStrictEqual(joined(inFlightOf(view.asks), concurrencyOf(view)), {
      at: [0, 1000, 2000, 3000, 4000],
      count: [0, 1, 1, 0, 0],
      limit: [2, 2, 4, 4, null]
    })
  })

  it("is told with each raise", () => {
    assert.strictEqual(concurrencyText(view), "2, from 2.0 s on 4, from 4.0 s on unbounded")
    assert.strictEqual(concurrencyText(viewOf([eventOf(begin(0, "a"))])), "unbounded")
    assert.strictEqual(concurrencyText(viewOf([])), "unknown")
  })
})

it("gives no two phases the same look", () => {
  const looks = phases.map((phase) => {
    const { class: classes, style } = lookOf(phase)
    return JSON.stringify([classes.replace(` ${phase}`, ""), style])
  })
  assert.lengthOf(new Set(looks), phases.length)
})
