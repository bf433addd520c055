/** The queue of asks in the database, how its items ended, and what other processes have added to a run. */
import { Effect, References, Result, Schema, type Scope } from "effect"
import * as PersistedQueue from "effect/persistence/PersistedQueue"
import { SqlClient } from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import { Event } from "../../claude/Event.ts"
import { JournalError } from "../Journal.ts"
import { version } from "../RequestKey.ts"
import { type Claimed, maxAttempts, type Shared } from "../Shared.ts"
import * as Failure from "./Failure.ts"
import * as Settled from "./Settled.ts"

/** Of `PersistedQueue`, which creates and upgrades it. */
const table = "queue"

/**
 * A process that has not renewed its leases for so long is taken for dead, and its asks are given to others: longer than most
 * databases are away. A setting of the database replaces it, as all processes must go by the same one.
 */
const lease = "45 seconds"
const leaseSql =
  "SELECT extract(epoch FROM coalesce(current_setting('fanfold.lease', true), $1)::interval)::integer AS seconds"

/** How many times a lease is renewed before it would end. */
const renewals = 4

/** How often a worker without an ask looks for one: a query that reads one row of an index. */
const pollInterval = "200 millis"

/**
 * `tx` tells what a snapshot has not seen: numbers are given before a transaction ends, so that a lower one may appear after a
 * higher one.
 */
export const tables: ReadonlyArray<string> = [
  `ALTER TABLE event ADD COLUMN tx xid8 NOT NULL DEFAULT pg_current_xact_id()`,
  `CREATE INDEX event_tx ON event (run, tx)`,
  `CREATE TABLE settled (
    item text PRIMARY KEY, run text NOT NULL, state text NOT NULL, n integer, turn integer, error text, at bigint NOT NULL,
    tx xid8 NOT NULL DEFAULT pg_current_xact_id()
  )`,
  `CREATE INDEX settled_tx ON settled (run, tx)`
]

/**
 * What the table of the queue needs beside its own: the items of a run are removed with it, and no look into the queue reads more
 * rows than it takes. Whoever looks for an item reads in the order of `visible_at`, so that one which is taken goes behind those
 * that wait, until its lease ends. The last index is empty: each worker looks four times a lease for items that it would have.
 */
const additions = [
  `CREATE INDEX IF NOT EXISTS queue_run ON ${table} (split_part(id, '/', 1))`,
  `CREATE OR REPLACE FUNCTION queue_lease() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF NEW.acquired_at IS NOT NULL THEN
      NEW.visible_at := NEW.acquired_at + coalesce(current_setting('fanfold.lease', true), '${lease}')::interval;
    ELSIF NEW.visible_at = OLD.visible_at THEN
      NEW.visible_at := OLD.created_at;
    END IF;
    RETURN NEW;
  END $$`,
  `CREATE OR REPLACE TRIGGER queue_lease BEFORE UPDATE ON ${table} FOR EACH ROW
    WHEN (NEW.acquired_at IS DISTINCT FROM OLD.acquired_at) EXECUTE FUNCTION queue_lease()`,
  `CREATE INDEX IF NOT EXISTS queue_exhausted ON ${table} (queue_name) WHERE state = 'pending' AND attempts >= ${maxAttempts}`
]

/** Creates the table of the queue, or upgrades it; to be run by the owner of the tables. */
export const create: Effect.Effect<void, SqlError, SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient
  yield* Effect.scoped(storeOf(yield* leaseOf(sql)))
  // Of two processes that create the same at once, one would fail.
  const add = Effect.forEach(
    [`SELECT pg_advisory_xact_lock(hashtext('fanfold ${table}'))`, ...additions],
    (statement) => sql.unsafe(statement),
    {
      discard: true
    }
  )
  yield* sql.withTransaction(add)
})

const storeOf = (leaseSeconds: number) =>
  PersistedQueue.makeStoreSql({
    tableName: table,
    pollInterval,
    lockRefreshInterval: (leaseSeconds * 1000) / renewals,
    lockExpiration: leaseSeconds * 1000
  })

const leaseOf = (sql: SqlClient): Effect.Effect<number, SqlError> =>
  Effect.map(sql.unsafe<{ readonly seconds: number }>(leaseSql, [lease]), ([row]) => Math.max(1, row!.seconds))

const decodeEvent = Schema.decodeUnknownResult(Schema.fromJsonString(Event))

/** Removes the items of runs, and how they ended. Workers stop what they have of them. */
export const clear = Effect.fnUntraced(function* (sql: SqlClient, runs: ReadonlyArray<string>) {
  yield* sql.unsafe(`DELETE FROM ${table} WHERE split_part(id, '/', 1) = ANY($1::text[])`, [runs])
  yield* sql.unsafe("DELETE FROM settled WHERE run = ANY($1::text[])", [runs])
})

/** `failed`: a process of another version could not read it. */
const claimSql = `
  UPDATE ${table} SET state = 'completed', acquired_at = NULL, acquired_by = NULL, updated_at = now()
  WHERE sequence IN (
    SELECT sequence FROM ${table}
    WHERE id = ANY($1::text[]) AND state IN ('pending', 'failed')
      AND (acquired_at IS NULL OR acquired_at < now() - make_interval(secs => $3))
    ORDER BY sequence DESC LIMIT $2 FOR UPDATE SKIP LOCKED
  ) RETURNING id, attempts`

