/** Rows that several processes write, or one of them twice. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql/SqlClient"
import { layer } from "../../../src/journal/Database.ts"
import type { Row } from "../../../src/journal/Journal.ts"
import { init, open } from "../../../src/journal/OpenJournal.ts"
import { addKeys } from "../../../src/journal/postgres/Rekey.ts"
import * as Rows from "../../../src/journal/postgres/Rows.ts"
import * as RequestKey from "../../../src/journal/RequestKey.ts"
import { questionOf } from "../../FakeClaude.ts"
import { isInstalled, server } from "../../Postgres.ts"
import { answered, begin, found } from "../Rows.ts"

const event = (ask: string): Row => ({
  _tag: "Event",
  event: { _tag: "Started", version: 1, at: 1, run: "r", ask, part: "ask", question: "Why?" }
})

const long = "A text that is long enough to be a text of its own. ".repeat(10)

const sqlOf = (url: string) => Effect.map(Layer.build(layer(url)), Context.get(SqlClient))

/** The keys of another version. */
const keyOf = (request: Parameters<typeof questionOf>[0]) => ({
  ...RequestKey.of(request),
  key: `${request.model} ${questionOf(request)}`
})

describe.skipIf(!isInstalled)("rows in PostgreSQL", () => {
  const postgres = server()
  const newJournal = Effect.suspend(() => {
    const url = postgres().newDatabase()
    return Effect.as(init(url), url)
  })
  const countsIn = (url: string) =>
    postgres().sql(
      ["text", "request", "request_text", "request_key", "entry", "turn", "entry_end", "event"]
        .map((table) => `SELECT count(*) FROM fanfold.${table}`)
        .join(" UNION ALL "),
      url.split("/").at(-1)
    )

  it.live("are there once, though their writer has lost the answer of the database and wrote them again", () =>
    Effect.gen(function* () {
      const url = yield* newJournal
      const sql = yield* sqlOf(url)
      const rows = [event("a"), ...answered(0, long), event("a"), ...answered(1, long), event("b")]
      const numbered = rows.map((row, n) => ({ run: "r", n, row }))
      const { parameters, texts } = Rows.parametersOf("w", numbered, new Set())
      assert.lengthOf(texts, 1)
      yield* sql.unsafe(Rows.sql, parameters)
      const counts = countsIn(url)
      assert.strictEqual(counts, "1\n1\n1\n1\n2\n2\n2\n3")
      yield* sql.unsafe(Rows.sql, parameters)
      assert.strictEqual(countsIn(url), counts)
    })
  )

  it.live("of one run may be written by several processes, whose events have one order", () =>
    Effect.gen(function* () {
      const url = yield* newJournal
      const [one, other] = [yield* open(url), yield* open(url)]
      yield* begin(one, "r")
      for (const n of [0, 1, 2]) {
        for (const journal of [one, other]) {
          journal.add("r", [...answered(n, `question ${n}`), event(`${n} of ${journal === one ? "one" : "other"}`)])
          yield* journal.kept
        }
      }
      assert.deepStrictEqual(
        (yield* other.events("r")).map(({ ask }) => ask),
        ["0 of one", "0 of other", "1 of one", "1 of other", "2 of one", "2 of other"]
      )
      const [run] = yield* one.runs
      assert.deepInclude(run, { entries: 3, answered: 3, failed: 0, isLive: true })
    })
  )

  it.live("that are written at the same time wait for no deadlock", () =>
    Effect.gen(function* () {
      const url = yield* newJournal
      const journals = yield* Effect.forEach([1, 2, 3, 4], () => open(url))
      yield* Effect.forEach(
        journals,
        (journal, w) =>
          Effect.gen(function* () {
            for (let round = 0; round < 20; round++) {
              const questions = Array.from({ length: 30 }, (_, n) => `${(n * (w + 7)) % 30} of ${round} ${long}`)
              journal.add(
                `r${w}`,
                questions.flatMap((question, n) => answered(round * 30 + n, question))
              )
              yield* journal.kept
            }
          }),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(countsIn(url), "600\n600\n600\n600\n2400\n2400\n2400\n0")
    })
  )

  it.live("of an older fanfold get the keys of this one, and keep their own", () =>
    Effect.gen(function* () {
      const url = yield* newJournal
      const journal = yield* open(url)
      const run = yield* begin(journal, "r")
      for (let n = 0; n < 12; n++) journal.add("r", answered(n, `${n} ${long}`))
      yield* journal.kept
      yield* journal.end(run, 2)
      const database = url.split("/").at(-1)
      const { sql } = postgres()
      sql(
        "UPDATE fanfold.request_key SET version = 0, key = 'old ' || key; UPDATE fanfold.request SET version = 0",
        database
      )
      sql(`UPDATE fanfold.request SET json = 'null' WHERE id = (SELECT min(id) FROM fanfold.request)`, database)
      const answers = Effect.forEach(
        Array.from({ length: 12 }, (_, n) => `${n} ${long}`),
        (question) => Effect.map(found(journal, question), (text) => text === `re ${question}`)
      )
      assert.isFalse((yield* answers).includes(true))
      yield* Effect.scoped(open(url))
      assert.lengthOf((yield* answers).filter(Boolean), 11)
      yield* addKeys(yield* sqlOf(url), keyOf, RequestKey.version + 1)
      assert.strictEqual(
        sql("SELECT version, count(*) FROM fanfold.request_key GROUP BY version ORDER BY version", database),
        `0|12\n${RequestKey.version}|11\n${RequestKey.version + 1}|11`
      )
    })
  )
})
