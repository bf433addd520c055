/** Opens the journal of a process: the file that is named, or the one in the user's state folder. */
import { Effect, type Scope } from "effect"
import * as UserFolder from "../options/UserFolder.ts"
import { type Journal, JournalError } from "./Journal.ts"

/** The file of the journal where none is named. */
export const defaultFile: Effect.Effect<string, JournalError> = UserFolder.state.pipe(
  Effect.map((folder) => process.getBuiltinModule("node:path").join(folder, "journal.sqlite")),
  Effect.mapError(() => new JournalError({ message: "there is no home folder to keep the journal in" }))
)

const sqlite = Effect.promise(() => import("./sqlite/SqliteJournal.ts"))

/** Opens it until the scope closes, and creates it where there is none. */
export const open = (file?: string): Effect.Effect<typeof Journal.Service, JournalError, Scope.Scope> =>
  Effect.gen(function* () {
    const path = file ?? (yield* defaultFile)
    return yield* (yield* sqlite).make(path)
  })

/** Opens it to be read; `undefined` where there is none. Changes and locks nothing. */
export const openToRead = (
  file?: string
): Effect.Effect<typeof Journal.Service | undefined, JournalError, Scope.Scope> =>
  Effect.gen(function* () {
    const path = file ?? (yield* defaultFile)
    return yield* (yield* sqlite).makeReadOnly(path)
  })
