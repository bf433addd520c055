/** Bad days of a database: restarted, gone for a while or for good, or not as its user thinks. */
import { assert, describe, it } from "@effect/vitest"
import { Console, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { ConnectionError, SqlError } from "effect/sql/SqlError"
import type { Row } from "../../../src/journal/Journal.ts"
import { init, open, openToRead } from "../../../src/journal/OpenJournal.ts"
import { Outage } from "../../../src/journal/postgres/Outage.ts"
import { version } from "../../../src/journal/postgres/Tables.ts"
import { isInstalled, password, server } from "../../Postgres.ts"
import { answered, begin, found } from "../Rows.ts"

const event = (ask: string): Row => ({
  _tag: "Event",
  event: { _tag: "Started", version: 1, at: 1, run: "r", ask, part: "ask", question: "Why?" }
})

/** What is said on standard error. */
const listening = <A, E, R>(effect: (said: Array<string>) => Effect.Effect<A, E, R>) => {
  const said: Array<string> = []
  const error = (line: string) => void said.push(line)
  return Effect.provideService(effect(said), Console.Console, { ...globalThis.console, error } as Console.Console)
}

const gone = new SqlError({
  reason: new ConnectionError({ cause: new Error("connect ECONNREFUSED"), operation: "connect" })
})

const databaseOf = (url: string) => url.split("/").at(-1)!
const placeOf = (url: string) => url.replace(/\/\/.*@/, "//")

/** A process with a run that adds its last rows after the database was disturbed, and closes its journal. */
const endingAfter = (url: string, disturb: Effect.Effect<unknown>, rows: ReadonlyArray<Row>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const journal = yield* open(url)
      yield* begin(journal, "r")
      yield* disturb
      journal.add("r", rows)
    })
  )

const command = (url: string) => `fanfold journal init --journal ${placeOf(url)}`

/** Fails in these seconds, and counts how often it was asked. */
const awayIn = (from: number, to: number) => {
  const book = { looks: 0 }
  const statement = Effect.clockWith(({ currentTimeMillis }) =>
    Effect.flatMap(currentTimeMillis, (now) => {
      book.looks++
      return now >= from * 1000 && now < to * 1000 ? Effect.fail(gone) : Effect.void
    })
  )
  return { book, statement }
}

describe("a database that is watched", () => {
  it.effect("is missed after five minutes, also by who asks it nothing else, and then only once it is reported", () =>
    listening((said) =>
      Effect.gen(function* () {
        const { book, statement } = awayIn(60, Number.POSITIVE_INFINITY)
        const watching = yield* Effect.forkChild(Effect.flip(new Outage("postgres://h/d").watch(statement)))
        yield* TestClock.adjust("60 seconds")
        assert.strictEqual(book.looks, 12)
        yield* TestClock.adjust("299 seconds")
        assert.isUndefined(watching.pollUnsafe())
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual(
          (yield* Fiber.join(watching)).message,
          "the journal postgres://h/d cannot be used: it cannot be reached: connect ECONNREFUSED; waited 5 min 0 s for it"
        )
        assert.lengthOf(said, 1)
      })
    )
  )

  it.effect("and back in time is not missed: the five minutes begin anew", () =>
    listening((said) =>
      Effect.gen(function* () {
        const { statement } = awayIn(60, 350)
        const outage = new Outage("postgres://h/d")
        const watching = yield* Effect.forkChild(outage.watch(statement))
        yield* TestClock.adjust("1 hour")
        assert.isUndefined(watching.pollUnsafe())
        assert.isFalse(outage.isAway)
        assert.lengthOf(said, 1)
        yield* Fiber.interrupt(watching)
      })
    )
  )
})