const offeredSql = `
  SELECT q.id FROM request_key k
  JOIN entry e ON e.request = k.request AND e.ordinal = $2
  JOIN ${table} q ON q.id = concat(e.run, '/', e.n, '/', $3::integer, '/', $4::text)
  LEFT JOIN settled s ON s.item = q.id
  WHERE k.key = $1 AND k.version = ${version} AND e.run = ANY($5::text[])
    AND (s.state = 'Replied' OR (s.state IS NULL AND q.state = 'pending'))
  LIMIT 1`

const unwantedSql = `
  SELECT i.item FROM unnest($1::text[]) AS i(item)
  WHERE EXISTS (SELECT 1 FROM settled s WHERE s.item = i.item) OR NOT EXISTS (SELECT 1 FROM ${table} q WHERE q.id = i.item)`

/** All that the statement's snapshot shows and that of the position did not, and the statement's snapshot itself as a row. */
const addedSql = `
  SELECT 0 AS kind, NULL::bigint AS seq, pg_current_snapshot()::text AS item, NULL AS state, NULL AS error, NULL AS reply,
    NULL::bigint AS at
  UNION ALL
  SELECT 1, e.seq, e.event, NULL, NULL, NULL, NULL FROM event e
  WHERE e.run = $1 AND e.writer <> $4 AND e.tx >= pg_snapshot_xmin($3::pg_snapshot)
    AND NOT pg_visible_in_snapshot(e.tx, $3::pg_snapshot)
  UNION ALL
  SELECT 2, NULL, ${Settled.columns} FROM ${Settled.from}
  WHERE s.run = ANY($2::text[]) AND s.tx >= pg_snapshot_xmin($3::pg_snapshot)
    AND NOT pg_visible_in_snapshot(s.tx, $3::pg_snapshot)
  ORDER BY kind, seq`

interface AddedRow extends Settled.SettledRow {
  readonly kind: number
}

/** What a journal offers to several machines. `writer`: the mark of the events that this process adds itself. */
export const make = Effect.fnUntraced(function* (
  sql: SqlClient,
  place: string,
  writer: string
): Effect.fn.Return<Omit<Shared, "register" | "watch">, JournalError, Scope.Scope> {
  const at = (what: string) => Effect.mapError((error: SqlError) => Failure.errorAt(place, what, error))
  const reading = at("cannot be read")
  const leaseSeconds = yield* at("cannot be used")(leaseOf(sql))
  const queue = yield* storeOf(leaseSeconds).pipe(
    Effect.provideService(SqlClient, sql),
    // It tries again by itself, and would log each time.
    Effect.provideService(References.MinimumLogLevel, "None"),
    at("cannot be used"),
    Effect.catchDefect((defect) =>
      Effect.fail(
        isSqlError(defect)
          ? Failure.errorAt(place, "cannot be used", defect)
          : new JournalError({ message: `the queue of the journal ${place} cannot be used: ${String(defect)}` })
      )
    )
  )
  return {
    queue,
    claim: (items, max) =>
      Effect.map(
        at("cannot be written")(
          sql.unsafe<{ readonly id: string; readonly attempts: number }>(claimSql, [items, max, leaseSeconds])
        ),
        (rows) => rows.map(({ attempts, id }): Claimed => ({ item: id, takes: attempts }))
      ),
    settled: (items) =>
      Effect.map(
        reading(
          sql.unsafe<Settled.SettledRow>(
            `SELECT ${Settled.columns} FROM ${Settled.from} WHERE s.item = ANY($1::text[])`,
            [items]
          )
        ),
        (rows) => rows.flatMap(Settled.of)
      ),
    unwanted: (items) =>
      Effect.map(reading(sql.unsafe<{ readonly item: string }>(unwantedSql, [items])), (rows) =>
        rows.map(({ item }) => item)
      ),
    offered: ({ key, ordinal }, turn, runs) =>
      Effect.map(
        reading(sql.unsafe<{ readonly id: string }>(offeredSql, [key, ordinal, turn.turn, turn.key, runs])),
        ([row]) => row?.id
      ),
    texts: (hashes) =>
      Effect.map(
        reading(
          sql.unsafe<{ readonly hash: string; readonly body: string }>(
            "SELECT hash, body FROM text WHERE hash = ANY($1::text[])",
            [hashes]
          )
        ),
        (rows) => new Map(rows.map(({ body, hash }) => [hash, JSON.parse(body) as string]))
      ),
    position: Effect.map(
      reading(sql.unsafe<{ readonly now: string }>("SELECT pg_current_snapshot()::text AS now")),
      ([row]) => row!.now
    ),
    added: (runs, since) =>
      Effect.map(reading(sql.unsafe<AddedRow>(addedSql, [runs[0], runs, since, writer])), (rows) => ({
        position: rows[0]!.item,
        events: rows.flatMap(({ item, kind }) => {
          const decoded = kind === 1 ? decodeEvent(item) : undefined
          return decoded !== undefined && Result.isSuccess(decoded) ? [decoded.success] : []
        }),
        settled: rows.flatMap((row) => (row.kind === 2 ? Settled.of(row) : []))
      }))
  }
})
