/** Reads of a turn of the event loop, which share one transaction. */
import { setImmediate } from "node:timers/promises"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Result } from "effect"
import { DatabaseSync } from "node:sqlite"
import { JournalError } from "../../../src/journal/Journal.ts"
import * as Database from "../../../src/journal/sqlite/Database.ts"
import * as SharedReads from "../../../src/journal/sqlite/SharedReads.ts"
import { journalFiles } from "../Journaled.ts"

const newFile = journalFiles()

const attempt = <A>(body: () => A) =>
  Result.try({ try: body, catch: (error) => new JournalError({ message: String(error) }) })

const opened = (file: string) =>
  Effect.acquireRelease(Effect.fromResult(Database.open(file)), (database) => Effect.sync(() => database.close()))

describe("reads of one turn", () => {
  it.effect("share a transaction, which the turn ends", () =>
    Effect.gen(function* () {
      const database = yield* opened(newFile())
      const read = SharedReads.make(database, attempt)
      const exits = [1, 2, 3].map((n) =>
        Effect.runSyncExit(
          read(() => {
            assert.isTrue(database.isTransaction)
            if (n === 2) throw new Error("cannot be read")
            return n
          })
        )
      )
      assert.deepStrictEqual(exits.map(Exit.isSuccess), [true, false, true])
      assert.isTrue(database.isTransaction)
      yield* Effect.promise(() => setImmediate())
      assert.isFalse(database.isTransaction)
    })
  )

  it.effect("end before this process writes to any file", () =>
    Effect.gen(function* () {
      const file = newFile()
      const [one, other] = [yield* opened(file), yield* opened(file)]
      const rows = () => one.prepare("SELECT count(*) AS n FROM run").get()?.["n"]
      yield* SharedReads.make(one, attempt)(rows)
      SharedReads.end()
      Database.transaction(other, () => other.exec("INSERT INTO run VALUES ('r', '', '', 0)"))
      const log = other.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()
      assert.strictEqual(log?.["busy"], 0)
      assert.strictEqual(yield* SharedReads.make(one, attempt)(rows), 1)
    })
  )

  it.effect("keep no lock of a file without a log, where a reader stops every writer", () =>
    Effect.gen(function* () {
      const database = new DatabaseSync(":memory:")
      const read = SharedReads.make(database, attempt)
      assert.isFalse(yield* read(() => database.isTransaction))
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
