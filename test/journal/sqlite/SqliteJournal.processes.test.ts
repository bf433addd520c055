/** One journal and several processes: nothing is lost, and no unfinished run is gone on with twice. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync, utimesSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { createInterface } from "node:readline"
import { text } from "node:stream/consumers"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { open } from "../../../src/journal/OpenJournal.ts"
import { journalFiles } from "../Journaled.ts"
import { answered, begin, found } from "../Rows.ts"

const newFile = journalFiles()
const script = join(import.meta.dirname, "Contender.ts")

/** A process that is about to open the journal. */
const contender = (file: string, id: string, task = "", isAlone = false) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const args = ["--conditions=source", script, file, id, task, isAlone ? "alone" : ""]
      const child: ChildProcess = spawn(process.execPath, args)
      const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
      const stderr = text(child.stderr!)
      const closed = once(child, "close")
      const line = async (): Promise<unknown> => {
        const { done, value } = await lines.next()
        if (done) throw new Error(`the process ended: ${await stderr}`)
        return JSON.parse(value)
      }
      await line()
      const go = () => void child.stdin!.write("\n")
      const kill = async () => {
        child.kill("SIGKILL")
        await closed
      }
      return { line, go, kill, closed, stderr }
    }),
    ({ kill }) => Effect.promise(kill)
  )

type Contender = Effect.Success<ReturnType<typeof contender>>

/** What both say of their begin, which they make at the same moment. */
const begun = (contenders: ReadonlyArray<Contender>) =>
  Effect.promise(() => {
    for (const { go } of contenders) go()
    return Promise.all(contenders.map(({ line }) => line()))
  })

/** A run with one answer that a killed process has left. */
const killed = (file: string, id = "dead") =>
  Effect.scoped(
    Effect.gen(function* () {
      const dead = yield* contender(file, id, "hold")
      yield* begun([dead])
      yield* Effect.promise(dead.kill)
    })
  )

const isResuming = (line: unknown) => JSON.stringify(line) === `{"resumed":["dead"]}`

const locksOf = (file: string) => readdirSync(dirname(file)).filter((name) => name.includes(".lock"))

describe("two processes", () => {
  it.live(
    "keep 500 asks each in a new journal, and lose none",
    () =>
      Effect.gen(function* () {
        const file = newFile()
        const both = yield* Effect.all([contender(file, "a", "write"), contender(file, "b", "write")], {
          concurrency: 2
        })
        yield* begun(both)
        const ends = yield* Effect.promise(() => Promise.all(both.map(({ line }) => line())))
        assert.deepStrictEqual(ends, ["written", "written"])
        yield* Effect.promise(() => Promise.all(both.map(({ closed }) => closed)))
        for (const { stderr } of both) assert.strictEqual(yield* Effect.promise(() => stderr), "")
        const journal = yield* open(file)
        const runs = yield* journal.runs
        assert.sameDeepMembers(
          runs.map(({ answered, end, id }) => [id, answered, end]),
          [
            ["a", 500, "ended"],
            ["b", 500, "ended"]
          ]
        )
        for (let i = 0; i < 500; i++) {
          for (const id of ["a", "b"]) assert.strictEqual(yield* found(journal, `${id} ${i}`), `re ${id} ${i}`)
        }
      }),
    60_000
  )

  it.live(
    "never go on with the same unfinished run",
    () =>
      Effect.gen(function* () {
        for (const isAlone of [false, true]) {
          const file = newFile()
          yield* Effect.scoped(Effect.flatMap(open(file), (journal) => begin(journal, "dead")))
          const both = yield* Effect.all(
            ["a", "b"].map((id) => contender(file, id, "hold", isAlone)),
            { concurrency: 2 }
          )
          const said = yield* begun(both)
          assert.lengthOf(said.filter(isResuming), 1, JSON.stringify(said))
          const other = said.find((line) => !isResuming(line))
          assert.match(JSON.stringify(other), isAlone ? /^\{"waitsFor":"[ab]"\}$/ : /^\{"resumed":\[\]\}$/)
        }
      }),
    60_000
  )

  it.live(
    "never go on with a run that is alive, and with all that are dead once it is killed",
    () =>
      Effect.gen(function* () {
        const file = newFile()
        yield* killed(file)
        const live = yield* contender(file, "live", "hold")
        assert.deepStrictEqual(yield* begun([live]), [{ resumed: ["dead"] }])
        const journal = yield* open(file)
        assert.deepStrictEqual((yield* Effect.scoped(begin(journal, "while alive"))).resumed, [])
        yield* Effect.promise(live.kill)
        assert.deepStrictEqual(yield* journal.unfinished("plan.yaml", ""), ["while alive", "live", "dead"])
        assert.deepStrictEqual((yield* begin(journal, "after")).resumed, ["while alive", "live", "dead"])
      }),
    60_000
  )

  it.live(
    "wait for each other only where they are to be alone",
    () =>
      Effect.gen(function* () {
        const file = newFile()
        const live = yield* contender(file, "live", "hold")
        yield* begun([live])
        const second = yield* contender(file, "second", "hold", true)
        assert.deepStrictEqual(yield* begun([second]), [{ waitsFor: "live" }])
        const third = yield* contender(file, "third", "hold", false)
        assert.deepStrictEqual(yield* begun([third]), [{ resumed: [] }])
      }),
    60_000
  )
})

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
        assert.deepStrictEqual(readdirSync(dirname(file)), ["journal.sqlite"])
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
