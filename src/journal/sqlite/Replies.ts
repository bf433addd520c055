/** Reads the turns of a run's asks, also those that it has taken over from another run. */
import type { TurnRow } from "../Replies.ts"
import type { DatabaseSync } from "./Database.ts"

const sql = `
  SELECT e.n, e.ask, e.part, q.json -> '$.fields.answerSchema' IS NOT NULL AS is_structured, t.reply
  FROM entry e JOIN request q ON q.id = e.request
  JOIN turn t ON (t.run = e.run AND t.n = e.n) OR (t.run = e.from_run AND t.n = e.from_n)
  WHERE e.run = ? ORDER BY e.n, t.turn, t.run = e.run`

export const turnsOf = (database: DatabaseSync, run: string): ReadonlyArray<TurnRow> =>
  database
    .prepare(sql)
    .all(run)
    .map(({ ask, is_structured, n, part, reply }) => ({
      entry: Number(n),
      ask: String(ask),
      part: part as TurnRow["part"],
      isStructured: Number(is_structured) !== 0,
      reply: String(reply)
    }))
