/** The effect of hedging on 50 asks, if 2 % of requests take ten times the latency. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { simulate } from "../../../bench/delivery/Hedge.ts"

describe("hedging", () => {
  it.effect(
    "makes the slowest runs at least 40 % shorter, for at most 6 % more tokens",
    () =>
      Effect.gen(function* () {
        const result = yield* simulate({ seeds: 100 })
        assert.isAtMost(result.hedgedP99Millis, 0.6 * result.p99Millis)
        assert.isAtMost(result.tokenRatio, 1.06)
      }),
    120_000
  )
})
