/** Gives the requests of an older fanfold the keys of this one, so that their answers are found. */
import { Result } from "effect"
import * as RequestKey from "../RequestKey.ts"
import { type DatabaseSync, transaction } from "./Database.ts"

/** Requests without a key of this version get one, computed from what was stored. One that cannot be read gets none. */
export const addKeys = (database: DatabaseSync, keyOf = RequestKey.of, version = RequestKey.version): void => {
  // A request is inserted with its key: where all keys are of this version, so are those of all requests.
  if (database.prepare("SELECT 1 FROM request_key WHERE version <> ? LIMIT 1").get(version) === undefined) return
  const old = database
    .prepare("SELECT id, json FROM request WHERE id NOT IN (SELECT request FROM request_key WHERE version = ?)")
    .all(version)
  if (old.length === 0) return
  const text = database.prepare("SELECT body FROM text WHERE hash = ?")
  const insert = database.prepare("INSERT OR IGNORE INTO request_key VALUES (?, ?, ?)")
  transaction(database, () => {
    for (const { id, json } of old) {
      Result.try(() => {
        const { others, request } = RequestKey.read(String(json), (hash) => String(text.get(hash)!["body"]))
        insert.run(keyOf(request, others).key, version, Number(id))
      })
    }
  })
}
