/** One timer for many times, in virtual time: it fires at the soonest, and again at those that are set after that. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { TestClock } from "effect/testing"
import { SharedTimer } from "../../src/scheduling/SharedTimer.ts"
import { counted } from "./CountedClock.ts"

/** A timer, the times it has fired at, and `set` with a time from now; all times are in ms from the start. */
const started = Effect.gen(function* () {
  const startedAt = yield* Clock.currentTimeMillis
  const fired: Array<number> = []
  const timer = new SharedTimer((fiber) => {
    fired.push(fiber.getRef(Clock.Clock).currentTimeMillisUnsafe() - startedAt)
  })
  const set = (millis: number) => Effect.withFiber((fiber) => Effect.sync(() => timer.set(startedAt + millis, fiber)))
  return { fired, set, stop: Effect.sync(() => timer.stop()) }
})

const settled = Effect.repeat(Effect.yieldNow, { times: 10 })

describe("SharedTimer", () => {
  it.effect("fires for a time that is now or past, and can be set again after that", () =>
    Effect.gen(function* () {
      const { fired, set } = yield* started
      yield* TestClock.adjust(500)
      for (const at of [500, 200]) {
        // The sleep of the test clock ends at once.
        yield* set(at)
        yield* settled
      }
      assert.deepStrictEqual(fired, [500, 500])
      yield* set(1500)
      yield* TestClock.adjust(999)
      assert.deepStrictEqual(fired, [500, 500])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(fired, [500, 500, 1500])
    })
  )

  it.effect("does not fire within the call that sets it", () =>
    Effect.gen(function* () {
      const { fired, set } = yield* started
      yield* set(0)
      assert.deepStrictEqual(fired, [])
      yield* settled
      assert.deepStrictEqual(fired, [0])
    })
  )

  it.effect("fires once at the soonest of its times, with one sleep under way, and never once it is stopped", () =>
    Effect.gen(function* () {
      const { fired, set, stop } = yield* started
      const { book, count } = yield* counted
      for (const at of [3000, 1000, 2000, Number.POSITIVE_INFINITY]) yield* count(set(at))
      yield* settled
      assert.strictEqual(book.asleep, 1)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(fired, [1000])
      yield* count(set(4_000_000))
      yield* settled
      assert.strictEqual(book.asleep, 1)
      yield* stop
      yield* settled
      assert.strictEqual(book.asleep, 0)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(fired, [1000])
    })
  )

  it.effect("sleeps once for times that are set and stopped one after another at once", () =>
    Effect.gen(function* () {
      const { fired, set, stop } = yield* started
      const { book, count } = yield* counted
      for (let n = 0; n < 100; n++) {
        yield* count(set(1000))
        if (n === 0) yield* settled
        yield* stop
      }
      yield* settled
      assert.deepStrictEqual(book, { slept: 1, asleep: 0 })
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(fired, [])
    })
  )
})
