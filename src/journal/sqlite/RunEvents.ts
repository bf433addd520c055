/** The events of a run in the file: all of them, also only where it has batches, and those that were added since a position. */
import { Result, Schema } from "effect"
import { Event } from "../../claude/Event.ts"
import type { EventPosition, Followed } from "../Journal.ts"
import type { DatabaseSync } from "./Database.ts"

const decodeEvent = Schema.decodeUnknownResult(Schema.fromJsonString(Event))

/** What is of another version is left out. */
const eventsOf = (rows: ReadonlyArray<Readonly<Record<string, unknown>>>): ReadonlyArray<Event> =>
  rows.flatMap(({ event }) => {
    const decoded = decodeEvent(event)
    return Result.isSuccess(decoded) ? [decoded.success] : []
  })

/** Of a run without batches nothing. No event of another tag has this text, as quotes in its texts are escaped. */
const withBatches = `AND EXISTS (SELECT 1 FROM event WHERE run = ?1 AND event LIKE '%"_tag":"Batch%')`

export const all = (database: DatabaseSync, run: string, only?: "batches"): ReadonlyArray<Event> =>
  eventsOf(
    database
      .prepare(`SELECT event FROM event WHERE run = ?1 ${only === undefined ? "" : withBatches} ORDER BY n`)
      .all(run)
  )

export const since = (
  database: DatabaseSync,
  run: string,
  position: EventPosition = "-1"
): Pick<Followed, "events" | "position"> => {
  const rows = database
    .prepare("SELECT n, event FROM event WHERE run = ? AND n > ? ORDER BY n")
    .all(run, Number(position))
  return { events: eventsOf(rows), position: String(rows.at(-1)?.["n"] ?? position) }
}
