/** The events of a run in the database, which several processes may write: all of them, and those that were added since. */
import { Effect, Result, Schema } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { Event } from "../../claude/Event.ts"
import type { EventPosition, Followed, RunSummary } from "../Journal.ts"
import { isLiveSql } from "./RunList.ts"

interface Row {
  readonly event: string
}

const decodeEvent = Schema.decodeUnknownResult(Schema.fromJsonString(Event))

/** What is of another version is left out. */
const eventsOf = (rows: ReadonlyArray<Row>): ReadonlyArray<Event> =>
  rows.flatMap(({ event }) => {
    const decoded = decodeEvent(event)
    return Result.isSuccess(decoded) ? [decoded.success] : []
  })

/** Of a run without batches nothing. No event of another tag has this text, as quotes in its texts are escaped. */
const withBatches = `AND EXISTS (SELECT 1 FROM event WHERE run = $1 AND event LIKE '%"_tag":"Batch%')`

export const all = (sql: SqlClient, run: string, only?: "batches"): Effect.Effect<ReadonlyArray<Event>, SqlError> =>
  Effect.map(
    sql.unsafe<Row>(`SELECT event FROM event WHERE run = $1 ${only === undefined ? "" : withBatches} ORDER BY seq`, [
      run
    ]),
    eventsOf
  )

const stateSql = `
  SELECT d.state AS end, ${isLiveSql} AS live FROM run r LEFT JOIN run_end d ON d.run = r.id WHERE r.id = $1`

/** A position is a snapshot: numbers are given before a transaction ends, so that a lower one may appear after a higher one. */
const followSql = `
  SELECT pg_current_snapshot()::text AS event, NULL::bigint AS seq
  UNION ALL
  SELECT e.event, e.seq FROM event e
  WHERE e.run = $1 AND ($2::text IS NULL OR (e.tx >= pg_snapshot_xmin($2::pg_snapshot)
    AND NOT pg_visible_in_snapshot(e.tx, $2::pg_snapshot)))
  ORDER BY seq NULLS FIRST`

/** The state is read by a statement of its own, before the events: locks are seen as they are, and rows as they were. */
export const follow = Effect.fnUntraced(function* (
  sql: SqlClient,
  run: string,
  since?: EventPosition
): Effect.fn.Return<Followed, SqlError> {
  const [state] = yield* sql.unsafe<{ readonly end: RunSummary["end"] | null; readonly live: boolean }>(stateSql, [run])
  const [position, ...rows] = yield* sql.unsafe<Row>(followSql, [run, since ?? null])
  return {
    events: eventsOf(rows),
    position: position!.event,
    end: state?.end ?? undefined,
    isLive: state?.live ?? false
  }
})
