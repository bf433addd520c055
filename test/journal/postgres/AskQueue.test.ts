/** The queue of asks in a real database: what a look into it reads, and in which order items are taken. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Scope } from "effect"
import { init, open } from "../../../src/journal/OpenJournal.ts"
import { maxAttempts } from "../../../src/journal/Shared.ts"
import { isInstalled, server } from "../../Postgres.ts"

const retryDelay = () => Effect.succeed(Duration.zero)
const options = { name: "asks", maxAttempts, retryDelay }

/** So large that a few of them fill a page of the database. */
const element = JSON.stringify("x".repeat(1500))

const fill = (from: number, to: number) => `
  INSERT INTO queue (id, queue_name, element, state, visible_at, created_at, updated_at)
  SELECT 'r/' || n, 'asks', '${element}', 'pending', now() - interval '1 hour' + n * interval '1 ms', now(), now() FROM generate_series(${from}, ${to}) AS n`

describe.skipIf(!isInstalled)("the queue in PostgreSQL", { timeout: 60_000 }, () => {
  const postgres = server(["shared_preload_libraries=pg_stat_statements"])

  const newQueue = Effect.gen(function* () {
    const url = postgres().newDatabase()
    const database = url.split("/").at(-1)!
    postgres().sql(`ALTER DATABASE ${database} SET fanfold.lease = '2 seconds'`)
    yield* init(url)
    const { shared } = yield* open(url)
    return {
      database,
      queue: shared!.queue,
      sql: (text: string) => postgres().sql(`SET search_path TO fanfold; ${text}`, database)
    }
  })

  /** How many pages a statement with such a text reads each time. */
  const pagesOf = (text: string): number =>
    Number(
      postgres().sql(
        `SELECT sum(shared_blks_hit + shared_blks_read) / sum(calls) FROM pg_stat_statements WHERE position('${text}' IN query) > 0`
      )
    )

  it.live("is read by a few pages each time, however many items wait and are under way", () =>
    Effect.gen(function* () {
      const { database, queue, sql } = yield* newQueue
      sql(fill(1, 3000))
      sql("UPDATE queue SET attempts = 1, acquired_at = now() + interval '1 hour', acquired_by = gen_random_uuid()")
      sql(fill(3001, 6000))
      postgres().sql("VACUUM ANALYZE fanfold.queue", database)
      postgres().sql("CREATE EXTENSION pg_stat_statements; SELECT pg_stat_statements_reset()")
      const taken = yield* Effect.forEach(Array.from({ length: 5 }), () => Effect.scoped(queue.take(options)))
      assert.deepStrictEqual(
        taken.map(({ id }) => id),
        ["r/3001", "r/3002", "r/3003", "r/3004", "r/3005"]
      )
      // What looks for items whose workers have all died does so four times a lease.
      yield* Effect.sleep("1 second")
      for (const text of ["SET acquired_at = NOW(), acquired_by =", "last_failure = COALESCE"]) {
        const pages = pagesOf(text)
        assert.isTrue(pages > 0 && pages < 100, `${text}: ${pages} pages`)
      }
    })
  )

  it.live("gives what a worker gave back before what waits", () =>
    Effect.gen(function* () {
      const { queue } = yield* newQueue
      const offer = (id: string) => queue.offer({ name: "asks", id, element: id, isCustomId: true })
      const taken = Effect.map(Effect.scoped(queue.take(options)), ({ id }) => id)
      yield* Effect.forEach(["r/1", "r/2", "r/3"], offer)
      const scope = yield* Scope.make()
      yield* Scope.provide(queue.take(options), scope)
      yield* Scope.close(scope, Exit.interrupt())
      assert.strictEqual(yield* taken, "r/1")
    })
  )
})
