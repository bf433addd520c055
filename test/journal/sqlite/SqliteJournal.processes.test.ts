/** The file of a journal and several processes: how they create it, and the locks of their runs beside it. */
import { spawn } from "node:child_process"
import { readdirSync, utimesSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { text } from "node:stream/consumers"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { open } from "../../../src/journal/OpenJournal.ts"
import { begun, contender, killed } from "../Contending.ts"
import { journalFiles } from "../Journaled.ts"
import { answered, begin } from "../Rows.ts"

const newFile = journalFiles()

const locksOf = (file: string) => readdirSync(dirname(file)).filter((name) => name.includes(".lock"))

describe("several processes", () => {
  it.live(
    "create one journal at the same moment",
    () =>
      Effect.gen(function* () {
        const file = newFile()
        const creator = join(import.meta.dirname, "Creator.ts")
        const at = String(Date.now() + 3000)
        const said = yield* Effect.promise(() =>
          Promise.all(
            Array.from({ length: 5 }, () => {
              const child = spawn(process.execPath, ["--conditions=source", creator, file, at])
              return Promise.all([text(child.stdout), text(child.stderr)])
            })
          )
        )
        assert.deepStrictEqual(
          said,
          Array.from({ length: 5 }, () => ["", ""])
        )
        // SQLite leaves its log where two connections close at the same moment.
        const names = readdirSync(dirname(file)).filter((name) => !/-(?:wal|shm)$/.test(name))
        assert.deepStrictEqual(names, ["journal.sqlite"])
      }),
    60_000
  )
})

describe("the lock of a run", () => {
  it.live(
    "is removed by the next run where a killed process has left it, and stays while it is held",
    () =>
      Effect.gen(function* () {
        const file = newFile()
        yield* killed(file)
        assert.deepStrictEqual(locksOf(file), ["journal.sqlite-run-dead.lock"])
        // A process that is about to begin has a lock, and no run yet.
        writeFileSync(`${file}-run-starting.lock`, "")
        // One that was killed before its run began, as while it waited for another one.
        writeFileSync(`${file}-run-waited.lock`, "")
        utimesSync(`${file}-run-waited.lock`, 0, 0)
        const live = yield* contender(file, "live", "hold")
        yield* begun([live])
        const journal = yield* open(file)
        yield* Effect.scoped(begin(journal, "r", { plan: "other.yaml" }))
        assert.deepStrictEqual(locksOf(file), ["journal.sqlite-run-live.lock", "journal.sqlite-run-starting.lock"])
      }),
    60_000
  )

  it.effect("goes with its run", () =>
    Effect.gen(function* () {
      const file = newFile()
      const journal = yield* open(file)
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* begin(journal, "r")
          assert.lengthOf(locksOf(file), 1)
          assert.isTrue((yield* journal.runs)[0]!.isLive)
        })
      )
      assert.lengthOf(locksOf(file), 0)
      assert.isFalse((yield* journal.runs)[0]!.isLive)
      journal.add("r", answered(0, "q"))
      yield* journal.kept
    })
  )
})
