/** Gives the requests of an older fanfold the keys of this one, so that their answers are found. */
import { Effect, Result } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as RequestKey from "../RequestKey.ts"

/** How many requests are read at a time. */
const group = 500

const oldSql = `
  SELECT q.id, q.json, coalesce(json_object_agg(x.hash, x.body) FILTER (WHERE x.hash IS NOT NULL), '{}')::text AS texts
  FROM (SELECT id, json FROM request WHERE version < $1 ORDER BY id LIMIT ${group}) q
  LEFT JOIN request_text t ON t.request = q.id LEFT JOIN text x ON x.hash = t.hash GROUP BY q.id, q.json`

const writeSql = `
  WITH keys AS (
    INSERT INTO request_key SELECT g.key, $1, g.id FROM json_to_recordset($2::json) AS g(id text, key text)
    WHERE g.key IS NOT NULL ON CONFLICT DO NOTHING
  )
  UPDATE request SET version = $1 WHERE id IN (SELECT id FROM json_to_recordset($2::json) AS g(id text, key text))`

interface Old {
  readonly id: string
  readonly json: string
  /** By hash; each is JSON itself. */
  readonly texts: string
}

/** Requests without a key of this version get one, computed from what was stored. One that cannot be read gets none. */
export const addKeys = Effect.fnUntraced(function* (
  sql: SqlClient,
  keyOf = RequestKey.of,
  version = RequestKey.version
): Effect.fn.Return<void, SqlError> {
  for (;;) {
    const old = yield* sql.unsafe<Old>(oldSql, [version])
    if (old.length === 0) return
    const keyed = old.map(({ id, json, texts }) => {
      const key = Result.try(() => {
        const bodies = JSON.parse(texts) as Readonly<Record<string, string>>
        const { others, request } = RequestKey.read(json, (hash) => JSON.parse(bodies[hash]!) as string)
        return keyOf(request, others).key
      })
      return { id, key: Result.getOrUndefined(key) }
    })
    yield* sql.unsafe(writeSql, [version, JSON.stringify(keyed)])
  }
})
