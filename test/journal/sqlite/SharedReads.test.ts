/** Reads of a turn of the event loop, which share one transaction. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Result } from "effect"
import { DatabaseSync } from "node:sqlite"
import { JournalError } from "../../../src/journal/Journal.ts"
import { transaction } from "../../../src/journal/sqlite/Database.ts"
import * as SharedReads from "../../../src/journal/sqlite/SharedReads.ts"

const attempt = <A>(body: () => A) =>
  Result.try({ try: body, catch: (error) => new JournalError({ message: String(error) }) })

describe("reads of one turn", () => {
  it.effect("share a transaction, which is over before any of them ends", () =>
    Effect.gen(function* () {
      const database = new DatabaseSync(":memory:")
      const read = SharedReads.make(database, attempt)
      const exits = yield* Effect.forEach(
        [1, 2, 3],
        (n) =>
          Effect.exit(
            Effect.map(
              read(() => {
                assert.isTrue(database.isTransaction)
                if (n === 2) throw new Error("cannot be read")
                return n
              }),
              (n) => transaction(database, () => n)
            )
          ),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(exits.map(Exit.isSuccess), [true, false, true])
    })
  )

  it.effect("fail where there is no database any more", () =>
    Effect.gen(function* () {
      const database = new DatabaseSync(":memory:")
      const read = SharedReads.make(database, attempt)
      database.close()
      assert.isTrue(Exit.isFailure(yield* Effect.exit(read(() => 1))))
    })
  )
})
