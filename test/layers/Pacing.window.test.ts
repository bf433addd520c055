/** The rate follows from limit, remaining and reset together, whatever the window; contradictory headers are ignored. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { many, run, type Server } from "./Simulation.ts"

type Rewrite = NonNullable<Server["rewrite"]>

/** Runs 200 asks against a bucket, and gives the time as a multiple of the shortest possible. */
const against = Effect.fnUntraced(function* (rate: number, burst: number, server: Omit<Server, "limits">, asks = 200) {
  // In 1970 a reset would count as one that the API does not know.
  yield* TestClock.adjust("1 hour")
  const limits = () => ({ rpm: rate * 60, burstSeconds: burst / rate })
  const result = yield* run({ ...server, limits }, many(asks))
  return { ...result, ratio: result.wallMillis / (((asks + 1 - burst) / rate) * 1000 + 300) }
})

const reset = "anthropic-ratelimit-requests-reset"
const remaining = "anthropic-ratelimit-requests-remaining"
const isoOf = (at: number) => new Date(at).toISOString()

const anHourAhead: Rewrite = (headers, at) => ({
  ...headers,
  [reset]: isoOf(Date.parse(headers[reset]!) + 3_600_000),
  date: new Date(at + 3_600_000).toUTCString()
})

const frozen: Rewrite = (headers) => ({ ...headers, [remaining]: "59", [reset]: isoOf(5 * 3_600_000) })

describe("headers of another window than a minute", () => {
  it.effect("give the rate at which the bucket refills until its reset", () =>
    Effect.gen(function* () {
      for (const headers of ["of the bucket", "of the bucket, to the second"] as const) {
        for (const [rate, burst] of [
          [20, 10],
          [20, 20],
          [5, 20],
          [1, 60]
        ] as const) {
          for (const jitterMillis of [0, 30]) {
            const { ratio, refused } = yield* against(rate, burst, { headers, jitterMillis })
            const cell = `${rate} a second, ${burst} at once, ${headers}, jitter ${jitterMillis} ms`
            assert.isAtMost(ratio, 1.1, cell)
            assert.isAtMost(refused, 4, cell)
          }
        }
      }
    })
  )

  it.effect("are understood where the window is longer than a minute", () =>
    Effect.gen(function* () {
      const { ratio, refused } = yield* against(1 / 10, 20, { headers: "of the bucket, to the second" }, 40)
      assert.isAtMost(ratio, 1.1)
      assert.strictEqual(refused, 0)
    })
  )

  it.effect("are understood where the clocks of server and client differ by an hour", () =>
    Effect.gen(function* () {
      const { ratio, refused } = yield* against(20, 10, { headers: "of the bucket", rewrite: anHourAhead })
      assert.isAtMost(ratio, 1.1)
      assert.strictEqual(refused, 0)
    })
  )
})

describe("a reset that cannot be true", () => {
  const lies: Readonly<Record<string, Rewrite>> = {
    "a fixed date": (headers) => ({ ...headers, [reset]: isoOf(5 * 3_600_000) }),
    "a date in the past": (headers) => ({ ...headers, [reset]: isoOf(1000) }),
    "always a second away": (headers, at) => ({ ...headers, [reset]: isoOf(at + 1000) }),
    "always a minute away": (headers, at) => ({ ...headers, [reset]: isoOf(at + 60_000) }),
    "the end of the minute": (headers, at) => ({ ...headers, [reset]: isoOf(Math.ceil(at / 60_000) * 60_000) })
  }
  for (const [name, rewrite] of Object.entries(lies)) {
    it.effect(`is ignored: ${name}`, () =>
      Effect.gen(function* () {
        for (const [rate, burst, asks] of [
          [20, 10, 200],
          [1, 60, 90]
        ] as const) {
          const { ratio, refused } = yield* against(rate, burst, { rewrite }, asks)
          assert.isAtMost(ratio, 1.1, `${rate} a second`)
          assert.isAtMost(refused, 5, `${rate} a second`)
        }
      })
    )
  }

  it.effect("does no harm where remaining never falls either", () =>
    Effect.gen(function* () {
      const { ratio, refused } = yield* against(1, 60, { rewrite: frozen }, 90)
      assert.isAtMost(ratio, 1.1)
      assert.isAtMost(refused, 5)
    })
  )
})
