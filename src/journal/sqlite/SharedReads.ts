/** Lets all reads of a turn of the event loop share one transaction: its locks cost as much as a read does. */
import { Effect, type Result } from "effect"
import type { JournalError } from "../Journal.ts"
import { type DatabaseSync, hasLog } from "./Database.ts"

/** The databases of this process in which such a transaction is open. */
const open = new Set<DatabaseSync>()

const begin = (database: DatabaseSync): void => {
  if (open.has(database) || database.isTransaction) return
  database.exec("BEGIN DEFERRED")
  if (open.size === 0) setImmediate(end)
  open.add(database)
}

/**
 * Ends the shared transactions, to be called before anything is written: of all databases, as a write of this process may wait for
 * a reader, which would not end meanwhile.
 */
export const end = (): void => {
  for (const database of open) if (database.isOpen && database.isTransaction) database.exec("ROLLBACK")
  open.clear()
}

/**
 * `attempt` runs what may throw. A read gives its result at once, so that what waits for it holds no memory. Without a log a
 * reader keeps every process from writing: each read has then a transaction of its own.
 */
export const make = (
  database: DatabaseSync,
  attempt: <A>(body: () => A) => Result.Result<A, JournalError>
): (<A>(read: () => A) => Effect.Effect<A, JournalError>) => {
  let isShared: boolean | undefined
  return <A>(read: () => A) =>
    Effect.suspend(() =>
      Effect.fromResult(
        attempt(() => {
          if ((isShared ??= hasLog(database))) begin(database)
          return read()
        })
      )
    )
}
