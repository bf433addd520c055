/** Reads the turns of a run's asks, also those that it has taken over from another run, or that workers have added. */
import { Effect } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { TurnRow } from "../Replies.ts"

const sql = `
  SELECT e.n AS entry, e.ask, e.part, (q.json::json -> 'fields' -> 'answerSchema') IS NOT NULL AS is_structured, t.reply, t.run, t.at
  FROM entry e JOIN request q ON q.id = e.request
  JOIN turn t ON (t.run = e.run AND t.n = e.n) OR (t.run = e.from_run AND t.n = e.from_n)
  WHERE e.run = $1 AND ($2::text[] IS NULL OR e.ask = ANY ($2::text[])) ORDER BY e.n, t.turn, t.run = e.run`

/** The driver gives integers of 64 bits as text. */
type Found = Omit<TurnRow, "isStructured" | "at"> & { readonly is_structured: boolean; readonly at: string }

/** `asks`: of these alone; of all where none is given. */
export const turnsOf = (
  client: SqlClient,
  run: string,
  asks?: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<TurnRow>, SqlError> =>
  Effect.map(client.unsafe<Found>(sql, [run, asks ?? null]), (rows) =>
    rows.map(({ at, is_structured: isStructured, ...row }) => ({ ...row, isStructured, at: Number(at) }))
  )
