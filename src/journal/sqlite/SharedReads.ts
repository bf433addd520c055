/** Lets all reads of a turn of the event loop share one transaction: its locks cost as much as a read does. */
import { Effect, Result } from "effect"
import type { JournalError } from "../Journal.ts"
import { type DatabaseSync, transaction } from "./Database.ts"

interface Waiting {
  readonly read: () => Result.Result<unknown, JournalError>
  readonly done: (result: Result.Result<unknown, JournalError>) => void
}

/** `attempt` runs what may throw. A read that fails does not fail those beside it. */
export const make = (
  database: DatabaseSync,
  attempt: <A>(body: () => A) => Result.Result<A, JournalError>
): (<A>(read: () => A) => Effect.Effect<A, JournalError>) => {
  let waiting: Array<Waiting> = []
  const readAll = () => {
    const reads = waiting
    waiting = []
    const results = attempt(() => transaction(database, () => reads.map(({ read }) => read()), "DEFERRED"))
    // Only now, as what waits for one result may begin a transaction itself.
    for (const [n, { done }] of reads.entries()) done(Result.flatMap(results, (all) => all[n]!))
  }
  return <A>(body: () => A) =>
    Effect.callback<A, JournalError>((resume) => {
      const done = (result: Result.Result<unknown, JournalError>) =>
        resume(Effect.fromResult(result as Result.Result<A, JournalError>))
      if (waiting.push({ read: () => attempt(body), done }) === 1) setImmediate(readAll)
    })
}
