/** Which changes of a run are offered: those that would be made. */
import { assert, describe, it } from "@effect/vitest"
import { hintOf } from "../../src/cli/live/Keys.ts"
import { offersOf, type Standing } from "../../src/report/Offers.ts"
import { begin, end, eventOf, failed, fold, started } from "../RunEvents.ts"
import * as RunState from "../../src/report/RunState.ts"

const healthy: Standing = { isAsking: true, hasGaps: false, isOfRows: false, concurrency: "unbounded", settings: {} }

describe("the changes that are offered", () => {
  it("are those that act: limits that the run has, and asks that can be asked", () => {
    assert.deepStrictEqual(offersOf(healthy), ["stop"])
    assert.deepStrictEqual(offersOf({ ...healthy, hasGaps: true, concurrency: 3 }), ["stop", "ask", "concurrency"])
    const settings = { "budget.usd": "2", "deadline.asking": "1 minute" }
    assert.deepStrictEqual(offersOf({ ...healthy, settings }), ["stop", "budget", "deadline"])
    assert.deepStrictEqual(offersOf({ ...healthy, isAsking: false, hasGaps: true, concurrency: 3 }), [])
    assert.deepStrictEqual(offersOf({ ...healthy, isOfRows: true, hasGaps: true, concurrency: 3 }), ["stop"])
    const unknown = offersOf({ ...healthy, settings: undefined })
    assert.deepStrictEqual(unknown, ["stop", "budget", "deadline"])
  })

  it("are the keys that a terminal names", () => {
    assert.strictEqual(hintOf([]), "q leave")
    assert.strictEqual(hintOf(["stop", "ask", "budget"]), "s stop · g ask gaps again · b double budget · q leave")
    const all = hintOf(["stop", "ask", "concurrency", "budget", "deadline"])
    assert.strictEqual(all, "s stop · g ask gaps again · c/b/d double concurrency/budget/deadline · q leave")
    assert.isAtMost(all.length, 80)
  })

  it("follow from the events of the run", () => {
    const asking = fold(begin(0, "a"), started(0, "a"), failed(1, "a"))
    assert.deepStrictEqual([asking.isAsking, asking.concurrency, asking.settings], [true, "unbounded", undefined])
    const set = { _tag: "Configured", folder: "/p", words: [], outputs: [], settings: { hedge: "on" } } as const
    const raised = { _tag: "Intervened", intervention: { _tag: "RaiseConcurrency", concurrency: 9 } } as const
    const over = RunState.of([[0, "", set] as const, begin(1, "a"), [2, "", raised] as const, end(3, 2)].map(eventOf))
    assert.deepStrictEqual([over.isAsking, over.concurrency, over.settings], [false, 9, { hedge: "on" }])
    assert.strictEqual(over.startedAt, 1)
  })
})
