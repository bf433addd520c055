/** When SQLite's log of a journal is brought to the disk, and into the file. */
import fs, { copyFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it, vi } from "@effect/vitest"
import { Effect } from "effect"
import type { Writer } from "../../../src/journal/sqlite/Writer.ts"
import { journalFiles } from "../Journaled.ts"
import { answered } from "../Rows.ts"
import { event, flushed, writing } from "./Writing.ts"

const newFile = journalFiles()

/** How many rows of a table the file itself has, without its log. */
const inFile = (file: string, table: string): number => {
  const copy = newFile()
  copyFileSync(file, copy)
  const database = new DatabaseSync(copy)
  const n = Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"])
  database.close()
  return n
}

/** Writes an answer, and tells whether the process went on while the disk was waited for. */
const isAsynchronous = (writer: Writer, n: number) =>
  Effect.gen(function* () {
    const sync = vi.spyOn(fs, "fdatasync")
    writer.add("r", answered(n, `q${n}`))
    assert.isUndefined(yield* flushed(writer))
    const { length } = sync.mock.calls
    sync.mockRestore()
    return length === 1
  })

describe("the log of a journal", () => {
  it.live(
    "and its folder are brought to the disk before the first reply, if there is time, which then needs not to",
    () =>
      Effect.gen(function* () {
        const file = newFile()
        const { database, writer } = yield* writing(file)
        writer.add("r", [event])
        assert.isUndefined(writer.flush())
        while (inFile(file, "event") === 0) yield* Effect.sleep("1 millis")
        assert.isTrue(yield* isAsynchronous(writer, 0))
        database.close()
      })
  )

  it.effect(
    "is waited for by SQLite with each reply until all of it was brought into the file, which a reader may keep from",
    () =>
      Effect.gen(function* () {
        const file = newFile()
        const { database, writer } = yield* writing(file)
        const reader = new DatabaseSync(file, { readOnly: true })
        reader.exec("BEGIN; SELECT * FROM run")
        const during = [yield* isAsynchronous(writer, 0), yield* isAsynchronous(writer, 1)]
        reader.close()
        const after = [yield* isAsynchronous(writer, 2), yield* isAsynchronous(writer, 3)]
        database.close()
        assert.deepStrictEqual(
          [during, after],
          [
            [false, false],
            [false, true]
          ]
        )
      })
  )

  it.live(
    "is brought into the file where it is long and nothing is written for a while, so that closing it is quick",
    () =>
      Effect.gen(function* () {
        const file = newFile()
        const { database, writer } = yield* writing(file)
        for (let n = 0; n < 1500; n++) writer.add("r", answered(n, `q${n}`))
        assert.isUndefined(yield* flushed(writer))
        while (inFile(file, "turn") < 1500) yield* Effect.sleep("1 millis")
        database.close()
      })
  )
})
