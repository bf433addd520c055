/** The rows of a journal as one statement writes them: all of them, or none. */
import type { Event } from "../../claude/Event.ts"
import type { Row } from "../Journal.ts"
import { version } from "../RequestKey.ts"
import { settledOf } from "./Settled.ts"

/** A row of a run; `n` numbers the rows of its writer. */
export interface Numbered {
  readonly run: string
  readonly n: number
  readonly row: Row
}

/** What the JSON of the parameters is read as. */
const columns = {
  text: "hash text, body text",
  request: "id text, key text, json text",
  requestText: "request text, key text, hash text",
  entry:
    "run text, n integer, ask text, part text, key text, ordinal integer, at bigint, from_run text, from_n integer, id text",
  turn: "run text, n integer, turn integer, key text, stop_reason text, reply text, at bigint",
  end: "run text, n integer, state text, at bigint",
  settled: "item text, run text, state text, n integer, turn integer, error text, at bigint",
  event:
    "run text, writer text, n integer, tag text, ask text, part text, reason text, cost_usd double precision, has_usage boolean, event text"
}

type Table = keyof typeof columns
const tables = Object.keys(columns) as ReadonlyArray<Table>

const given = (table: Table): string => `json_to_recordset($${tables.indexOf(table) + 1}::json) AS g(${columns[table]})`

const isNewRequest = `NOT EXISTS (SELECT 1 FROM request_key k WHERE k.key = g.key AND k.version = ${version})`

/**
 * A row that is there stays as it is: whoever lost its connection writes its rows once more. The locks of tables are taken
 * before the statement sees anything, so that it waits for whoever forgets runs, and writes what that has removed.
 */
export const sql = `
  WITH texts AS (INSERT INTO text SELECT hash, body FROM ${given("text")} ORDER BY hash ON CONFLICT DO NOTHING),
  requests AS (
    INSERT INTO request SELECT id, ${version}, json FROM ${given("request")} WHERE ${isNewRequest} ORDER BY id ON CONFLICT DO NOTHING
  ),
  keys AS (
    INSERT INTO request_key SELECT key, ${version}, id FROM ${given("request")} WHERE ${isNewRequest} ORDER BY id
    ON CONFLICT DO NOTHING
  ),
  request_texts AS (
    INSERT INTO request_text SELECT request, hash FROM ${given("requestText")} WHERE ${isNewRequest} ORDER BY request, hash
    ON CONFLICT DO NOTHING
  ),
  entries AS (
    INSERT INTO entry (run, n, ask, part, request, ordinal, at, from_run, from_n)
    SELECT run, n, ask, part,
      coalesce((SELECT k.request FROM request_key k WHERE k.key = g.key AND k.version = ${version} LIMIT 1), id),
      ordinal, at, from_run, from_n
    FROM ${given("entry")} ON CONFLICT DO NOTHING
  ),
  turns AS (
    INSERT INTO turn (run, n, turn, key, stop_reason, reply, at)
    SELECT run, n, turn, key, stop_reason, reply, at FROM ${given("turn")} ON CONFLICT DO NOTHING
  ),
  ends AS (
    INSERT INTO entry_end (run, n, state, at) SELECT run, n, state, at FROM ${given("end")} ON CONFLICT DO NOTHING
  ),
  settled_items AS (
    INSERT INTO settled (item, run, state, n, turn, error, at)
    SELECT item, run, state, n, turn, error, at FROM ${given("settled")} ON CONFLICT DO NOTHING
  )
  INSERT INTO event (run, writer, n, tag, ask, part, reason, cost_usd, has_usage, event)
  SELECT run, writer, n, tag, ask, part, reason, cost_usd, has_usage, event FROM ${given("event")} ON CONFLICT DO NOTHING`

/**
 * The parameters of the statement, and the hashes of the texts among them. `writer` tells the events of one process from those of
 * others; `known`: hashes of texts that are there.
 */
export const parametersOf = (
  writer: string,
  rows: ReadonlyArray<Numbered>,
  known: ReadonlySet<string>
): { readonly parameters: ReadonlyArray<string>; readonly texts: ReadonlyArray<string> } => {
  const values: Record<Table, Array<object>> = {
    text: [],
    request: [],
    requestText: [],
    entry: [],
    turn: [],
    end: [],
    settled: [],
    event: []
  }
  const texts = new Map<string, string>()
  const requests = new Set<string>()
  for (const { n, row, run } of rows) {
    switch (row._tag) {
      case "Entry": {
        const { ask, at, entry, known: taken, ordinal, part, request } = row
        const id = `${version}:${request.key}`
        const from = { from_run: taken?.run, from_n: taken?.entry }
        values.entry.push({ run, n: entry, ask, part, key: request.key, ordinal, at: Math.trunc(at), ...from, id })
        if (requests.has(id)) break
        requests.add(id)
        values.request.push({ id, key: request.key, json: request.json })
        for (const [hash, text] of request.texts) {
          if (!known.has(hash)) texts.set(hash, text)
          values.requestText.push({ request: id, key: request.key, hash })
        }
        break
      }
      case "Turn": {
        const { at, entry, key, reply, turn } = row
        // The headers of a response are of its delivery.
        const json = JSON.stringify({ ...reply, headers: {} })
        values.turn.push({ run, n: entry, turn, key, stop_reason: reply.stopReason, reply: json, at: Math.trunc(at) })
        break
      }
      case "End":
        values.end.push({ run, n: row.entry, state: row.state, at: Math.trunc(row.at) })
        break
      case "Settled":
        values.settled.push(settledOf(run, row))
        break
      case "Event":
        values.event.push({ run, writer, n, ...columnsOf(row.event), event: JSON.stringify(row.event) })
    }
  }
  for (const [hash, text] of texts) values.text.push({ hash, body: JSON.stringify(text) })
  return { parameters: tables.map((table) => JSON.stringify(values[table])), texts: [...texts.keys()] }
}

/** What is searched of an event. */
const columnsOf = (event: Event): object => ({
  tag: event._tag,
  ask: event.ask,
  part: event.part,
  reason: "reason" in event ? event.reason : undefined,
  cost_usd: "costUsd" in event ? event.costUsd : undefined,
  has_usage: "usage" in event
})
