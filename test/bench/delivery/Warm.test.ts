/** What Warm saves: cache writes and cost of asks over a shared document, with the cache of the mock. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { compare } from "../../../bench/delivery/Warm.ts"

describe("20 asks over one document of 20,000 tokens", () => {
  it.live("write the cache once and read it 19 times, for at most 15 % of the cost of asking all at once", () =>
    Effect.gen(function* () {
      const { cold, costRatio, warm } = yield* compare({ firstTokenMillis: 100, totalMillis: 300 })
      assert.deepStrictEqual([warm.writes, warm.reads], [1, 19])
      assert.deepStrictEqual([cold.writes, cold.reads], [20, 0])
      assert.isAtMost(costRatio, 0.15)
      assert.isAtLeast(costRatio, 0.1)
    })
  )
})
