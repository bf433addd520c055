/** Finds the answer of a request in the file. A run that goes on with another one makes thousands of searches at once. */
import type { Known, Reusable } from "../Journal.ts"
import { replyOf } from "../Replies.ts"
import { version } from "../RequestKey.ts"
import type { DatabaseSync, StatementSync } from "./Database.ts"

/** A row as an array: an object of it takes longer than all else that is not SQLite. */
type Turn = readonly [turn: number, key: string, reply: string, at: number]
type Found = readonly [...Turn, run: string, n: number, ownRun: string, ownN: number, hasMore: number, latest: number]

/**
 * The latest of the entries with an answer, or of all where none has one. `max` gives the other columns of its row, without the
 * table that SQLite would make to sort. One placeholder a run: a search takes half the time that it takes with `json_each`. The
 * runs are of the source already.
 */
const findSql = (runs: number): string => `
  SELECT t.turn, t.key, t.reply, t.at, t.run, t.n, e.run, e.n,
    EXISTS (SELECT 1 FROM turn m WHERE m.run = t.run AND m.n = t.n AND m.turn > 0)
      OR (e.from_run IS NOT NULL AND EXISTS (SELECT 1 FROM turn m WHERE m.run = e.run AND m.n = e.n)),
    max((x.state IS 'answered') * 1e15 + t.at)
  FROM request_key k
  JOIN entry e ON e.request = k.request AND e.ordinal = ?
  JOIN turn t ON t.run = coalesce(e.from_run, e.run) AND t.n = coalesce(e.from_n, e.n) AND t.turn = 0
  LEFT JOIN entry_end x ON x.run = e.run AND x.n = e.n
  WHERE k.key = ? AND k.version = ${version} AND (x.state IS NULL OR x.state <> 'failed')
    AND (e.run IN (${Array.from({ length: runs }, () => "?").join()}) OR (
      x.state = 'answered' AND t.at >= ? AND (SELECT source FROM run WHERE id = e.run) = ?
    ))`

const turnsSql = `
  SELECT turn, key, reply, at FROM turn WHERE (run = ? AND n = ?) OR (run = ? AND n = ?) ORDER BY turn, run = ? AND n = ?`

/** The answer of a request, and the nth of equal ones, if it is there. */
export const of = (database: DatabaseSync): ((key: string, ordinal: number, from: Reusable) => Known | undefined) => {
  const prepared = (sql: string): StatementSync => {
    const statement = database.prepare(sql)
    statement.setReturnArrays(true)
    return statement
  }
  /** By the number of runs whose answers count. */
  const searches = new Map<number, StatementSync>()
  let allTurns: StatementSync | undefined

  /** The turns that were found with the first one, and where there are more of them, all. */
  const turnsOf = ([turn, key, json, at, run, n, ownRun, ownN, hasMore]: Found): Known["turns"] => {
    const own = [ownRun, ownN] as const
    const rows = (hasMore === 0
      ? [[turn, key, json, at]]
      : (allTurns ??= prepared(turnsSql)).all(run, n, ...own, ...own)) as unknown as ReadonlyArray<Turn>
    const turns: Array<Known["turns"][number]> = []
    for (const [turn, key, json, at] of rows) {
      const reply = replyOf(json)
      // What follows a turn that cannot be read is of no use either.
      if (reply === undefined) break
      turns[turn] = { key, reply, at }
    }
    return turns
  }

  return (key, ordinal, { runs, since, source }) => {
    const never = Number.MAX_SAFE_INTEGER
    const statement = searches.get(runs.length) ?? prepared(findSql(runs.length))
    searches.set(runs.length, statement)
    const earliest = since === undefined ? never : Math.trunc(since)
    const found = statement.get(ordinal, key, ...runs, earliest, source) as unknown as Found
    const [, , , , run, entry] = found
    // An aggregate gives a row of nulls where it found nothing.
    const turns = run === null ? [] : turnsOf(found)
    return turns.length === 0 ? undefined : { run, entry, turns }
  }
}
