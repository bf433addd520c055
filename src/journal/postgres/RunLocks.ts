/**
 * Says which runs are alive: a process holds for each of its runs a lock of the database, which gives it up with the connection
 * of the process, however that ends. No clock has a part in it but the database's.
 */
import * as PgConnection from "@effect/sql-pg/PgConnection"
import { Effect, Exit, Scope, Semaphore } from "effect"
import type { SqlError } from "effect/sql/SqlError"

/** Tells the locks of runs from those of others: "fanf", and beside it the number of the run. */
const lockClass = 0x66_61_6e_66

/** Whether a process has the run `r` open, as a condition. */
export const isLockedSql = `EXISTS (
  SELECT 1 FROM pg_locks l WHERE l.locktype = 'advisory' AND l.classid = ${lockClass} AND l.objid = r.n::bigint::oid
    AND l.objsubid = 2 AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
)`

/** Whether `r` began before the server's start, which has ended all locks: whoever lives takes its own again within this time. */
export const isRestartedSql =
  "(r.began < pg_postmaster_start_time() AND now() < pg_postmaster_start_time() + interval '15 seconds')"

/** How often the connection is looked after, which ends with the server's processes, and else if nothing passes. */
const checkInterval = "1 second"
const checkTimeout = "10 seconds"

/** Others may hold the same lock, as an older connection of this process which the server has not yet missed. */
const lockSql = "SELECT pg_advisory_lock_shared($1, $2)"
const unlockSql = "SELECT pg_advisory_unlock_shared($1, $2)"

export class RunLocks {
  readonly #settings: PgConnection.Config
  readonly #runs = new Set<number>()
  readonly #opening = Semaphore.makeUnsafe(1)
  #open: { readonly connection: PgConnection.PgConnection; readonly scope: Scope.Closeable } | undefined

  constructor(settings: PgConnection.Config) {
    this.#settings = settings
  }

  /** Says that the run is alive, until it is released. To be called before the run is in the journal. */
  take(run: number): Effect.Effect<void, SqlError> {
    const locked = Effect.flatMap(this.#opened, (connection) => connection.query(lockSql, [lockClass, run]))
    return locked.pipe(
      // The server may have closed the connection since it was used last.
      Effect.catch(() => Effect.andThen(this.close, locked)),
      Effect.andThen(Effect.sync(() => void this.#runs.add(run)))
    )
  }

  /** A connection that is lost has released it already. */
  release(run: number): Effect.Effect<void> {
    this.#runs.delete(run)
    return this.#open === undefined
      ? Effect.void
      : Effect.ignore(this.#open.connection.query(unlockSql, [lockClass, run]))
  }

  /** Keeps the connection, and opens another one where it is lost; until interrupted. */
  get keep(): Effect.Effect<never> {
    return Effect.forever(
      Effect.andThen(
        Effect.sleep(checkInterval),
        Effect.suspend(() => (this.#runs.size === 0 ? Effect.void : Effect.ignore(this.#check)))
      )
    )
  }

  get #check(): Effect.Effect<void, SqlError> {
    return Effect.flatMap(this.#opened, (connection) => connection.query("SELECT 1")).pipe(
      Effect.timeoutOrElse({ duration: checkTimeout, orElse: () => this.close }),
      Effect.catch((error) => Effect.andThen(this.close, Effect.fail(error))),
      Effect.asVoid
    )
  }

  /** The connection, with the locks of all runs. */
  get #opened(): Effect.Effect<PgConnection.PgConnection, SqlError> {
    const open = Effect.suspend(() => {
      if (this.#open !== undefined) return Effect.succeed(this.#open.connection)
      const scope = Scope.makeUnsafe()
      return Scope.provide(PgConnection.make(this.#settings), scope).pipe(
        Effect.tap((connection) =>
          Effect.forEach(this.#runs, (run) => connection.query(lockSql, [lockClass, run]), { discard: true })
        ),
        Effect.tap((connection) =>
          Effect.sync(() => {
            this.#open = { connection, scope }
          })
        ),
        Effect.onError(() => Scope.close(scope, Exit.void))
      )
    })
    return Semaphore.withPermit(this.#opening, open)
  }

  get close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const open = this.#open
      this.#open = undefined
      return open === undefined ? Effect.void : Scope.close(open.scope, Exit.void)
    })
  }
}
