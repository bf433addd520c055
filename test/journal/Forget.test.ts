/** Forgetting runs of a journal in a file: what goes, what stays, and that nothing of it is left in the file. */
import { mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { BegunRun, Journal, Known } from "../../src/journal/Journal.ts"
import { open } from "../../src/journal/OpenJournal.ts"
import * as RequestKey from "../../src/journal/RequestKey.ts"
import { reply } from "../FakeClaude.ts"
import { eachHome } from "./Homes.ts"

const folder = () => mkdtempSync(join(tmpdir(), "fanfold-journal-"))
const keyed = (question: string) =>
  RequestKey.of({ model: "claude-haiku-5-5", maxTokens: 100, messages: [{ role: "user", content: question }] })

const source = "https://api.example"
const day = 86_400_000

type Service = typeof Journal.Service
interface Written {
  readonly id: string
  readonly at?: number
  readonly plan?: string
  readonly question?: string
  /** Taken over from another run, in the place of an answer of its own. */
  readonly known?: Pick<Known, "run" | "entry">
}

/** Begins a run with one entry and its answer. */
const begun = Effect.fnUntraced(function* (
  journal: Service,
  { at = 0, id, known, plan = "/plan.yaml", question }: Written
) {
  const run = (yield* journal.begin({ id, plan, source, at }, { resume: true, isAlone: false })) as BegunRun
  const request = keyed(question ?? `question of ${id}`)
  journal.add(id, [{ _tag: "Entry", entry: 0, ask: "a", part: "ask", request, ordinal: 0, at, known }])
  if (known === undefined) {
    journal.add(id, [
      { _tag: "Turn", entry: 0, turn: 0, key: request.key, reply: reply(`answer of ${id}`.repeat(100)), at }
    ])
  }
  journal.add(id, [{ _tag: "End", entry: 0, at, state: "answered" }])
  yield* journal.kept
  return run
})

/** A run that has ended. */
const ended = (journal: Service, written: Written) =>
  Effect.scoped(Effect.flatMap(begun(journal, written), (run) => journal.end(run, written.at ?? 0)))

const idsOf = (journal: Service) => Effect.map(journal.runs, (runs) => runs.map(({ id }) => id))
const everything = { source, runs: [], since: 0 }
const textOf = (at: string) =>
  readdirSync(at)
    .map((file) => readFileSync(join(at, file), "latin1"))
    .join("")

describe("a journal in a file", () => {
  it.live("leaves nothing of a forgotten run in its files, and takes less room", () =>
    Effect.gen(function* () {
      const at = folder()
      const file = join(at, "journal.sqlite")
      const journal = yield* open(file)
      const question = "a long question ".repeat(10_000)
      yield* ended(journal, { id: "first", question })
      yield* ended(journal, { id: "second" })
      const before = yield* journal.bytes
      assert.include(textOf(at), "a long question")
      assert.include(textOf(at), "answer of first")

      assert.deepStrictEqual(yield* journal.forget(["first"]), ["first"])
      assert.notInclude(textOf(at), "a long question")
      assert.notInclude(textOf(at), "answer of first")
      assert.include(textOf(at), "answer of second")
      assert.isBelow(yield* journal.bytes, before - question.length / 2)
      assert.strictEqual(statSync(file).size, yield* journal.bytes)
      assert.deepStrictEqual(yield* idsOf(journal), ["second"])
    }).pipe(Effect.scoped)
  )
})

eachHome("a journal", ({ newPlace }) => {
  it.live("keeps an answer as long as a run has it, whichever has paid it", () =>
    Effect.gen(function* () {
      const journal = yield* open(yield* newPlace)
      const question = "the same"
      yield* ended(journal, { id: "first", question })
      yield* ended(journal, { id: "second", question, known: { run: "first", entry: 0 } })
      yield* journal.forget(["first"])
      const known = yield* journal.find(keyed(question).key, 0, everything)
      assert.strictEqual(known?.turns.length, 1)
      yield* journal.forget(["second"])
      assert.isUndefined(yield* journal.find(keyed(question).key, 0, everything))
    }).pipe(Effect.scoped)
  )

  it.live("forgets no run that is open, nor what that goes on with", () =>
    Effect.gen(function* () {
      const journal = yield* open(yield* newPlace)
      yield* Effect.scoped(begun(journal, { id: "killed" }))
      yield* Effect.scoped(begun(journal, { id: "elsewhere", plan: "/other.yaml" }))
      const all = ["killed", "elsewhere", "open"]
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { resumed } = yield* begun(journal, { id: "open" })
          assert.deepStrictEqual(resumed, ["killed"])
          assert.deepStrictEqual(yield* journal.forget(all), ["elsewhere"])
          const limits = { before: Number.MAX_SAFE_INTEGER, maxBytes: 0 }
          assert.deepStrictEqual(yield* journal.trim(limits), [])
        })
      )
      assert.deepStrictEqual(yield* journal.forget(all), ["killed", "open"])
    }).pipe(Effect.scoped)
  )

  it.live("trims what is old, and then the oldest until the rest fits, but never the latest", () =>
    Effect.gen(function* () {
      const journal = yield* open(yield* newPlace)
      for (const n of [1, 2, 3, 4, 5]) {
        yield* ended(journal, { id: `run${n}`, at: n * day, question: `question ${n} `.repeat(5000) })
      }
      const unlimited = { before: undefined, maxBytes: Number.POSITIVE_INFINITY }
      assert.deepStrictEqual(yield* journal.trim(unlimited), [])
      assert.deepStrictEqual(yield* journal.trim({ ...unlimited, before: 2 * day }), ["run1"])
      // Of texts of 60 kB each: the tables around them have their size in PostgreSQL, too, and in SQLite no other.
      const [oldest, ...others] = yield* journal.trim({ ...unlimited, maxBytes: 200_000 })
      assert.strictEqual(oldest, "run2")
      assert.notInclude(others, "run5")
      yield* journal.trim({ ...unlimited, maxBytes: 1 })
      assert.deepStrictEqual(yield* idsOf(journal), ["run5"])
    }).pipe(Effect.scoped)
  )
})
