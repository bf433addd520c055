/** How the rows of a journal are written: in few transactions, in their order, and when they are waited for. */
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Row } from "../../src/journal/Journal.ts"
import { make } from "../../src/journal/sqlite/SqliteJournal.ts"

const newFile = () => join(mkdtempSync(join(tmpdir(), "fanfold-journal-")), "journal.sqlite")

const event = (ask: string): Row => ({
  _tag: "Event",
  event: { _tag: "Started", version: 1, at: 1, run: "r", ask, part: "ask", question: "Why?" }
})

/** What another process reads of the events. */
const seen = (file: string): ReadonlyArray<unknown> => {
  const database = new DatabaseSync(file, { readOnly: true })
  const rows = database.prepare("SELECT n, event ->> 'ask' AS ask FROM event ORDER BY run, n").all()
  database.close()
  return rows.map(({ ask, n }) => `${Number(n)} ${String(ask)}`)
}

describe("the rows of a journal", () => {
  it.effect("are one transaction where several fibers wait for theirs", () =>
    Effect.gen(function* () {
      const file = newFile()
      const journal = yield* make(file)
      const other = new DatabaseSync(file)
      const version = () => Number(other.prepare("PRAGMA data_version").get()!["data_version"])
      const writes = new Set<number>()
      const ask = (name: string) =>
        Effect.suspend(() => {
          journal.add("r", [event(name)])
          return Effect.tap(journal.kept, () => Effect.sync(() => writes.add(version())))
        })
      yield* ask("a")
      writes.clear()
      yield* Effect.forEach(["b", "c", "d"], ask, { concurrency: "unbounded" })
      other.close()
      assert.strictEqual(writes.size, 1)
      assert.deepStrictEqual(seen(file), ["0 a", "1 b", "2 c", "3 d"])
    })
  )

  it.effect("are written at once where they are the first that anybody waits for", () =>
    Effect.gen(function* () {
      const file = newFile()
      const journal = yield* make(file)
      journal.add("r", [event("a")])
      Effect.runFork(journal.kept)
      journal.add("r", [event("b")])
      assert.deepStrictEqual(seen(file), ["0 a"])
    })
  )

  it.effect("are written when the journal is closed, though nobody waited for them, and are numbered on", () =>
    Effect.gen(function* () {
      const file = newFile()
      for (const name of ["a", "b"]) {
        yield* Effect.scoped(Effect.map(make(file), (journal) => journal.add("r", [event(name)])))
      }
      assert.deepStrictEqual(seen(file), ["0 a", "1 b"])
    })
  )

  it.live("are written soon, though nobody waits for them", () =>
    Effect.gen(function* () {
      const file = newFile()
      const journal = yield* make(file)
      journal.add("r", [event("a")])
      while (seen(file).length === 0) yield* Effect.sleep("1 millis")
    })
  )
})
