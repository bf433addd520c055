/** Which rows the timeline shows: searched, filtered, sorted, and folded into lanes. */
import { assert, describe, it } from "@effect/vitest"
import { chosen, itemsOf, maxUnlaned } from "../../../src/report/page/browser/List.ts"
import { Message } from "fanfold"
import type { Row } from "../../../src/report/View.ts"

const row = (name: string, more: Partial<Row> = {}): Row => ({
  name,
  question: `What of ${name}?`,
  status: "answered",
  model: "m",
  attempts: 1,
  usage: Message.noUsage,
  estimatedCostUsd: 0.001,
  durationMillis: 100,
  reason: null,
  message: null,
  worker: null,
  bars: [],
  ...more
})
const rows = [
  row("cheap"),
  row("slow", { durationMillis: 9000 }),
  row("dear", { estimatedCostUsd: 2 }),
  row("lost", { status: "failed", reason: "Overloaded", message: "busy" }),
  row("old", { reused: { from: "earlier", paidAt: 0, estimatedCostUsd: 1 } })
]
const names = (choice: Partial<Parameters<typeof chosen>[1]>) =>
  chosen(rows, { search: "", filter: "all", sort: "plan", ...choice }).map((index) => rows[index]!.name)

describe("the rows of the timeline", () => {
  it("are filtered", () => {
    assert.deepStrictEqual(names({ filter: "failed" }), ["lost"])
    assert.deepStrictEqual(names({ filter: "slow" }), ["slow"])
    assert.deepStrictEqual(names({ filter: "dear" }), ["dear"])
    assert.deepStrictEqual(names({ filter: "reused" }), ["old"])
  })

  it("are found by words of name, question and reason", () => {
    assert.deepStrictEqual(names({ search: "OVERLOADED busy" }), ["lost"])
    assert.deepStrictEqual(names({ search: "what of dear" }), ["dear"])
    assert.deepStrictEqual(names({ search: "nothing" }), [])
  })

  it("are sorted, equal ones as in the plan", () => {
    assert.deepStrictEqual(names({ sort: "time" }), ["slow", "cheap", "dear", "lost", "old"])
    assert.deepStrictEqual(names({ sort: "cost" })[0], "dear")
    assert.deepStrictEqual(names({ sort: "name" }), ["cheap", "dear", "lost", "old", "slow"])
  })

  it("fold into lanes where they are many", () => {
    const many = Array.from({ length: maxUnlaned + 1 }, (_, n) => row(`a${n}`, n === 3 ? { status: "failed" } : {}))
    const all = many.map((_, index) => index)
    assert.deepStrictEqual(
      itemsOf(many, all, new Set()).map((item) => (item._tag === "Lane" ? [item.lane, item.rows.length] : item)),
      [
        ["failed", 1],
        ["answered", maxUnlaned]
      ]
    )
    assert.lengthOf(itemsOf(many, all, new Set(["failed"])), 3)
    assert.lengthOf(itemsOf(many, all.slice(1), new Set()), maxUnlaned)
  })
})
