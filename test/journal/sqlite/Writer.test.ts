/** Writing to a journal that cannot take any more: what was kept stays, the run goes on, and it is said once. */
import fs, { copyFileSync, readFileSync, renameSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it, vi } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { Ask } from "fanfold"
import { open } from "../../../src/journal/OpenJournal.ts"
import { captured } from "../../Captured.ts"
import { asksOf, make, questionOf, reply } from "../../FakeClaude.ts"
import { journalFiles, run } from "../Journaled.ts"
import { answered, begin, found } from "../Rows.ts"
import { event, flushed, writing } from "./Writing.ts"

const newFile = journalFiles()

const names = Array.from({ length: 8 }, (_, i) => `q${i}`)

describe("a journal without room", () => {
  it.effect("undoes the rows that do not fit, keeps all before, and fails from then on", () =>
    Effect.gen(function* () {
      const file = newFile()
      const { database, writer } = yield* writing(file)
      writer.add("r", answered(0, "before"))
      assert.isUndefined(writer.flush())
      database.exec("PRAGMA max_page_count = 1")
      writer.add("r", [...answered(1, "small"), ...answered(2, "large", "x".repeat(1e6))])
      const failure = writer.flush()
      assert.strictEqual(failure?.message, `the journal ${file} cannot be written: database or disk is full`)
      database.exec("PRAGMA max_page_count = 1000000")
      writer.add("r", answered(3, "after"))
      assert.strictEqual(writer.flush(), failure)
      database.close()
      const journal = yield* open(file)
      const texts = yield* Effect.forEach(["before", "small", "large", "after"], (question) => found(journal, question))
      assert.deepStrictEqual(texts, ["re before", undefined, undefined, undefined])
    })
  )
})

describe("a journal that is removed during the run", () => {
  for (const [how, remove] of [
    ["removed", (file: string) => rmSync(file)],
    ["moved", (file: string) => renameSync(file, `${file}.old`)],
    [
      "replaced",
      (file: string) => {
        rmSync(file)
        new DatabaseSync(file).close()
      }
    ]
  ] as const) {
    it.effect(`is told of once, and the run goes on: ${how}`, () =>
      Effect.gen(function* () {
        const file = newFile()
        const claude = make(({ request }, nth) =>
          Effect.sync(() => {
            if (nth === 3) remove(file)
            return reply(`re ${questionOf(request)}`)
          })
        )
        const said = captured()
        yield* said.capture(run(file, claude, asksOf(...names)))
        assert.lengthOf(claude.sent, names.length + 1)
        assert.deepStrictEqual(said.lines, [
          `Nothing more of this run is kept, as the journal ${file} cannot be written: the file was removed or replaced during the run`
        ])
      })
    )
  }
})

describe("a journal that another process keeps locked", () => {
  it.effect("is waited for, and then told of in a sentence", () =>
    Effect.gen(function* () {
      const file = newFile()
      const { database, writer } = yield* writing(file, 100)
      const other = new DatabaseSync(file)
      other.exec("BEGIN IMMEDIATE")
      writer.add("r", answered(0, "q"))
      const start = performance.now()
      const failure = writer.flush()
      assert.isAtLeast(performance.now() - start, 90)
      for (const connection of [other, database]) connection.close()
      assert.strictEqual(failure?.message, `the journal ${file} cannot be written: another process keeps it locked`)
    })
  )
})

