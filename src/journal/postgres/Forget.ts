/** Removes runs from the database. Its room is used again; giving it back to the disk is for its operator. */
import { Effect } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { TrimLimits } from "../Journal.ts"
import * as AskQueue from "./AskQueue.ts"
import * as Client from "./Client.ts"
import { isLiveSql } from "./RunList.ts"

/** Forgetting down to less than the limit, so that not every run has to forget one. */
const roomFactor = 0.9

/** How much of what is too much is forgotten at a time: a run has texts, too, of which others may have a part. */
const stepFactor = 0.5

/** The key of a run in each table that has rows of runs, but for turns: another run may have taken them over. */
const tables = { event: "run", entry_end: "run", entry: "run", run_end: "run", run_resume: "run", run: "id" }

const orphans = [
  "DELETE FROM run_resume WHERE NOT EXISTS (SELECT 1 FROM run r WHERE r.id = resumed_by)",
  `DELETE FROM turn t WHERE NOT EXISTS (SELECT 1 FROM run r WHERE r.id = t.run)
    AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.from_run = t.run AND e.from_n = t.n)`,
  "DELETE FROM request q WHERE NOT EXISTS (SELECT 1 FROM entry e WHERE e.request = q.id)",
  "DELETE FROM request_key k WHERE NOT EXISTS (SELECT 1 FROM request q WHERE q.id = k.request)",
  "DELETE FROM request_text x WHERE NOT EXISTS (SELECT 1 FROM request q WHERE q.id = x.request)",
  "DELETE FROM shared s WHERE s.name LIKE 'budget %' AND NOT EXISTS (SELECT 1 FROM run r WHERE s.name = 'budget ' || r.id)",
  "DELETE FROM text x WHERE NOT EXISTS (SELECT 1 FROM request_text q WHERE q.hash = x.hash)"
]

/** An open run, and the unfinished ones of its plan, whose answers it takes. */
const inUseSql = `
  SELECT r.id FROM run r LEFT JOIN run_end d ON d.run = r.id WHERE d.state IS NULL AND (r.plan, r.source) IN (
    SELECT r.plan, r.source FROM run r LEFT JOIN run_end d ON d.run = r.id WHERE ${isLiveSql}
  )`

/**
 * Removes runs, and the requests, texts and answers that no other run has, and gives those that it has removed. An open run
 * stays, and so do the unfinished ones of its plan, whose answers it takes.
 */
export const forget = (sql: SqlClient, runs: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<string>, SqlError> =>
  sql.withTransaction(
    Effect.gen(function* () {
      // Whoever writes waits: a request that no run had may be that of the next one.
      yield* sql.unsafe("LOCK TABLE entry IN SHARE ROW EXCLUSIVE MODE")
      const found = yield* sql.unsafe<{ readonly id: string }>(
        `SELECT id FROM run WHERE id = ANY($1::text[]) AND id NOT IN (${inUseSql}) ORDER BY at, n`,
        [runs]
      )
      const ids = found.map(({ id }) => id)
      if (ids.length === 0) return ids
      for (const [table, key] of Object.entries(tables)) {
        yield* sql.unsafe(`DELETE FROM ${table} WHERE ${key} = ANY($1::text[])`, [ids])
      }
      yield* AskQueue.clear(sql, ids)
      for (const statement of orphans) yield* sql.unsafe(statement)
      return ids
    })
  )

/** Removes runs that began before a time, and then the oldest until the rest fits; likewise. The latest run stays. */
export const trim = Effect.fnUntraced(function* (
  sql: SqlClient,
  { before, maxBytes }: TrimLimits
): Effect.fn.Return<ReadonlyArray<string>, SqlError> {
  const removed: Array<string> = []
  if (before !== undefined) {
    const old = yield* sql.unsafe<{ readonly id: string }>("SELECT id FROM run WHERE at < $1::bigint", [
      Math.trunc(before)
    ])
    if (old.length > 0)
      removed.push(
        ...(yield* forget(
          sql,
          old.map(({ id }) => id)
        ))
      )
  }
  // What was removed is still in the size of its tables, which is only a reason to look closer.
  if ((yield* bytesOf(sql)) <= maxBytes) return removed
  for (;;) {
    const [{ bytes } = { bytes: 0 }] = yield* sql.unsafe<{ readonly bytes: number }>(contentSql)
    if (bytes <= maxBytes) return removed
    const excess = (bytes - maxBytes * roomFactor) * stepFactor
    const oldest = yield* sql.unsafe<{ readonly id: string }>(oldestSql, [excess])
    const more = yield* forget(
      sql,
      oldest.map(({ id }) => id)
    )
    if (more.length === 0) return removed
    removed.push(...more)
  }
})

/** What is in the tables, without what they take beside it. */
const contentSql = `
  SELECT (SELECT coalesce(sum(octet_length(event)), 0) FROM event) + (SELECT coalesce(sum(octet_length(reply)), 0) FROM turn)
    + (SELECT coalesce(sum(octet_length(body)), 0) FROM text) + (SELECT coalesce(sum(octet_length(json)), 0) FROM request)::float8
    AS bytes`

/** The oldest runs that have $1 bytes together, or all but the latest. */
const oldestSql = `
  WITH own AS (
    SELECT r.id, r.at, r.n, coalesce((SELECT sum(octet_length(v.event)) FROM event v WHERE v.run = r.id), 0)
      + coalesce((SELECT sum(octet_length(t.reply)) FROM turn t WHERE t.run = r.id), 0) AS bytes
    FROM run r WHERE r.id NOT IN (${inUseSql})
  ),
  summed AS (SELECT *, sum(bytes) OVER (ORDER BY at, n) - bytes AS before FROM own)
  SELECT id FROM summed WHERE before < $1::float8 AND id <> (SELECT id FROM run ORDER BY at DESC, n DESC LIMIT 1)
  ORDER BY at, n`

/** What its tables and their indexes take on the disk. */
export const bytesOf = (sql: SqlClient): Effect.Effect<number, SqlError> =>
  Effect.map(
    sql.unsafe<{ readonly bytes: bigint | null }>(
      `SELECT sum(pg_total_relation_size(c.oid))::bigint AS bytes FROM pg_class c
      WHERE c.relkind = 'r' AND c.relnamespace = to_regnamespace('${Client.schema}')`
    ),
    ([row]) => Number(row?.bytes ?? 0)
  )
