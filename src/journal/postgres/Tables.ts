/** The tables in the database: what creates and upgrades them, and whether they are those of this fanfold. */
import { Effect } from "effect"
import * as Migrator from "effect/sql/Migrator"
import { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { JournalError } from "../Journal.ts"
import type { Address } from "./Address.ts"
import * as Client from "./Client.ts"
import * as Failure from "./Failure.ts"

/**
 * Several processes may write rows of one run, so that every row has a key of its own and is inserted once, however often its
 * writer tries. JSON is text: `json` refuses to read, and `jsonb` to keep, the character U+0000, which an answer may have; texts
 * that may have it are kept as JSON. `seq` orders the events of a run as the database took them.
 */
const journal = [
  `CREATE TABLE run (
    id text PRIMARY KEY, n integer GENERATED ALWAYS AS IDENTITY UNIQUE, plan text NOT NULL, source text NOT NULL, at bigint NOT NULL
  )`,
  `CREATE TABLE run_resume (run text, resumed_by text, PRIMARY KEY (run, resumed_by))`,
  `CREATE TABLE run_end (run text PRIMARY KEY, state text NOT NULL, at bigint NOT NULL)`,
  `CREATE TABLE text (hash text PRIMARY KEY, body text NOT NULL)`,
  `CREATE TABLE request (id text PRIMARY KEY, json text NOT NULL)`,
  `CREATE TABLE request_text (request text, hash text, PRIMARY KEY (request, hash))`,
  `CREATE INDEX request_text_hash ON request_text (hash)`,
  `CREATE TABLE request_key (key text, version integer, request text NOT NULL, PRIMARY KEY (key, version, request))`,
  `CREATE INDEX request_key_request ON request_key (request)`,
  `CREATE TABLE entry (
    run text, n integer, ask text NOT NULL, part text NOT NULL, request text NOT NULL, ordinal integer NOT NULL,
    at bigint NOT NULL, from_run text, from_n integer, PRIMARY KEY (run, n)
  )`,
  `CREATE INDEX entry_request ON entry (request, ordinal)`,
  `CREATE INDEX entry_from ON entry (from_run, from_n) WHERE from_run IS NOT NULL`,
  `CREATE TABLE entry_end (run text, n integer, state text NOT NULL, at bigint NOT NULL, PRIMARY KEY (run, n))`,
  `CREATE TABLE turn (
    run text, n integer, turn integer, key text NOT NULL, stop_reason text, reply text NOT NULL, at bigint NOT NULL,
    PRIMARY KEY (run, n, turn)
  )`,
  `CREATE TABLE event (
    run text, writer text, n integer, seq bigint GENERATED ALWAYS AS IDENTITY, tag text NOT NULL, ask text, part text,
    reason text, cost_usd double precision, has_usage boolean NOT NULL, event text NOT NULL, PRIMARY KEY (run, writer, n)
  )`,
  `CREATE INDEX event_seq ON event (run, seq)`
]

const executed = (statements: ReadonlyArray<string>) =>
  Effect.flatMap(SqlClient, (sql) =>
    Effect.forEach(statements, (statement) => sql.unsafe(statement).unprepared, { discard: true })
  )

/** By number and name. One that has been released stays as it is; what changes the tables is another one, with the next number. */
const migrations: Readonly<Record<string, Effect.Effect<void, SqlError, SqlClient>>> = {
  "1_journal": executed(journal)
}

/** The version of the tables that this fanfold works with. */
export const version = Object.keys(migrations).length

/** Which tables there are: the number of the last migration. */
const table = "migration"

/** What a user of the database may be called, so that it may stand in a statement. */
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** What runs, `runs` and `runs clean` need; tables that later migrations create have the same rights. */
const grants = (role: string): ReadonlyArray<string> => [
  `GRANT USAGE ON SCHEMA ${Client.schema} TO ${quoted(role)}`,
  `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${Client.schema} TO ${quoted(role)}`,
  `GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${Client.schema} TO ${quoted(role)}`,
  `ALTER DEFAULT PRIVILEGES IN SCHEMA ${Client.schema} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${quoted(role)}`,
  `ALTER DEFAULT PRIVILEGES IN SCHEMA ${Client.schema} GRANT USAGE ON SEQUENCES TO ${quoted(role)}`
]

/** Creates the tables, or upgrades them to this version, and gives a role the rights that runs need. Gives whether there was anything to do. */
export const init = Effect.fnUntraced(function* (
  address: Address,
  role?: string
): Effect.fn.Return<boolean, JournalError> {
  const { place } = address
  const create = Effect.gen(function* () {
    const sql = yield* SqlClient
    const [found] = yield* sql<{ readonly has: boolean }>`SELECT to_regnamespace(${Client.schema}) IS NOT NULL AS has`
    if (found?.has !== true) yield* sql`CREATE SCHEMA IF NOT EXISTS ${sql(Client.schema)}`
    const before = yield* versionOf
    if (before !== undefined && before > version) return yield* otherVersion(place, before)
    if (before !== version) yield* Migrator.make({})({ loader: Migrator.fromRecord(migrations), table })
    if (role !== undefined) yield* sql.withTransaction(executed(grants(role)))
    return before !== version
  })
  return yield* create.pipe(
    Effect.provide(Client.layer(address)),
    Effect.mapError((error) => {
      if (error._tag === "JournalError") return error
      if (error._tag === "SqlError") return Failure.errorAt(place, "cannot be made", error)
      return new JournalError({ message: `the journal ${place} cannot be made: ${error.message}` })
    })
  )
})

/** The version of the tables that are there; `undefined` where there are none. */
const versionOf = Effect.gen(function* () {
  const sql = yield* SqlClient
  const [found] = yield* sql<{ readonly has: boolean }>`
    SELECT to_regclass(${`${Client.schema}.${table}`}) IS NOT NULL AS has`
  if (found?.has !== true) return undefined
  const [latest] = yield* sql<{ readonly n: number | null }>`SELECT max(migration_id) AS n FROM ${sql(table)}`
  return latest?.n ?? undefined
})

const otherVersion = (place: string, found: number): JournalError =>
  new JournalError({
    message:
      found > version
        ? `the journal ${place} cannot be used: its tables are of a newer fanfold (version ${found}, not ${version}): upgrade this one`
        : `the journal ${place} cannot be used: its tables are of an older fanfold (version ${found}, not ${version}): ${Failure.initCommand(place)}`
  })

/** Fails where the tables are not those of this fanfold. */
export const check = (place: string): Effect.Effect<void, JournalError, SqlClient> =>
  versionOf.pipe(
    Effect.mapError((error) => Failure.errorAt(place, "cannot be used", error)),
    Effect.flatMap((found) => {
      if (found === version) return Effect.void
      return Effect.fail(
        found === undefined
          ? new JournalError({ message: `the journal ${place} cannot be used: ${Failure.noTables(place)}` })
          : otherVersion(place, found)
      )
    })
  )
