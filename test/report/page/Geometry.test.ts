/** Pixels of the timeline. */
import { assert, describe, it } from "@effect/vitest"
import { markText, marksOf, spanOf } from "../../../src/report/page/browser/Geometry.ts"

describe("a bar", () => {
  it("is a pixel wide at least, and never lies outside", () => {
    assert.deepStrictEqual(spanOf(0, 0, 1000, 500), { left: 0, width: 1 })
    assert.deepStrictEqual(spanOf(1000, 0, 1000, 500), { left: 499, width: 1 })
    assert.deepStrictEqual(spanOf(0, 1000, 1000, 500), { left: 0, width: 500 })
    assert.deepStrictEqual(spanOf(0, 0, 0, 500), { left: 0, width: 1 })
  })
})

describe("the ruler", () => {
  it("has marks at round times that do not touch", () => {
    assert.deepStrictEqual(marksOf(14_000, 700, 70), [0, 2000, 4000, 6000, 8000, 10_000, 12_000, 14_000])
    for (const millis of [3, 999, 61_000, 7_200_000, 30 * 86_400_000]) {
      const marks = marksOf(millis, 700, 70)
      assert.isAtMost(marks.length, 11)
      if (marks.length > 1) assert.isAtLeast(((marks[1]! - marks[0]!) / millis) * 700, 70)
    }
  })

  it("has words for them", () => {
    assert.deepStrictEqual([0, 200, 1500, 60_000, 90_000, 5_400_000, 7_200_000].map(markText), [
      "0",
      "200 ms",
      "1.5 s",
      "1 min",
      "1 min 30 s",
      "1 h 30 min",
      "2 h"
    ])
  })
})
