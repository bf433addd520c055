/** Opens the journal of a process: the database or the file that is named, or the file in the user's state folder. */
import { Effect, Redacted, type Scope } from "effect"
import * as UserFolder from "../options/UserFolder.ts"
import { type Journal, JournalError } from "./Journal.ts"

/** Where a journal is: the path of a file, or the address of a PostgreSQL database, which may have a password. */
export type Place = string | Redacted.Redacted

/** Whether it is the address of a database. */
export const isAddress = (place: Place): boolean => Redacted.isRedacted(place) || /^postgres(ql)?:\/\//i.test(place)

/** The file of the journal where none is named. */
export const defaultFile: Effect.Effect<string, JournalError> = UserFolder.state.pipe(
  Effect.map((folder) => process.getBuiltinModule("node:path").join(folder, "journal.sqlite")),
  Effect.mapError(() => new JournalError({ message: "there is no home folder to keep the journal in" }))
)

const sqlite = Effect.promise(() => import("./sqlite/SqliteJournal.ts"))

/** What an address needs. Programs with Effect bring the package themselves, as theirs must use the same Effect. */
export const postgres = Effect.tryPromise({
  try: () => import("./postgres/PostgresJournal.ts"),
  catch: (error) => {
    const isMissing = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND"
    const message = isMissing
      ? "a journal in PostgreSQL needs another package: npm install @effect/sql-pg"
      : `what speaks to PostgreSQL cannot be loaded: ${String(error)}`
    return new JournalError({ message })
  }
})

/** Opens it until the scope closes. A file is created where there is none; the tables of a database must be there. */
export const open = (place?: Place): Effect.Effect<typeof Journal.Service, JournalError, Scope.Scope> =>
  Effect.gen(function* () {
    const path = place ?? (yield* defaultFile)
    if (isAddress(path)) return yield* (yield* postgres).make(path)
    return yield* (yield* sqlite).make(path as string)
  })

/** Opens it to be read; `undefined` where there is no file. Changes and locks nothing. */
export const openToRead = (
  place?: Place
): Effect.Effect<typeof Journal.Service | undefined, JournalError, Scope.Scope> =>
  Effect.gen(function* () {
    const path = place ?? (yield* defaultFile)
    if (isAddress(path)) return yield* (yield* postgres).makeReadOnly(path)
    return yield* (yield* sqlite).makeReadOnly(path as string)
  })

/** Creates the tables in a database, or upgrades them; `role`: a user of it that runs may use. Gives where they are. */
export const init = (address: Place, role?: string): Effect.Effect<Initialized, JournalError> =>
  Effect.flatMap(postgres, ({ init }) => init(address, role))

/** `isChanged`: whether there was anything to create or to upgrade. */
export interface Initialized {
  readonly place: string
  readonly isChanged: boolean
}
