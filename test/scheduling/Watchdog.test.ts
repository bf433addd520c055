import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Watchdog } from "../../src/scheduling/Watchdog.ts"
import { counted } from "./CountedClock.ts"

const late = () => Effect.succeed("late")

describe("Watchdog", () => {
  it.effect("interrupts what has not ended in time, and runs what comes instead when it has gone", () =>
    Effect.gen(function* () {
      const told: Array<string> = []
      const hangs = Effect.onInterrupt(Effect.never, () => Effect.sync(() => told.push("gone")))
      const onLate = () => Effect.sync(() => told.push("late"))
      const fiber = yield* Effect.forkChild(new Watchdog().watch(hangs, () => 1000, onLate))
      yield* TestClock.adjust("999 millis")
      assert.deepStrictEqual(told, [])
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(told, ["gone", "late"])
    })
  )

  it.effect("gives what has ended in time, and the failure too", () =>
    Effect.gen(function* () {
      const watchdog = new Watchdog()
      const watch = <A, E>(effect: Effect.Effect<A, E>) => watchdog.watch(effect, () => 1000, late)
      assert.strictEqual(yield* watch(Effect.succeed("at once")), "at once")
      assert.strictEqual(yield* Effect.flip(watch(Effect.fail("wrong"))), "wrong")
      const fiber = yield* Effect.forkChild(watch(Effect.as(Effect.sleep("999 millis"), "in time")))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* Fiber.join(fiber), "in time")
    })
  )

  it.effect("watches thousands with one timer, and none once they are over", () =>
    Effect.gen(function* () {
      const watchdog = new Watchdog()
      const end = yield* Deferred.make<string>()
      const { book, count } = yield* counted
      const watched = Array.from({ length: 2000 }, (_, n) => watchdog.watch(Deferred.await(end), () => 1000 + n, late))
      const fiber = yield* Effect.forkChild(count(Effect.all(watched, { concurrency: "unbounded" })))
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual(book, { slept: 1, asleep: 1 })
      yield* Deferred.succeed(end, "over")
      assert.strictEqual(new Set(yield* Fiber.join(fiber)).size, 1)
      yield* Effect.promise(() => Promise.resolve())
      assert.deepStrictEqual(book, { slept: 1, asleep: 0 })
    })
  )

  it.effect("ends each of many at its own time", () =>
    Effect.gen(function* () {
      const watchdog = new Watchdog()
      const ended: Array<number> = []
      const one = (endsAt: number) => {
        const onLate = () => Effect.sync(() => void ended.push(endsAt))
        return watchdog.watch(Effect.never, () => endsAt, onLate)
      }
      yield* Effect.forkChild(Effect.forEach([300, 100, 200], one, { concurrency: "unbounded" }))
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual(ended, [100])
      yield* TestClock.adjust("150 millis")
      assert.deepStrictEqual(ended, [100, 200])
      yield* TestClock.adjust("50 millis")
      assert.deepStrictEqual(ended, [100, 200, 300])
    })
  )

  it.effect("follows an end that moves: later by itself, sooner when woken", () =>
    Effect.gen(function* () {
      const watchdog = new Watchdog()
      const state = { endsAt: 1000 }
      const fiber = yield* Effect.forkChild(watchdog.watch(Effect.never, () => state.endsAt, late))
      yield* TestClock.adjust("500 millis")
      state.endsAt = 3000
      yield* TestClock.adjust("1 second")
      assert.isUndefined(fiber.pollUnsafe())
      state.endsAt = 2000
      yield* Effect.withFiber((fiber) => Effect.sync(() => watchdog.wake(state.endsAt, fiber)))
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(yield* Fiber.join(fiber), "late")
    })
  )

  it.effect("lets an interruption wait until the effect has put its things away", () =>
    Effect.gen(function* () {
      const told: Array<string> = []
      const putAway = Effect.andThen(Effect.sleep("1 second"), () => Effect.sync(() => told.push("put away")))
      const hangs = Effect.onInterrupt(Effect.never, () => putAway)
      const watched = new Watchdog().watch(hangs, () => Number.POSITIVE_INFINITY, late)
      const fiber = yield* Effect.forkChild(
        Effect.ensuring(
          watched,
          Effect.sync(() => told.push("over"))
        )
      )
      yield* TestClock.adjust("1 millis")
      yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* TestClock.adjust("1 hour")
      yield* Fiber.await(fiber)
      assert.deepStrictEqual(told, ["put away", "over"])
    })
  )
})
