/** Where no header tells of a limit, in virtual time: how near a run comes to it, and how often it is refused. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Pacing } from "fanfold"
import { make, reply, request, send } from "../FakeClaude.ts"
import { many, run } from "./Simulation.ts"

const fork = (name: string, n: number) =>
  Effect.forkChild(
    Effect.all(
      Array.from({ length: n }, () => send(request(name))),
      { concurrency: "unbounded" }
    )
  )

/** The least time of 200 asks that no more than `rate` a second are let in of, and `burst` at once. */
const idealOf = (rate: number, burst: number, replyMillis: number) => ((200 + 1 - burst) / rate) * 1000 + replyMillis

const against = (rate: number, burst: number, replyMillis: number, jitterMillis = 0) => {
  const limits = () => ({ rpm: rate * 60, burstSeconds: burst / rate })
  return Effect.map(run({ limits, headers: "none", replyMillis, jitterMillis }, many(200)), (result) => ({
    ...result,
    ratio: result.wallMillis / idealOf(rate, burst, replyMillis)
  }))
}

describe("a run that is told nothing, not even by headers", () => {
  it.effect("meets a limit of twenty a second with few rejections, and then keeps just within it", () =>
    Effect.gen(function* () {
      const { ratio, refused, sent } = yield* against(20, 10, 300)
      assert.isAtMost(ratio, 1.1)
      assert.isAtMost(refused, 8)
      assert.isAtMost(sent, 208)
    })
  )

  it.effect("meets it as well whatever the latency, and where requests overtake each other", () =>
    Effect.gen(function* () {
      for (const replyMillis of [100, 200, 300, 400, 600, 1000, 2000]) {
        for (const jitterMillis of [0, 10, 40]) {
          const { ratio, refused } = yield* against(20, 10, replyMillis, jitterMillis)
          const cell = `replies after ${replyMillis} ms, jitter ${jitterMillis} ms`
          assert.isAtMost(ratio, 1.2, cell)
          assert.isAtMost(refused, 20, cell)
        }
      }
    })
  )

  it.effect("finds a limit of up to twenty a second wherever it lies", () =>
    Effect.gen(function* () {
      for (const rate of [2, 10, 20]) {
        for (const burst of [4, 15, 30]) {
          for (const replyMillis of [100, 1000]) {
            const { ratio, refused } = yield* against(rate, burst, replyMillis)
            const cell = `${rate} a second, ${burst} at once, ${replyMillis} ms`
            assert.isAtMost(ratio, 1.35, cell)
            assert.isAtMost(refused, 30, cell)
          }
        }
      }
    })
  )

  it.effect("takes little more than twice the time where so little passes that each rest of a second is dear", () =>
    Effect.gen(function* () {
      for (const [rate, burst] of [
        [20, 1],
        [40, 4],
        [60, 2],
        [60, 8],
        [60, 30]
      ] as const) {
        for (const replyMillis of [100, 300, 1000]) {
          const { ratio, refused } = yield* against(rate, burst, replyMillis)
          assert.isAtMost(ratio, 2.5, `${rate} a second, ${burst} at once, ${replyMillis} ms`)
          assert.isAtMost(refused, 30)
        }
      }
    })
  )

  it.effect("causes no herd where too sharp a ramp is refused", () =>
    Effect.gen(function* () {
      const limits = { acceleration: { factor: 2, floor: 50 } }
      const { refused, sent } = yield* run({ limits: () => limits, headers: "none" }, many(200))
      // A tenth of the asks: the calls of one rejection's latency, at the pace of the slow start.
      assert.isAtMost(refused, 20)
      assert.isAtMost(sent, 220)
    })
  )

  it.effect("doubles its calls within a quarter of a latency where there is no limit", () =>
    Effect.gen(function* () {
      for (const [asks, replyMillis, maxMillis] of [
        [100, 300, 750],
        [300, 100, 550],
        [300, 300, 850],
        [300, 2000, 3700],
        [1000, 300, 1000]
      ] as const) {
        const { wallMillis } = yield* run({ headers: "none", replyMillis }, many(asks))
        assert.isAtMost(wallMillis, maxMillis, `${asks} asks of ${replyMillis} ms`)
      }
    })
  )

  it.effect("takes no time of a small run", () =>
    Effect.gen(function* () {
      for (const n of [3, 8, 10]) {
        const { wallMillis } = yield* run({ headers: "none" }, many(n))
        assert.strictEqual(wallMillis, 300)
      }
    })
  )

  it.effect("gives the place of a waiter that is interrupted to the next", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.delay(Effect.succeed(reply("yes")), 300))
      yield* Effect.gen(function* () {
        const first = yield* fork("first", 8)
        const waiting = yield* fork("waiting", 100)
        yield* TestClock.adjust(200)
        yield* Fiber.interrupt(first)
        yield* TestClock.adjust(0)
        assert.strictEqual(claude.inFlight, 8)
        yield* Fiber.interrupt(waiting)
        const last = yield* fork("last", 8)
        yield* TestClock.adjust(0)
        assert.strictEqual(claude.inFlight, 8)
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(last)
      }).pipe(Effect.provide(Pacing.layer().pipe(Layer.provide(claude.layer))))
    })
  )
})
