/** Files that are no journal, or not any more: none is changed, and each has a sentence that names it. */
import { execFileSync } from "node:child_process"
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  chmodSync,
  existsSync,
  readdirSync
} from "node:fs"
import { dirname, join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { open, openToRead } from "../../../src/journal/OpenJournal.ts"
import { journalFiles } from "../Journaled.ts"
import { answered, begin, found } from "../Rows.ts"

const newFile = journalFiles()

/** A journal of 50 answers that was closed, so that all of it is in one file. */
const written = Effect.gen(function* () {
  const file = newFile()
  yield* Effect.scoped(
    Effect.gen(function* () {
      const journal = yield* open(file)
      const run = yield* begin(journal, "r")
      for (let i = 0; i < 50; i++) journal.add("r", answered(i, `q${i}`, "word ".repeat(200)))
      yield* journal.end(run, 2)
    })
  )
  return file
})

/** Why a file cannot be opened, to be written and to be read. */
const refusals = (file: string) =>
  Effect.gen(function* () {
    const toWrite = yield* Effect.flip(Effect.scoped(open(file)))
    const toRead = yield* Effect.flip(Effect.scoped(openToRead(file)))
    return [toWrite.message, toRead.message]
  })

const sql = (file: string, text: string) => {
  const database = new DatabaseSync(file)
  database.exec(text)
  database.close()
}

/** Files that are not journals, by what is said of them. */
const foreign: ReadonlyArray<readonly [what: string, says: RegExp, make: (file: string) => void]> = [
  ["a text", /not a database/, (file) => writeFileSync(file, "Dear diary,\n".repeat(1000))],
  [
    "another application's database",
    /of something else/,
    (file) => sql(file, "CREATE TABLE t (a); INSERT INTO t VALUES (1)")
  ],
  [
    "another application's database without tables",
    /of something else/,
    (file) => sql(file, "PRAGMA application_id = 7; PRAGMA user_version = 3")
  ]
]

describe("a file that is not a journal", () => {
  for (const [what, says, make] of foreign) {
    it.effect(`is refused and stays as it is: ${what}`, () =>
      Effect.gen(function* () {
        const file = newFile()
        make(file)
        const before = readFileSync(file)
        for (const message of yield* refusals(file)) {
          assert.match(message, says)
          assert.include(message, file)
        }
        assert.deepStrictEqual(readFileSync(file), before)
        assert.deepStrictEqual(readdirSync(dirname(file)), ["journal.sqlite"])
      })
    )
  }

  it.effect("is refused where it is a folder, a link or a FIFO, without waiting for the latter", () =>
    Effect.gen(function* () {
      const folder = newFile()
      mkdirSync(folder)
      const target = yield* written
      const before = readFileSync(target)
      const link = newFile()
      symlinkSync(target, link)
      const dangling = newFile()
      symlinkSync(join(dirname(dangling), "nowhere"), dangling)
      const fifo = newFile()
      execFileSync("mkfifo", [fifo])
      for (const [file, says] of [
        [folder, /it is a folder/],
        [link, /symbolic link/],
        [dangling, /symbolic link/],
        [fifo, /it is not a file/]
      ] as const) {
        for (const message of yield* refusals(file)) assert.match(message, says)
      }
      assert.deepStrictEqual(readFileSync(target), before)
      assert.isFalse(existsSync(join(dirname(dangling), "nowhere")))
    })
  )

  it.effect("is named where its folder cannot be made", () =>
    Effect.gen(function* () {
      const under = newFile()
      writeFileSync(under, "")
      const file = join(under, "folder", "journal.sqlite")
      const error = yield* Effect.flip(Effect.scoped(open(file)))
      assert.include(error.message, file)
      const kernel = yield* Effect.flip(Effect.scoped(open("/proc/journal.sqlite")))
      assert.include(kernel.message, "/proc/journal.sqlite")
    })
  )

  it.effect("becomes one where it is empty", () =>
    Effect.gen(function* () {
      const file = newFile()
      writeFileSync(file, "")
      const journal = yield* open(file)
      yield* begin(journal, "r")
      journal.add("r", answered(0, "q"))
      yield* journal.kept
      assert.strictEqual(yield* found(journal, "q"), "re q")
    })
  )
})

describe("a journal of another version", () => {
  it.effect("is refused with both versions, and stays as it is", () =>
    Effect.gen(function* () {
      const file = yield* written
      sql(file, "PRAGMA user_version = 2")
      const before = readFileSync(file)
      for (const message of yield* refusals(file)) assert.match(message, /another version of fanfold \(2, not 1\)/)
      assert.deepStrictEqual(readFileSync(file), before)
    })
  )
})

describe("a damaged journal", () => {
  it.effect("is refused where its header is wrong, and stays as it is", () =>
    Effect.gen(function* () {
      const file = yield* written
      const bytes = readFileSync(file)
      bytes.fill(0x5a, 0, 100)
      writeFileSync(file, bytes)
      for (const message of yield* refusals(file)) assert.match(message, /not a database/)
      assert.deepStrictEqual(readFileSync(file), bytes)
    })
  )

  it.effect("has told which files to move away, so that the next run begins a new one", () =>
    Effect.gen(function* () {
      const garbage = readFileSync(yield* written).fill(0xa5, 4096)
      for (const bytes of [garbage, "Dear diary,\n".repeat(1000), "Dear diary"]) {
        const file = newFile()
        writeFileSync(file, bytes)
        if (bytes === "Dear diary") writeFileSync(`${file}-wal`, "")
        const begun = Effect.scoped(Effect.flatMap(open(file), (journal) => begin(journal, "s")))
        const { message } = yield* Effect.flip(begun)
        const [, paths = ""] = message.split("and the next run begins a new one: ")
        const named = paths.split(", ")
        assert.strictEqual(named[0], file, message)
        if (bytes === "Dear diary") assert.include(named, `${file}-wal`)
        // The log of a journal that was open goes when it is closed.
        for (const path of named.filter((each) => existsSync(each))) renameSync(path, `${path}.away`)
        yield* begun
      }
    })
  )

  it.effect("is not written to where it is cut", () =>
    Effect.gen(function* () {
      const whole = yield* written
      const { size } = statSync(whole)
      for (const length of [1, 99, 100, 512, 4095, 4096, 5000, size >> 1, size - 4096]) {
        const file = newFile()
        copyFileSync(whole, file)
        truncateSync(file, length)
        const before = readFileSync(file)
        const error = yield* Effect.flip(Effect.scoped(Effect.flatMap(open(file), (journal) => begin(journal, "s"))))
        assert.match(error.message, /not a database|malformed/, `${length} bytes`)
        assert.include(error.message, file)
        assert.deepStrictEqual(readFileSync(file), before, `${length} bytes`)
      }
    })
  )

  it.effect("fails where garbage is met, and keeps what is elsewhere", () =>
    Effect.gen(function* () {
      const whole = yield* written
      const { size } = statSync(whole)
      for (let at = 4096; at < size; at += 4096) {
        const bytes = readFileSync(whole)
        bytes.fill(0xa5, at, at + 4096)
        const file = newFile()
        writeFileSync(file, bytes)
        const tried = Effect.gen(function* () {
          const journal = yield* open(file)
          const answers = yield* Effect.forEach(
            Array.from({ length: 50 }, (_, i) => `q${i}`),
            (q) => found(journal, q)
          )
          yield* begin(journal, "s")
          return answers
        })
        const answers = yield* Effect.catch(Effect.scoped(tried), ({ message }) => {
          assert.include(message, file)
          return Effect.succeed([])
        })
        for (const answer of answers) assert.include([undefined, "word ".repeat(200)], answer)
        assert.isAtLeast(statSync(file).size, size)
      }
    })
  )
})

const modeOf = (file: string) => statSync(file).mode & 0o777

describe("the mode of a journal", () => {
  it.effect("is that of its owner alone, with all that lies beside it", () =>
    Effect.gen(function* () {
      const file = newFile()
      const journal = yield* open(file)
      yield* begin(journal, "r")
      journal.add("r", answered(0, "q"))
      yield* journal.kept
      const names = readdirSync(dirname(file)).toSorted()
      assert.deepStrictEqual(names, [
        "journal.sqlite",
        "journal.sqlite-run-r.lock",
        "journal.sqlite-shm",
        "journal.sqlite-wal"
      ])
      for (const name of names) assert.strictEqual(modeOf(join(dirname(file), name)), 0o600, name)
    })
  )

  it.effect("is restored, also of what a killed process has left beside it", () =>
    Effect.gen(function* () {
      const file = newFile()
      yield* Effect.scoped(
        Effect.gen(function* () {
          const journal = yield* open(file)
          yield* begin(journal, "r")
          for (const name of readdirSync(dirname(file))) chmodSync(join(dirname(file), name), 0o644)
          yield* Effect.scoped(open(file))
          assert.strictEqual(modeOf(`${file}-wal`), 0o600)
          assert.strictEqual(modeOf(`${file}-shm`), 0o600)
        })
      )
      assert.strictEqual(modeOf(file), 0o600)
    })
  )
})

describe("opening to read", () => {
  it.effect("creates nothing where there is none", () =>
    Effect.gen(function* () {
      const file = newFile()
      assert.isUndefined(yield* Effect.scoped(openToRead(file)))
      assert.deepStrictEqual(readdirSync(dirname(file)), [])
    })
  )

  it.effect("finds no journal in an empty file, which a run would make one", () =>
    Effect.gen(function* () {
      const file = newFile()
      writeFileSync(file, "")
      assert.isUndefined(yield* Effect.scoped(openToRead(file)))
    })
  )

  it.effect("needs no more than to read it, also where SQLite cannot create its files beside it", () =>
    Effect.gen(function* () {
      const file = yield* written
      for (const path of [file, dirname(file), dirname(dirname(file))]) chmodSync(path, 0o555)
      const script = join(import.meta.dirname, "Unprivileged.ts")
      const said = execFileSync(process.execPath, ["--conditions=source", script, file], { encoding: "utf8" })
      chmodSync(dirname(file), 0o755)
      const [toWrite, toRead] = JSON.parse(said)
      assert.match(toWrite, /cannot be used: (file and folder must be writable|EPERM)/)
      assert.deepStrictEqual(toRead, [{ id: "r" }])
    })
  )
})
