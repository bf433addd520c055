/** The first row of a run is written without waiting for the disk: other processes see it, and what follows waits. */
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { open } from "../../../src/journal/OpenJournal.ts"
import * as Database from "../../../src/journal/sqlite/Database.ts"
import { journalFiles } from "../Journaled.ts"

const newFile = journalFiles()

describe("the first transaction of a log", () => {
  it.effect(
    "is there for other processes, and leaves the mode that waits for the disk where it must, also if it fails",
    () =>
      Effect.gen(function* () {
        const file = newFile()
        yield* Effect.scoped(open(file))
        const database = yield* Effect.fromResult(Database.open(file))
        const mode = () => Number(database.prepare("PRAGMA synchronous").get()?.["synchronous"])
        const insert = (id: string) => () => {
          database.prepare("INSERT INTO run VALUES (?, 'plan', '', 1)").run(id)
          if (id === "failed") throw new Error(id)
        }
        assert.throws(() => Database.firstTransaction(database, file, insert("failed")), "failed")
        assert.strictEqual(mode(), normal)
        for (const id of ["first", "second"]) Database.firstTransaction(database, file, insert(id))
        assert.strictEqual(mode(), normal)
        const other = new DatabaseSync(file, { readOnly: true })
        const ids = other.prepare("SELECT id FROM run ORDER BY rowid").all()
        for (const connection of [other, database]) connection.close()
        assert.deepStrictEqual(
          ids.map(({ id }) => id),
          ["first", "second"]
        )
      })
  )
  const normal = 1
})
