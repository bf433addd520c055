/** Names of rows: one for each id, however many there are. */
import { assert, describe, it } from "@effect/vitest"
import { RowNames } from "../../../src/plan/rows/RowNames.ts"

describe("names of rows", () => {
  it("are unique among thousands, and an id that was there is found", () => {
    const names = new RowNames()
    const ids = Array.from({ length: 5000 }, (_, index) => `c${index}`)
    assert.deepStrictEqual(
      ids.map((id) => names.next(id)),
      ids
    )
    assert.isTrue(ids.every((id) => names.next(id) === undefined))
  })

  it("get a number where they are taken, also by one that has a number itself", () => {
    const names = new RowNames()
    const ids = ["a_2", "a", "a!", "a?", "a!", "a_3", "!", "é".repeat(70), "e".repeat(64)]
    assert.deepStrictEqual(
      ids.map((id) => names.next(id)),
      ["a_2", "a", "a_3", "a_4", undefined, "a_3_2", "", "e".repeat(64), `${"e".repeat(62)}_2`]
    )
  })
})
