/** How long a worker's look into the queue takes, by how many items there are. */
import { Duration, Effect, Exit, Scope } from "effect"
import { PersistedQueue } from "effect/persistence"
import * as Postgres from "fanfold/postgres"
import type { Server } from "../harness/PostgresServer.ts"
import * as Statements from "./Statements.ts"

export interface Sizes {
  /** Items that wait, that workers have, and that have ended. */
  readonly waiting: number
  readonly underWay: number
  readonly ended: number
}

export interface Look extends Sizes {
  readonly millis: number
  /** Scans of the whole table. */
  readonly scans: number
}

const name = "asks 1 size"
const run = "0size000000000"

/** As `PersistedQueue` has it, with an item of 700 bytes. */
const fill = (state: string, count: number, from: number): string => `
  INSERT INTO queue (id, queue_name, element, state, attempts, visible_at, created_at, updated_at)
  SELECT '${run}/' || n || '/0/key', '${name}', '{"text":"' || repeat('x', 700) || '"}', '${state}', 0,
    now() - interval '1 hour' + n * interval '1 microsecond', now(), now()
  FROM generate_series(${from + 1}, ${from + count}) AS n`

/** As by workers that renew their leases. */
const taken = "UPDATE queue SET attempts = 1, acquired_at = now() + interval '1 hour', acquired_by = gen_random_uuid()"

const looks = 50

/** As workers open it. */
const store = PersistedQueue.makeStoreSql({
  tableName: "queue",
  pollInterval: "200 millis",
  lockRefreshInterval: "11 seconds",
  lockExpiration: "45 seconds"
})

/** Fills the queue of a database that has tables, looks into it as a worker does, and gives the median of the server's times. */
export const look = async (server: Server, url: string, { ended, underWay, waiting }: Sizes): Promise<Look> => {
  const database = url.slice(url.lastIndexOf("/") + 1)
  const inDatabase = (statements: string): string => server.sql(`SET search_path TO fanfold; ${statements}`, database)
  inDatabase("TRUNCATE queue")
  inDatabase(`${fill("pending", underWay, ended)}; ${taken}`)
  inDatabase(fill("completed", ended, 0))
  inDatabase(fill("pending", waiting, ended + underWay))
  server.sql("VACUUM ANALYZE fanfold.queue", database)
  const scans = (): number =>
    Number(server.sql("SELECT coalesce(seq_scan, 0) FROM pg_stat_user_tables WHERE relname = 'queue'", database))
  const before = scans()
  Statements.reset(server)
  await Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const queue = yield* store
        const take = Effect.gen(function* () {
          const scope = yield* Scope.make()
          yield* Scope.provide(
            queue.take({ name, maxAttempts: 1_000_000, retryDelay: () => Effect.succeed(Duration.zero) }),
            scope
          )
          yield* Scope.close(scope, Exit.void)
        })
        // Without an item that waits, a look is repeated five times a second.
        yield* waiting > 0
          ? Effect.forEach(Array.from({ length: looks }), () => take, { discard: true })
          : Effect.ignore(Effect.timeout(take, "4 seconds"))
      })
    ).pipe(Effect.provide(Postgres.layer(url)))
  )
  const { calls, millis } = Statements.of(server, database, "attempts = attempts +")
  return { waiting, underWay, ended, millis: millis / calls, scans: scans() - before }
}
