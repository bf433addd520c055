/** How a worker ends whose database is gone, in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Queue } from "fanfold"
import { JournalError } from "../../../src/journal/JournalError.ts"
import * as MemoryJournal from "../../journal/MemoryJournal.ts"

describe("a worker whose database is gone", () => {
  it.effect("ends with the reason, though its places wait for asks without an end", () =>
    Effect.gen(function* () {
      const journal = MemoryJournal.open(yield* MemoryJournal.database)
      const gone = yield* Deferred.make<never, JournalError>()
      const shared = { ...journal.shared, watch: Deferred.await(gone) }
      const working = yield* Effect.forkChild(
        Queue.work({ journal, shared, source: "fake", places: 2, senderOf: () => Effect.never })
      )
      for (let n = 0; n < 20; n++) {
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
        yield* TestClock.adjust("1 second")
      }
      assert.isUndefined(working.pollUnsafe())
      yield* Deferred.fail(gone, new JournalError({ message: "it is gone" }))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Effect.flip(Fiber.join(working))).message, "it is gone")
    })
  )
})
