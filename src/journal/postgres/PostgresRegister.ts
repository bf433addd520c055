/** What the processes of a database let each other know, in one of its tables. No clock has a part in it but the database's. */
import { Effect, type Scope } from "effect"
import { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import {
  type Decision,
  type Held,
  type Member,
  RegisterError,
  type SharedRegister
} from "../../scheduling/SharedRegister.ts"
import { newRunId } from "../Journal.ts"
import * as Failure from "./Failure.ts"

/** Tells the locks of names from those of runs. */
const lockClass = 0x66_61_6e_67

/** A database that takes longer counts as away: what waits for it is tried again. */
const timeout = "10 seconds"

/**
 * One writer of a name at a time. What is forgotten within seconds, such as the share of a limit, need not survive a loss of
 * power, so that the transaction does not wait for the disk. A process that stands still while it has the lock loses it.
 */
const lockSql = `SELECT pg_advisory_xact_lock($1, hashtext($2)), set_config('synchronous_commit', $3, true),
  set_config('idle_in_transaction_session_timeout', '5s', true)`

const heldSql = `
  SELECT value, (extract(epoch FROM clock_timestamp() - at) * 1000)::float8 AS age FROM shared
  WHERE name = $1 AND member <> $2`

const forgetSql = `
  DELETE FROM shared WHERE name = $1 AND member <> $2 AND at < clock_timestamp() - $3::float8 * interval '1 millisecond'`

const writeSql = `
  INSERT INTO shared (name, member, value, at) VALUES ($1, $2, $3, clock_timestamp())
  ON CONFLICT (name, member) DO UPDATE SET value = excluded.value, at = excluded.at`

const removeSql = "DELETE FROM shared WHERE name = $1 AND member = $2"

/** `place`: of the database, for messages. */
export const make = (place: string): Effect.Effect<SharedRegister, never, SqlClient> =>
  Effect.map(SqlClient, (sql) => registerOf(place, () => sql))

/** The clients of this process that are open, and its register, by the place of the database. */
const registers = new Map<string, { readonly clients: Array<SqlClient>; readonly register: SharedRegister }>()

/**
 * One register for all journals of this process in a database, until the scope closes by this client too: calls of several
 * runs have one share of the limits, which outlives each of their journals.
 */
export const ofProcess = (sql: SqlClient, place: string): Effect.Effect<SharedRegister, never, Scope.Scope> =>
  Effect.suspend(() => {
    const known = registers.get(place)
    const clients = known?.clients ?? []
    const register = known?.register ?? registerOf(place, () => clients.at(-1))
    registers.set(place, { clients, register })
    clients.push(sql)
    const leave = Effect.sync(() => void clients.splice(clients.indexOf(sql), 1))
    return Effect.as(
      Effect.addFinalizer(() => leave),
      register
    )
  })

const registerOf = (place: string, client: () => SqlClient | undefined): SharedRegister => {
  const errorOf = (error: SqlError) =>
    new RegisterError({ message: Failure.errorAt(place, "cannot be used", error).message })

  const memberOf = (id: string): Member => ({
    exchange: (name, decide, maxAgeMillis = Number.POSITIVE_INFINITY) =>
      Effect.suspend(() => {
        const sql = client()
        if (sql === undefined) return Effect.fail(new RegisterError({ message: `the journal ${place} is closed` }))
        return sql.withTransaction(exchange(sql, id, name, decide, maxAgeMillis)).pipe(
          Effect.mapError((error) => (error._tag === "SqlError" ? errorOf(error) : error)),
          Effect.timeoutOrElse({
            duration: timeout,
            orElse: () => Effect.fail(new RegisterError({ message: `the database ${place} does not answer` }))
          })
        )
      })
  })
  return { join: Effect.map(newRunId, memberOf) }
}

const exchange = Effect.fnUntraced(function* <A>(
  sql: SqlClient,
  member: string,
  name: string,
  decide: (others: ReadonlyArray<Held>) => Decision<A>,
  maxAgeMillis: number
): Effect.fn.Return<A, SqlError | RegisterError> {
  const isPassing = maxAgeMillis < Number.POSITIVE_INFINITY
  yield* sql.unsafe(lockSql, [lockClass, name, isPassing ? "off" : "on"])
  if (isPassing) yield* sql.unsafe(forgetSql, [name, member, maxAgeMillis])
  const rows = yield* sql.unsafe<{ readonly value: string; readonly age: number }>(heldSql, [name, member])
  const { result, value } = yield* Effect.try({
    try: () => decide(rows.map(({ age, value }) => ({ value: JSON.parse(value) as unknown, ageMillis: age }))),
    catch: (error) =>
      new RegisterError({ message: `what another process has written cannot be read: ${String(error)}` })
  })
  yield* value === undefined
    ? sql.unsafe(removeSql, [name, member])
    : sql.unsafe(writeSql, [name, member, JSON.stringify(value)])
  return result
})
