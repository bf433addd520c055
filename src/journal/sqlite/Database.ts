/** Opens SQLite files. The one place that loads `node:sqlite`. */
import { Result } from "effect"
import type { DatabaseSync } from "node:sqlite"
import { JournalError } from "../Journal.ts"

export type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite"

/** Marks the file as a journal of fanfold: "fanf". */
const applicationId = 0x66_61_6e_66

/** Raised when an older fanfold cannot read the tables any more. */
const tablesVersion = 1

const tables = `
  CREATE TABLE run (id TEXT PRIMARY KEY, plan TEXT NOT NULL, source TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
  CREATE TABLE run_end (run TEXT PRIMARY KEY, state TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
  CREATE TABLE text (hash TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
  CREATE TABLE request (id INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
  CREATE TABLE request_text (request INTEGER, hash TEXT, PRIMARY KEY (request, hash)) STRICT, WITHOUT ROWID;
  CREATE TABLE request_key (
    key TEXT, version INTEGER, request INTEGER NOT NULL, PRIMARY KEY (key, version, request)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE entry (
    run TEXT, n INTEGER, ask TEXT NOT NULL, part TEXT NOT NULL, request INTEGER NOT NULL, ordinal INTEGER NOT NULL,
    at INTEGER NOT NULL, from_run TEXT, from_n INTEGER, PRIMARY KEY (run, n)
  ) STRICT;
  CREATE INDEX entry_request ON entry (request, ordinal);
  CREATE TABLE entry_end (run TEXT, n INTEGER, state TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (run, n)) STRICT;
  CREATE TABLE turn (
    run TEXT, n INTEGER, turn INTEGER, key TEXT NOT NULL, reply TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (run, n, turn)
  ) STRICT;
  CREATE TABLE event (run TEXT, n INTEGER, event TEXT NOT NULL, PRIMARY KEY (run, n)) STRICT;
`

/** How long a write waits for another process, in milliseconds: far longer than any transaction takes. */
const busyMillis = 10_000

/** Loads the module without its `ExperimentalWarning`, which Node 22 writes to standard error. */
const sqlite = (): typeof import("node:sqlite") => {
  const own = Object.getOwnPropertyDescriptor(process, "emitWarning")
  process.emitWarning = () => {}
  const loaded = Result.try(() => process.getBuiltinModule("node:sqlite"))
  if (own === undefined) Reflect.deleteProperty(process, "emitWarning")
  else Object.defineProperty(process, "emitWarning", own)
  return Result.getOrThrow(loaded)
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** The error of a place that cannot be used. */
export const errorAt = (place: string, what: string, error: unknown): JournalError =>
  new JournalError({ message: `the journal ${place} ${what}: ${reasonOf(error)}` })

const numberOf = (database: DatabaseSync, pragma: string): number =>
  Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0])

/** Fails where there is something else than a file, as a link may lead anywhere. */
const checkFile = (file: string): void => {
  const fs = process.getBuiltinModule("node:fs")
  fs.mkdirSync(process.getBuiltinModule("node:path").dirname(file), { recursive: true, mode: 0o700 })
  const found = fs.lstatSync(file, { throwIfNoEntry: false })
  if (found !== undefined && !found.isFile()) throw new Error("it is not a file")
  // SQLite gives its other files the mode of this one.
  if (found === undefined) fs.closeSync(fs.openSync(file, "a", 0o600))
  else if ((found.mode & 0o077) !== 0) fs.chmodSync(file, 0o600)
}

/** Runs statements as one transaction, which a failure undoes. */
export const transaction = <A>(database: DatabaseSync, body: () => A): A => {
  const done = attempt(() => {
    database.exec("BEGIN IMMEDIATE")
    const result = body()
    database.exec("COMMIT")
    return result
  })
  if (Result.isFailure(done) && database.isOpen && database.isTransaction) attempt(() => database.exec("ROLLBACK"))
  return Result.getOrThrowWith(done, (error) => error)
}

const attempt = <A>(body: () => A) => Result.try({ try: body, catch: (error) => error })

/** Creates the tables of an empty file, which another process may be about to do. */
const createTables = (database: DatabaseSync): void =>
  transaction(database, () => {
    if (numberOf(database, "schema_version") !== 0) return
    database.exec(`${tables} PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${tablesVersion}`)
  })

const checkTables = (database: DatabaseSync): void => {
  if (numberOf(database, "application_id") !== applicationId) throw new Error("it is a file of something else")
  const version = numberOf(database, "user_version")
  if (version !== tablesVersion)
    throw new Error(`it is of another version of fanfold (${version}, not ${tablesVersion})`)
}

/** Prepares a database, and closes it where that fails. */
const prepared = (database: DatabaseSync, prepare: () => void): DatabaseSync => {
  const done = attempt(prepare)
  if (Result.isFailure(done)) database.close()
  Result.getOrThrowWith(done, (error) => error)
  return database
}

/** Opens a journal, and creates it where there is none. Readable by its owner alone. */
export const open = (file: string): Result.Result<DatabaseSync, JournalError> =>
  Result.try({
    try: () => {
      checkFile(file)
      const database = new (sqlite().DatabaseSync)(file, { timeout: busyMillis })
      return prepared(database, () => {
        if (numberOf(database, "schema_version") === 0) {
          // Must precede all else: what is forgotten then gives its room back without the file being written anew.
          database.exec("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL")
          createTables(database)
        }
        checkTables(database)
      })
    },
    catch: (error) => errorAt(file, "cannot be used", error)
  })

/** Opens a journal to read from, which must be there. */
export const openToRead = (file: string): Result.Result<DatabaseSync | undefined, JournalError> =>
  Result.try({
    try: () => {
      const fs = process.getBuiltinModule("node:fs")
      if (!fs.existsSync(file)) return undefined
      const database = new (sqlite().DatabaseSync)(file, { readOnly: true, timeout: busyMillis })
      return prepared(database, () => checkTables(database))
    },
    catch: (error) => errorAt(file, "cannot be read", error)
  })

/** Takes the lock that says a process is alive: the system gives it up with the process, however that ends. */
export const lock = (file: string): { readonly release: () => void } => {
  checkFile(file)
  const database = new (sqlite().DatabaseSync)(file)
  // Nothing is ever written to it, so that a killed process leaves no journal of the lock behind.
  database.exec("PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE")
  return {
    release: () => {
      database.close()
      removeLock(file)
    }
  }
}

/** Removes a lock that no process holds. */
export const removeLock = (file: string): void => {
  const fs = process.getBuiltinModule("node:fs")
  // SQLite's own file beside it stays where a process is killed.
  for (const each of [`${file}-journal`, file]) fs.rmSync(each, { force: true })
}

/** Whether a process holds the lock. One that was left behind by a killed process is held by none. */
export const isLocked = (file: string): boolean => {
  const fs = process.getBuiltinModule("node:fs")
  if (!fs.existsSync(file)) return false
  const database = new (sqlite().DatabaseSync)(file, { readOnly: true, timeout: 0 })
  const read = attempt(() => database.prepare("SELECT count(*) FROM sqlite_schema").get())
  database.close()
  return Result.isFailure(read)
}
