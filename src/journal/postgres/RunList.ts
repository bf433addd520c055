/** The runs in the database: which there are, which are alive, and beginning another one. */
import { Effect } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { BegunRun, NewRun, RunSummary } from "../Journal.ts"
import * as AskQueue from "./AskQueue.ts"
import { isLockedSql, isRestartedSql } from "./RunLocks.ts"

/** A run without an end is alive where a process holds its lock. */
export const isLiveSql = `(d.state IS NULL AND (${isRestartedSql} OR ${isLockedSql}))`

const summarySql = `
  SELECT r.*, d.state AS end, ${isLiveSql} AS live,
    (SELECT count(*) FROM entry e WHERE e.run = r.id) AS entries,
    (SELECT count(*) FROM entry_end x WHERE x.run = r.id AND x.state = 'answered') AS answered,
    (SELECT count(*) FROM entry_end x WHERE x.run = r.id AND x.state <> 'answered') AS failed
  FROM run r LEFT JOIN run_end d ON d.run = r.id`

interface Row {
  readonly id: string
  readonly plan: string
  readonly source: string
  readonly at: bigint
  readonly end: RunSummary["end"] | null
  readonly live: boolean
  readonly entries: bigint
  readonly answered: bigint
  readonly failed: bigint
}

const summaryOf = ({ answered, at, end, entries, failed, id, live, plan, source }: Row): RunSummary => ({
  id,
  plan,
  source,
  at: Number(at),
  end: end ?? undefined,
  isLive: live,
  answered: Number(answered),
  failed: Number(failed),
  entries: Number(entries)
})

/** All runs, the latest first. */
export const all = (sql: SqlClient): Effect.Effect<ReadonlyArray<RunSummary>, SqlError> =>
  Effect.map(sql.unsafe<Row>(`${summarySql} ORDER BY r.at DESC, r.n DESC`), (rows) => rows.map(summaryOf))

/** The runs of a plan that have no end, the latest first. */
const open = (sql: SqlClient, plan: string, source: string): Effect.Effect<ReadonlyArray<RunSummary>, SqlError> =>
  Effect.map(
    sql.unsafe<Row>(
      `${summarySql} WHERE d.state IS NULL AND r.plan = $1 AND r.source = $2 ORDER BY r.at DESC, r.n DESC`,
      [plan, source]
    ),
    (rows) => rows.map(summaryOf)
  )

/** Of the runs without an end, those that nobody goes on with: neither their own process, nor one that has resumed them. */
const idle = (sql: SqlClient, open: ReadonlyArray<RunSummary>): Effect.Effect<ReadonlyArray<string>, SqlError> => {
  const ids = open.map(({ id }) => id)
  const live = new Set(open.filter(({ isLive }) => isLive).map(({ id }) => id))
  return Effect.map(
    sql.unsafe<{ readonly run: string; readonly resumed_by: string }>(
      "SELECT run, resumed_by FROM run_resume WHERE run = ANY($1::text[])",
      [ids]
    ),
    (rows) => {
      const resumed = new Set(rows.flatMap(({ resumed_by, run }) => (live.has(resumed_by) ? [run] : [])))
      return ids.filter((id) => !live.has(id) && !resumed.has(id))
    }
  )
}

/** The unfinished runs of a plan that no process has open. */
export const unfinished = (sql: SqlClient, plan: string, source: string) =>
  Effect.flatMap(open(sql, plan, source), (runs) => idle(sql, runs))

/** Begins a run by its number, whose lock this process has. Processes that begin the same plan do so one after the other. */
export const begin = (
  sql: SqlClient,
  run: NewRun,
  n: number,
  { isAlone, resume }: { readonly resume: boolean; readonly isAlone: boolean }
): Effect.Effect<BegunRun | { readonly open: RunSummary }, SqlError> =>
  sql.withTransaction(
    Effect.gen(function* () {
      yield* sql.unsafe("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`fanfold ${run.plan} ${run.source}`])
      const unfinished = yield* open(sql, run.plan, run.source)
      const other = isAlone ? unfinished.find(({ isLive }) => isLive) : undefined
      if (other !== undefined) return { open: other }
      const resumed = resume ? yield* idle(sql, unfinished) : []
      yield* sql.unsafe("INSERT INTO run (id, n, plan, source, at) VALUES ($1, $2, $3, $4, $5)", [
        run.id,
        n,
        run.plan,
        run.source,
        Math.trunc(run.at)
      ])
      yield* sql.unsafe("INSERT INTO run_resume SELECT unnest($1::text[]), $2", [resumed, run.id])
      return { ...run, resumed }
    })
  )

/** A number for a run that is about to begin. */
export const nextNumber = (sql: SqlClient): Effect.Effect<number, SqlError> =>
  Effect.map(sql.unsafe<{ readonly n: number }>("SELECT nextval('run_n_seq')::integer AS n"), ([row]) => row!.n)

/** Ends a run, and those that it went on with. */
export const end = (sql: SqlClient, { id, resumed }: BegunRun, at: number): Effect.Effect<void, SqlError> =>
  Effect.andThen(
    sql.unsafe(
      `INSERT INTO run_end SELECT run, CASE run WHEN $1 THEN 'ended' ELSE 'resumed' END, $3
      FROM unnest($2::text[]) AS run ON CONFLICT DO NOTHING`,
      [id, [id, ...resumed], Math.trunc(at)]
    ),
    // Nobody waits for its asks any more.
    AskQueue.clear(sql, [id, ...resumed])
  )
