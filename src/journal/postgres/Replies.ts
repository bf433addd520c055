/** Reads the turns of a run's asks, also those that it has taken over from another run, or that workers have added. */
import { Effect } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { TurnRow } from "../Replies.ts"

const sql = `
  SELECT e.n AS entry, e.ask, e.part, (q.json::json -> 'fields' -> 'answerSchema') IS NOT NULL AS is_structured, t.reply
  FROM entry e JOIN request q ON q.id = e.request
  JOIN turn t ON (t.run = e.run AND t.n = e.n) OR (t.run = e.from_run AND t.n = e.from_n)
  WHERE e.run = $1 ORDER BY e.n, t.turn, t.run = e.run`

export const turnsOf = (client: SqlClient, run: string): Effect.Effect<ReadonlyArray<TurnRow>, SqlError> =>
  Effect.map(client.unsafe<Omit<TurnRow, "isStructured"> & { readonly is_structured: boolean }>(sql, [run]), (rows) =>
    rows.map(({ is_structured: isStructured, ...row }) => ({ ...row, isStructured }))
  )
