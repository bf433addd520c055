/** Finds what earlier runs have: the answer of a request, and what they brought and cost together. */
import { Effect } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { type InFlight, type Known, type Progress, requestName, type Reusable } from "../Journal.ts"
import { replyOf } from "../Replies.ts"
import { version } from "../RequestKey.ts"

const findSql = `
  SELECT t.run, t.n, e.run AS own_run, e.n AS own_n, t.turn, t.key, t.reply, t.at,
    EXISTS (SELECT 1 FROM turn m WHERE m.run = t.run AND m.n = t.n AND m.turn > 0)
      OR (e.from_run IS NOT NULL AND EXISTS (SELECT 1 FROM turn m WHERE m.run = e.run AND m.n = e.n)) AS has_more
  FROM request_key k
  JOIN entry e ON e.request = k.request AND e.ordinal = $1
  JOIN run r ON r.id = e.run
  JOIN turn t ON t.run = coalesce(e.from_run, e.run) AND t.n = coalesce(e.from_n, e.n) AND t.turn = 0
  LEFT JOIN entry_end x ON x.run = e.run AND x.n = e.n
  WHERE k.key = $2 AND k.version = ${version} AND r.source = $3 AND x.state IS DISTINCT FROM 'failed'
    AND (r.id = ANY($4::text[]) OR (x.state = 'answered' AND t.at >= $5::bigint))
  ORDER BY x.state IS DISTINCT FROM 'answered', t.at DESC LIMIT 1`

const turnsSql = `
  SELECT turn, key, reply, at FROM turn
  WHERE (run = $1 AND n = $2) OR (run = $3 AND n = $4) ORDER BY turn, run = $3 AND n = $4`

interface TurnRow {
  readonly turn: number
  readonly key: string
  readonly reply: string
  readonly at: bigint
}

interface FoundRow extends TurnRow {
  readonly run: string
  readonly n: number
  readonly own_run: string
  readonly own_n: number
  readonly has_more: boolean
}

const turnsOf = (rows: ReadonlyArray<TurnRow>): Known["turns"] => {
  const turns: Array<Known["turns"][number]> = []
  for (const { at, key, reply: json, turn } of rows) {
    const reply = replyOf(json)
    // What follows a turn that cannot be read is of no use either.
    if (reply === undefined) break
    turns[turn] = { key, reply, at: Number(at) }
  }
  return turns
}

/** Where no time is given, only the answers of `runs` count. */
export const find = Effect.fnUntraced(function* (
  sql: SqlClient,
  key: string,
  ordinal: number,
  { runs, since, source }: Reusable
): Effect.fn.Return<Known | undefined, SqlError> {
  const never = Number.MAX_SAFE_INTEGER
  const [found] = yield* sql.unsafe<FoundRow>(findSql, [ordinal, key, source, runs, Math.trunc(since ?? never)])
  if (found === undefined) return undefined
  const { has_more, n, own_n, own_run, run } = found
  const rows = has_more ? yield* sql.unsafe<TurnRow>(turnsSql, [run, n, own_run, own_n]) : [found]
  const turns = turnsOf(rows)
  return turns.length === 0 ? undefined : { run, entry: n, turns }
})

/** A reply that was kept last before a process was killed has no end yet, and is an answer unless it was asked for once more. */
const answeredSql = `
  SELECT DISTINCT k.key, e.ordinal
  FROM entry e JOIN request_key k ON k.request = e.request AND k.version = ${version}
  LEFT JOIN entry_end x ON x.run = e.run AND x.n = e.n
  WHERE e.part = 'ask' AND e.run = ANY($1::text[]) AND (x.state = 'answered' OR (
    x.state IS NULL
    AND (
      SELECT t.stop_reason IN ('end_turn', 'stop_sequence') FROM turn t
      WHERE t.run = coalesce(e.from_run, e.run) AND t.n = coalesce(e.from_n, e.n) ORDER BY t.turn DESC LIMIT 1
    )
    AND NOT EXISTS (SELECT 1 FROM event v WHERE v.run = e.run AND v.ask = e.ask AND v.tag = 'Reasked')
  ))`

/**
 * The attempts of each ask of a run. `open`: those whose end is not known, as a call that was stopped on its way, by Ctrl-C too,
 * may have been paid; but none where the run, or one that has gone on with it, has the answer.
 */
const attemptsSql = `
  WITH attempt AS (
    SELECT run, ask, part, bool_or(tag = 'Answered') AS is_answered,
      sum(CASE WHEN tag = 'Dispatched' THEN 1 WHEN tag = 'Answered' OR reason = 'Interrupted' THEN 0 ELSE -1 END) AS open,
      sum(cost_usd) AS usd, count(*) FILTER (WHERE tag <> 'Answered' AND has_usage AND cost_usd IS NULL) AS unpriced
    FROM event
    WHERE run = ANY($1::text[]) AND tag IN ('Dispatched', 'Replied', 'AttemptFailed', 'Answered')
    GROUP BY run, ask, part
  )
  SELECT a.run, a.ask, a.part, a.usd, a.unpriced, CASE WHEN a.is_answered OR EXISTS (
    SELECT 1 FROM entry e JOIN entry o ON o.request = e.request AND o.ordinal = e.ordinal AND o.run <> e.run
    JOIN turn t ON t.run = o.run AND t.n = o.n
    WHERE a.open > 0 AND e.run = a.run AND e.ask = a.ask AND e.part = a.part AND o.run = ANY($1::text[])
  ) THEN 0 ELSE a.open END AS open
  FROM attempt a`

const requestSql = `
  SELECT k.key, e.ordinal FROM entry e JOIN request_key k ON k.request = e.request AND k.version = ${version}
  WHERE e.run = $1 AND e.ask = $2 AND e.part = $3 LIMIT 1`

interface RequestRow {
  readonly key: string
  readonly ordinal: number
}

interface AttemptRow extends Pick<InFlight, "ask" | "part"> {
  readonly run: string
  readonly usd: number | null
  readonly unpriced: bigint
  readonly open: bigint
}

const nameOf = (row: RequestRow | undefined): string => requestName(row?.key ?? "", row?.ordinal ?? 0)

/** What runs have brought and cost together. */
export const progress = Effect.fnUntraced(function* (
  sql: SqlClient,
  runs: ReadonlyArray<string>
): Effect.fn.Return<Progress, SqlError> {
  const attempts = yield* sql.unsafe<AttemptRow>(attemptsSql, [runs])
  const answered = yield* sql.unsafe<RequestRow>(answeredSql, [runs])
  const isPriced = attempts.every(({ unpriced }) => Number(unpriced) === 0)
  const inFlight = yield* Effect.forEach(
    attempts.filter(({ open }) => Number(open) > 0),
    ({ ask, open, part, run }) =>
      Effect.map(sql.unsafe<RequestRow>(requestSql, [run, ask, part]), ([row]) =>
        Array.from({ length: Number(open) }, (): InFlight => ({ ask, part, request: nameOf(row) }))
      )
  )
  return {
    answered: new Set(answered.map(nameOf)),
    costUsd: isPriced ? attempts.reduce((sum, { usd }) => sum + (usd ?? 0), 0) : undefined,
    inFlight: inFlight.flat()
  }
})