describe.skipIf(!isInstalled)("a database", () => {
  const postgres = server()
  const newJournal = Effect.suspend(() => {
    const url = postgres().newDatabase()
    return Effect.as(init(url), url)
  })
  const stop = Effect.promise(() => postgres().stop("immediate"))
  const start = Effect.promise(() => postgres().start())

  it.live("that is away for a while in mid-run loses nothing, and is said once to be waited for", () =>
    listening((said) =>
      Effect.gen(function* () {
        const url = yield* newJournal
        const journal = yield* open(url)
        const run = yield* begin(journal, "r")
        journal.add("r", [event("before"), ...answered(0, "before")])
        yield* journal.kept
        yield* stop
        const during = yield* Effect.forkChild(
          Effect.forEach(
            [1, 2, 3],
            (n) =>
              Effect.suspend(() => {
                journal.add("r", [event(`during ${n}`), ...answered(n, `during ${n}`)])
                return journal.kept
              }),
            { concurrency: "unbounded" }
          )
        )
        const finding = yield* Effect.forkChild(found(journal, "before", ["r"]))
        while (said.length === 0) yield* Effect.sleep("50 millis")
        assert.isUndefined(during.pollUnsafe())
        yield* start
        yield* Fiber.join(during)
        assert.strictEqual(yield* Fiber.join(finding), "re before")
        assert.lengthOf(said, 1, said.join("\n"))
        assert.match(
          said[0]!,
          /^Waiting for the database, as the journal postgres:\/\/127\.0\.0\.1:\d+\/d\d+ is away: /
        )

        // A second restart, which is over before anybody would be told of it.
        yield* stop
        yield* start
        journal.add("r", [event("after")])
        yield* journal.kept
        yield* journal.end(run, 2)
        const asks = (yield* journal.events("r")).map(({ ask }) => ask)
        assert.deepStrictEqual(asks, ["before", "during 1", "during 2", "during 3", "after"])
        for (const n of [1, 2, 3]) assert.strictEqual(yield* found(journal, `during ${n}`), `re during ${n}`)
      })
    )
  )

  it.live(
    "that is away for longer than the limit ends the waiting, as it is not waited for where nothing may wait",
    () =>
      listening((said) =>
        Effect.gen(function* () {
          let tries = 0
          const failing = Effect.suspend(() => {
            tries++
            return Effect.fail(gone)
          })
          const outage = new Outage("postgres://h/d", "2 seconds")
          const error = yield* Effect.flip(outage.outlast(failing, "cannot be written"))
          assert.strictEqual(
            error.message,
            "the journal postgres://h/d cannot be written: it cannot be reached: connect ECONNREFUSED; waited 2.0 s for it"
          )
          assert.isAbove(tries, 3)
          assert.lengthOf(said, 1)
          yield* Effect.flip(new Outage("postgres://h/d", 0).outlast(failing, "cannot be read"))
          assert.lengthOf(said, 1)
        })
      )
  )

  it.live("that was restarted has no run that another process may go on with while its own lives", () =>
    Effect.gen(function* () {
      const url = yield* newJournal
      const journal = yield* open(url)
      yield* begin(journal, "alive")
      yield* stop
      yield* start
      const other = yield* open(url)
      assert.deepStrictEqual(yield* other.unfinished("plan.yaml", ""), [])
      const locks = () => postgres().sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'", databaseOf(url))
      while (locks() !== "1") yield* Effect.sleep("50 millis")
      // Its connection alone may be lost as well.
      postgres().sql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
      while (locks() !== "0") yield* Effect.sleep("10 millis")
      while (locks() !== "1") yield* Effect.sleep("50 millis")
      assert.isTrue((yield* other.runs)[0]!.isLive)
    })
  )

  it.live("is not waited for by what has just begun, nor for long by what ends", () =>
    listening((said) =>
      Effect.gen(function* () {
        const url = yield* newJournal
        yield* endingAfter(url, stop, [event("lost")])
        assert.strictEqual(said.at(-1), `What came last is not kept: the database ${placeOf(url)} is away`)
        const error = yield* Effect.flip(open(url))
        assert.match(
          error.message,
          /^the journal postgres:.* cannot be used: it cannot be reached: connect ECONNREFUSED/
        )
        yield* start
      })
    )
  )

  it.live("is reached anew for what came last, where its connections were lost", () =>
    Effect.gen(function* () {
      const url = yield* newJournal
      const disconnect = Effect.sync(() =>
        postgres().sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'owner'")
      )
      yield* endingAfter(url, disconnect, answered(0, "last"))
      assert.strictEqual(yield* found(yield* open(url), "last"), "re last")
    })
  )

  it.live("without tables, with those of another version, or without rights is told with what to do", () =>
    Effect.gen(function* () {
      const { newDatabase, sql } = postgres()
      const empty = newDatabase()
      for (const opened of [open(empty), openToRead(empty)]) {
        const { message } = yield* Effect.flip(opened)
        assert.include(message, `${placeOf(empty)} cannot be used: it has no tables of fanfold`)
        assert.include(message, command(empty))
      }
      const url = yield* newJournal
      const pretend = (latest: number) =>
        sql(
          `DELETE FROM fanfold.migration; INSERT INTO fanfold.migration VALUES (${latest}, now(), '')`,
          databaseOf(url)
        )
      pretend(0)
      assert.include((yield* Effect.flip(open(url))).message, `(version 0, not ${version}): ${command(url)}`)
      pretend(99)
      assert.include((yield* Effect.flip(open(url))).message, `are of a newer fanfold (version 99, not ${version})`)
      pretend(version)

      sql(`CREATE ROLE reader LOGIN PASSWORD '${password}'`)
      sql(
        "GRANT USAGE ON SCHEMA fanfold TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA fanfold TO reader",
        databaseOf(url)
      )
      const asReader = url.replace("owner:", "reader:")
      const reading = yield* openToRead(asReader)
      assert.deepStrictEqual(yield* reading!.runs, [])
      const { message } = yield* Effect.flip(open(asReader))
      assert.include(message, "permission denied")
      assert.include(message, `${command(url)} --grant USER`)
    })
  )

  it.live("that takes back the rights in mid-run ends the keeping at once", () =>
    Effect.gen(function* () {
      const { sql } = postgres()
      const url = yield* newJournal
      sql(`CREATE ROLE runner LOGIN PASSWORD '${password}'`)
      yield* init(url, "runner")
      const journal = yield* open(url.replace("owner:", "runner:"))
      const run = yield* begin(journal, "r")
      journal.add("r", [event("kept"), ...answered(0, "q")])
      yield* journal.kept
      sql("REVOKE INSERT ON fanfold.turn FROM runner", databaseOf(url))
      journal.add("r", answered(1, "lost"))
      assert.include((yield* Effect.flip(journal.kept)).message, "permission denied for table turn")
      journal.add("r", answered(2, "lost too"))
      assert.include((yield* Effect.flip(journal.kept)).message, "permission denied for table turn")
      assert.include((yield* Effect.flip(journal.end(run, 2))).message, "permission denied for table turn")
    })
  )
})
