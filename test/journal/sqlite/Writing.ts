/** What the tests of the writer share: a writer over a file, and what it has for all that it has taken. */
import { Effect } from "effect"
import type { Row } from "../../../src/journal/Journal.ts"
import { open } from "../../../src/journal/OpenJournal.ts"
import * as Database from "../../../src/journal/sqlite/Database.ts"
import { Writer } from "../../../src/journal/sqlite/Writer.ts"
import { begin } from "../Rows.ts"

/** A writer of a new file in which the run `r` has begun. */
export const writing = Effect.fnUntraced(function* (file: string, waitMillis?: number) {
  yield* Effect.scoped(Effect.flatMap(open(file), (journal) => begin(journal, "r")))
  const database = yield* Effect.fromResult(Database.open(file, waitMillis))
  return { database, writer: new Writer(database, file) }
})

export const event: Row = {
  _tag: "Event",
  event: { _tag: "Started", version: 1, at: 1, run: "r", ask: "a", part: "ask", question: "Why?" }
}

/** What `writer` has for all that it has taken: the failure, or nothing. */
export const flushed = (writer: Writer) =>
  Effect.callback<string | undefined>((resume) =>
    writer.whenKept((failure) => resume(Effect.succeed(failure?.message)))
  )
