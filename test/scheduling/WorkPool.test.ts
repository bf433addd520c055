/** A pool of effects whose number at once can be raised, and to which more can be added. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { WorkPool } from "../../src/scheduling/WorkPool.ts"

/** Effects of a second each, the book of which have begun and ended, and how many were under way at most. */
const work = () => {
  const book = { begun: [] as Array<number>, ended: [] as Array<number>, peak: 0, interrupted: 0 }
  const one = (n: number, millis = 1000) =>
    Effect.suspend(() => {
      book.begun.push(n)
      book.peak = Math.max(book.peak, book.begun.length - book.ended.length)
      return Effect.andThen(
        Effect.sleep(millis),
        Effect.sync(() => void book.ended.push(n))
      )
    }).pipe(Effect.onInterrupt(() => Effect.sync(() => void book.interrupted++)))
  return { book, one }
}

describe("a pool", () => {
  it.effect("runs all in their order, so many at once", () =>
    Effect.gen(function* () {
      const { book, one } = work()
      const fiber = yield* Effect.forkChild(
        new WorkPool(
          [0, 1, 2, 3, 4].map((n) => one(n)),
          2
        ).run
      )
      yield* TestClock.adjust("2500 millis")
      assert.deepStrictEqual(book.begun, [0, 1, 2, 3, 4])
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual([book.peak, book.ended.length], [2, 5])
    })
  )

  it.effect("runs all at once without a limit, and ends at once where there is nothing", () =>
    Effect.gen(function* () {
      const { book, one } = work()
      const pool = new WorkPool(
        Array.from({ length: 1000 }, (_, n) => one(n)),
        Number.POSITIVE_INFINITY
      )
      const fiber = yield* Effect.forkChild(pool.run)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.strictEqual(book.peak, 1000)
      yield* new WorkPool([], 1).run
    })
  )

  it.effect("starts what is added, and more at once when the limit is raised; a lower one changes nothing", () =>
    Effect.gen(function* () {
      const { book, one } = work()
      const pool = new WorkPool([one(0), one(1), one(2)], 1)
      const fiber = yield* Effect.forkChild(pool.run)
      yield* TestClock.adjust(500)
      pool.raise(2)
      pool.raise(1)
      pool.add(one(3))
      yield* TestClock.adjust(1)
      assert.deepStrictEqual([pool.limit, book.begun], [2, [0, 1]])
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(book.ended, [0, 1, 2, 3])
      pool.add(one(4))
      assert.strictEqual(book.begun.length, 4)
    })
  )

  it.effect("fails with the first failure, and interrupts the others", () =>
    Effect.gen(function* () {
      const { book, one } = work()
      const pool = new WorkPool([one(0, 5000), Effect.delay(Effect.fail("no"), 1000), one(2)], 2)
      const fiber = yield* Effect.forkChild(pool.run)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.await(fiber), Exit.fail("no"))
      assert.deepStrictEqual([book.begun, book.interrupted], [[0], 1])
    })
  )

  it.effect("interrupts all where it is interrupted", () =>
    Effect.gen(function* () {
      const { book, one } = work()
      const fiber = yield* Effect.forkChild(new WorkPool([one(0), one(1), one(2)], 2).run)
      yield* TestClock.adjust(500)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual([book.begun, book.interrupted], [[0, 1], 2])
    })
  )
})
