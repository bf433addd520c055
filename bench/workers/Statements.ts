/** What a server has done, by `pg_stat_statements`: how many statements, and how long they took in it. */
import type { Server } from "../harness/PostgresServer.ts"

/** Settings of a server whose statements are counted. */
export const settings = ["shared_preload_libraries=pg_stat_statements", "pg_stat_statements.max=1000"]

export interface Statements {
  readonly calls: number
  /** Those that changed something. */
  readonly writes: number
  /** In the server: without the way there and back. */
  readonly millis: number
}

/** Prepares a server with such settings. */
export const prepare = ({ sql }: Server): void => void sql("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")

export const reset = ({ sql }: Server): void => void sql("SELECT pg_stat_statements_reset()")

/** What was done in a database since the last reset, in statements that have `text`. */
export const of = ({ sql }: Server, database: string, text = ""): Statements => {
  const [calls, millis, writes] = sql(
    `SELECT coalesce(sum(calls), 0), coalesce(sum(total_exec_time), 0), coalesce(sum(calls) FILTER (WHERE wal_records > 0), 0)
    FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
    WHERE d.datname = '${database}' AND position('${text}' IN query) > 0`
  )
    .split("|")
    .map(Number)
  return { calls: calls!, millis: millis!, writes: writes! }
}
