/** Reads the turns of a run's asks, also those that it has taken over from another run. */
import type { TurnRow } from "../Replies.ts"
import type { DatabaseSync } from "./Database.ts"

const sql = `
  SELECT e.n, e.ask, e.part, q.json -> '$.fields.answerSchema' IS NOT NULL AS is_structured, t.reply, t.run, t.at
  FROM entry e JOIN request q ON q.id = e.request
  JOIN turn t ON (t.run = e.run AND t.n = e.n) OR (t.run = e.from_run AND t.n = e.from_n)
  WHERE e.run = ?1 AND (?2 IS NULL OR e.ask IN (SELECT value FROM json_each(?2))) ORDER BY e.n, t.turn, t.run = e.run`

/** `asks`: of these alone; of all where none is given. */
export const turnsOf = (database: DatabaseSync, run: string, asks?: ReadonlyArray<string>): ReadonlyArray<TurnRow> =>
  database
    .prepare(sql)
    .all(run, asks === undefined ? null : JSON.stringify(asks))
    .map(({ ask, at, is_structured, n, part, reply, run }) => ({
      entry: Number(n),
      ask: String(ask),
      part: part as TurnRow["part"],
      isStructured: Number(is_structured) !== 0,
      reply: String(reply),
      run: String(run),
      at: Number(at)
    }))
