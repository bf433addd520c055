/** Two processes on one account, each with a Pacing of its own, against one limit in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { many, runTogether, type Server } from "./Simulation.ts"

const seeds = ["1", "2", "3", "4", "5", "6"]

const mean = (values: ReadonlyArray<number>) => values.reduce((sum, value) => sum + value, 0) / values.length

/** Lets two processes ask so many questions each, with several seeds, and gives the means and the worst. */
const share = Effect.fnUntraced(function* (
  rate: number,
  burst: number,
  asks: number,
  headers: Server["headers"],
  offsetMillis = 0
) {
  yield* TestClock.adjust("1 hour")
  const limits = () => ({ rpm: rate * 60, burstSeconds: burst / rate })
  const idealMillis = ((2 * asks + 1 - burst) / rate) * 1000 + 300
  const runs = yield* Effect.forEach(seeds, (seed) =>
    runTogether({ limits, headers: headers!, jitterMillis: 20 }, [many(asks), many(asks)], {}, seed, offsetMillis)
  )
  const ratios = runs.map(({ wallsMillis }) => Math.max(...wallsMillis) / idealMillis)
  return {
    ratio: mean(ratios),
    worst: Math.max(...ratios),
    rejectedShare: mean(runs.map(({ refused }) => refused)) / (2 * asks)
  }
})

describe("two processes on one account", () => {
  it.effect("share a limit of a minute, as the API has it, almost without a rejection", () =>
    Effect.gen(function* () {
      for (const [rate, asks] of [
        [1, 60],
        [5, 250]
      ] as const) {
        const { rejectedShare, worst } = yield* share(rate, 60 * rate, asks, "true")
        assert.isAtMost(worst, 1.05, `${rate} a second`)
        assert.isAtMost(rejectedShare, 0.02, `${rate} a second`)
      }
    })
  )

  it.effect("share a small bucket, of which their first calls alone take more than there is", () =>
    Effect.gen(function* () {
      for (const [headers, maxRatio, maxRejected] of [
        ["true", 1.13, 0.05],
        ["of the bucket", 1.15, 0.08],
        ["none", 1.4, 0.07]
      ] as const) {
        const { ratio, rejectedShare, worst } = yield* share(20, 10, 100, headers)
        assert.isAtMost(ratio, maxRatio, headers)
        assert.isAtMost(worst, headers === "none" ? 1.5 : 1.2, headers)
        assert.isAtMost(rejectedShare, maxRejected, headers)
      }
    })
  )

  for (const headers of ["true", "of the bucket"] as const) {
    it.effect(`share it as well where one of them starts a little later, by headers that are ${headers}`, () =>
      Effect.gen(function* () {
        for (const offsetMillis of [20, 40, 100, 300, 1000]) {
          const { ratio, rejectedShare, worst } = yield* share(20, 10, 100, headers, offsetMillis)
          const cell = `${offsetMillis} ms later`
          assert.isAtMost(ratio, 1.15, cell)
          assert.isAtMost(worst, 1.25, cell)
          assert.isAtMost(rejectedShare, 0.07, cell)
        }
      })
    )
  }
})