describe("a reply", () => {
  it.effect("is not handed on where SQLite's log, which has it, cannot be brought to the disk", () =>
    Effect.gen(function* () {
      const file = newFile()
      const { database, writer } = yield* writing(file)
      writer.add("r", answered(0, "first"))
      assert.isUndefined(yield* flushed(writer))
      writer.add("r", answered(1, "second"))
      assert.isUndefined(yield* flushed(writer))
      rmSync(`${file}-wal`)
      writer.add("r", answered(2, "third"))
      assert.match((yield* flushed(writer)) ?? "", /^the journal .* cannot be written: ENOENT.*-wal/)
      database.close()
    })
  )

  it.effect(
    "has its file on the disk, which may be as new as the first one: SQLite syncs it when it moves the log there",
    () =>
      Effect.gen(function* () {
        const file = newFile()
        const journal = yield* open(file)
        yield* begin(journal, "r")
        journal.add("r", answered(0, "first"))
        yield* journal.kept
        const withoutLog = newFile()
        copyFileSync(file, withoutLog)
        assert.strictEqual(yield* found(yield* open(withoutLog), "first"), "re first")
      })
  )

  it.effect("waits for the disk together with those that come meanwhile, and each has its turn", () =>
    Effect.gen(function* () {
      const { database, writer } = yield* writing(newFile())
      const ask = (n: number) =>
        Effect.suspend(() => {
          writer.add("r", answered(2 * n, `one ${n}`))
          return Effect.andThen(
            flushed(writer),
            Effect.suspend(() => {
              writer.add("r", answered(2 * n + 1, `other ${n}`))
              return flushed(writer)
            })
          )
        })
      const failures = yield* Effect.forEach([0, 1, 2, 3], ask, { concurrency: 3 })
      assert.deepStrictEqual(failures, [undefined, undefined, undefined, undefined])
      const rows = database.prepare("SELECT n FROM turn ORDER BY n").all()
      database.close()
      assert.deepStrictEqual(
        rows.map(({ n }) => Number(n)),
        [0, 1, 2, 3, 4, 5, 6, 7]
      )
    })
  )

  it.effect("makes nobody wait for the disk who has none", () =>
    Effect.gen(function* () {
      const { database, writer } = yield* writing(newFile())
      writer.add("r", answered(0, "first"))
      assert.isUndefined(yield* flushed(writer))
      const { promise: isSyncing, resolve: onSync } = Promise.withResolvers<() => void>()
      const sync = vi.spyOn(fs, "fdatasync").mockImplementation((_, done) => onSync(() => done(null)))
      const order: Array<string> = []
      writer.add("r", answered(1, "second"))
      writer.whenKept(() => order.push("kept"))
      const endSync = yield* Effect.promise(() => isSyncing)
      writer.add("r", [event])
      writer.whenWritten(() => order.push("written"))
      for (let turn = 0; turn < 10; turn++) yield* Effect.promise(() => new Promise(setImmediate))
      endSync()
      sync.mockRestore()
      database.close()
      assert.deepStrictEqual(order, ["written", "kept"])
    })
  )

  it.effect("is kept in a database that has no log", () =>
    Effect.gen(function* () {
      const file = newFile()
      yield* run(file, make(), { one: Ask.text("one") })
      const other = new DatabaseSync(file)
      other.exec("PRAGMA journal_mode = DELETE")
      other.close()
      yield* run(file, make(), { two: Ask.text("two"), three: Ask.text("three") })
      const claude = make()
      yield* run(
        file,
        claude,
        { one: Ask.text("one"), two: Ask.text("two"), three: Ask.text("three") },
        { reuse: "always" }
      )
      assert.deepStrictEqual(
        claude.sent.map(({ call }) => call.ask),
        ["synthesis"]
      )
      assert.throws(() => statSync(`${file}-wal`))
    })
  )
})

describe("rows that nobody waits for", () => {
  it.effect("are written at once where hundreds have come together, and not kept in memory", () =>
    Effect.gen(function* () {
      const { database, writer } = yield* writing(newFile())
      const written = () => Number(database.prepare("SELECT count(*) AS n FROM entry_end").get()?.["n"])
      for (let n = 0; n < 300; n++) writer.add("r", answered(n, `q${n}`))
      assert.strictEqual(written(), 0)
      for (let n = 300; n < 1000; n++) writer.add("r", answered(n, `q${n}`))
      assert.isAbove(written(), 0)
      assert.isUndefined(writer.flush())
      assert.strictEqual(written(), 1000)
      database.close()
    })
  )
})

describe("closing a journal", () => {
  it.effect("writes what was added last", () =>
    Effect.gen(function* () {
      const file = newFile()
      const scope = yield* Scope.make()
      const journal = yield* Scope.provide(open(file), scope)
      yield* Scope.provide(begin(journal, "r"), scope)
      journal.add("r", answered(0, "q"))
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(yield* found(yield* open(file), "q"), "re q")
      assert.isFalse(readFileSync(file).includes("Nothing"))
    })
  )

  it.effect("leaves one file, which has everything", () =>
    Effect.gen(function* () {
      const file = newFile()
      yield* run(file, make(), { one: Ask.text("one") })
      assert.isAbove(statSync(file).size, 4096)
      assert.throws(() => statSync(join(`${file}-wal`)))
    })
  )
})
