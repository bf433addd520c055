/** Opens SQLite files. The one place that loads `node:sqlite`. */
import { Result } from "effect"
import type { DatabaseSync } from "node:sqlite"
import { JournalError } from "../Journal.ts"
import * as UserFolder from "../../options/UserFolder.ts"
import * as OwnFile from "./OwnFile.ts"

export type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite"

/** Marks the file as a journal of fanfold: "fanf". */
const applicationId = 0x66_61_6e_66

/** Raised when an older fanfold cannot read the tables any more. */
const tablesVersion = 1

const tables = `
  CREATE TABLE run (id TEXT PRIMARY KEY, plan TEXT NOT NULL, source TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
  CREATE TABLE run_resume (run TEXT, resumed_by TEXT, PRIMARY KEY (run, resumed_by)) STRICT, WITHOUT ROWID;
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

/**
 * After how many pages of the log a write brings them into the file, and waits for the disk meanwhile: 16 MB. Most pages are written
 * anew by the next asks, so that four times SQLite's own number makes less work of it, and stops the process less often.
 */
const logPages = 4000

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

/** SQLite's result codes, without their extensions: another connection has the file locked; nothing can be written there. */
const codes = { busy: 5, readOnly: 8, corrupt: 11, cannotOpen: 14 }

/** SQLite's message of a file without its header. */
const notADatabase = "file is not a database"

const codeOf = (error: unknown): number | undefined =>
  error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : undefined

const isReadOnly = (error: unknown): boolean => [codes.readOnly, codes.cannotOpen].includes(codeOf(error) ?? 0)

const reasonOf = (error: unknown): string => {
  if (codeOf(error) === codes.busy) return "another process keeps it locked"
  if (codeOf(error) === codes.readOnly) return "file and folder must be writable"
  return error instanceof Error ? error.message : String(error)
}

/** The error of a place that cannot be used, with what to do where the file is damaged. */
export const errorAt = (place: string, what: string, error: unknown): JournalError =>
  new JournalError({ message: `the journal ${place} ${what}: ${reasonOf(error)}${remedyOf(place, error)}` })

/** A log that stays behind would be taken for that of the new file. */
const remedyOf = (file: string, error: unknown): string => {
  const isDamaged = error instanceof Error && (codeOf(error) === codes.corrupt || error.message === notADatabase)
  if (!isDamaged) return ""
  const { existsSync } = process.getBuiltinModule("node:fs")
  const present = ["", ...companions].map((suffix) => file + suffix).filter((path) => existsSync(path))
  return `. It is damaged, or no journal: move it away, which deletes nothing, and the next run begins a new one: ${present.join(", ")}`
}

const numberOf = (database: DatabaseSync, pragma: string): number =>
  Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0])

/** Of the header of every SQLite file that is not empty. */
const headerBytes = 100

/** What SQLite keeps beside a database of this mode, and with the database's file mode. */
const companions = ["-wal", "-shm"]

/** Runs statements as one transaction, which a failure undoes. `DEFERRED` is for those that only read. */
export const transaction = <A>(
  database: DatabaseSync,
  body: () => A,
  mode: "IMMEDIATE" | "DEFERRED" = "IMMEDIATE"
): A => {
  const done = attempt(() => {
    database.exec(`BEGIN ${mode}`)
    const result = body()
    database.exec("COMMIT")
    return result
  })
  if (Result.isFailure(done) && database.isOpen && database.isTransaction) attempt(() => database.exec("ROLLBACK"))
  return Result.getOrThrowWith(done, (error) => error)
}

const attempt = <A>(body: () => A) => Result.try({ try: body, catch: (error) => error })

const logBytes = (file: string): number => OwnFile.sizeOf(`${file}-wal`) ?? 0

/**
 * A transaction that may be the first one in the log of a file. SQLite then waits for the disk twice, so that no older log is taken
 * for the new one after a loss of power; where there was none, there is nothing to wait for.
 */
export const firstTransaction = <A>(database: DatabaseSync, file: string, body: () => A): A => {
  if (!hasLog(database) || logBytes(file) > 0) return transaction(database, body)
  database.exec("PRAGMA synchronous = OFF")
  const done = attempt(() => transaction(database, () => (logBytes(file) > 0 ? undefined : { result: body() })))
  database.exec("PRAGMA synchronous = NORMAL")
  const own = Result.getOrThrowWith(done, (error) => error)
  // Another process has written to it in the meantime.
  return own === undefined ? transaction(database, body) : own.result
}

/** Whether nothing was ever in it, not even the mark of another application that has no tables yet. */
const isEmpty = (database: DatabaseSync): boolean =>
  ["schema_version", "application_id", "user_version"].every((pragma) => numberOf(database, pragma) === 0)

/** `auto_vacuum` must precede all else: what is forgotten then gives its room back without the file being written anew. */
const firstPragmas = "PRAGMA auto_vacuum = INCREMENTAL"

const tablesSql = `${tables} PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${tablesVersion}`

/** Makes an empty database a journal, which another process may be about to do. */
const createTables = (database: DatabaseSync): void => {
  database.exec(`${firstPragmas}; PRAGMA journal_mode = WAL`)
  transaction(database, () => {
    if (isEmpty(database)) database.exec(tablesSql)
  })
}

/**
 * Two processes that create tables in one file disturb each other, whatever they wait: each makes a file of its own. Nobody knows
 * it yet, so that it needs no log, which would write all twice. The first write of a reply brings it to the disk.
 */
const create = (file: string): void =>
  OwnFile.createFilled(file, (path) => {
    const database = new (sqlite().DatabaseSync)(path)
    const fill = () => {
      // The first pragma that is kept in the file writes it, and would wait for the disk four times.
      database.exec(`PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; ${firstPragmas}`)
      transaction(database, () => database.exec(tablesSql))
      database.exec("PRAGMA journal_mode = WAL")
    }
    prepared(database, fill).close()
  })

const isJournal = (database: DatabaseSync): boolean => numberOf(database, "application_id") === applicationId

const checkTables = (database: DatabaseSync): void => {
  if (!isJournal(database)) throw new Error("it is a file of something else")
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

const withLog = new WeakMap<DatabaseSync, boolean>()

/** Whether it has a write-ahead log, which some file systems cannot share among processes. Stays as it is while a journal is open. */
export const hasLog = (database: DatabaseSync): boolean => {
  const known = withLog.get(database) ?? database.prepare("PRAGMA journal_mode").get()?.["journal_mode"] === "wal"
  withLog.set(database, known)
  return known
}

/** Opens a journal, and creates it where there is none. Readable by its owner alone. */
export const open = (file: string, waitMillis = busyMillis): Result.Result<DatabaseSync, JournalError> =>
  Result.try({
    try: () => {
      UserFolder.createFor(file)
      const size = OwnFile.sizeOf(file)
      // Some file systems have no hard links: the file is then filled where it is.
      if (size === undefined && Result.isFailure(attempt(() => create(file)))) OwnFile.create(file)
      // SQLite takes a file of one byte for an empty one.
      if (size !== undefined && size > 0 && size < headerBytes) throw new Error(notADatabase)
      for (const suffix of ["", ...companions]) OwnFile.makePrivate(file + suffix)
      const database = new (sqlite().DatabaseSync)(file, { timeout: waitMillis })
      return prepared(database, () => {
        if (!isJournal(database) && isEmpty(database)) createTables(database)
        checkTables(database)
        if (hasLog(database)) database.exec(`PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${logPages}`)
      })
    },
    catch: (error) => errorAt(file, "cannot be used", error)
  })

/** Opens a journal to read from; `undefined` where there is none. An empty file is one that a run would make a journal. */
export const openToRead = (file: string): Result.Result<DatabaseSync | undefined, JournalError> =>
  Result.try({
    try: () => {
      if ((OwnFile.sizeOf(file) ?? 0) === 0) return undefined
      const opened = attempt(() => readable(file))
      if (Result.isSuccess(opened)) return opened.success
      // SQLite creates files beside what it reads. Without them nobody writes, and all is in the file.
      if (OwnFile.sizeOf(`${file}-wal`) !== undefined || !isReadOnly(opened.failure)) throw opened.failure
      const url = process.getBuiltinModule("node:url").pathToFileURL(file)
      url.searchParams.set("immutable", "1")
      return readable(url)
    },
    catch: (error) => errorAt(file, "cannot be read", error)
  })

const readable = (file: string | URL): DatabaseSync => {
  const database = new (sqlite().DatabaseSync)(file, { readOnly: true, timeout: busyMillis })
  return prepared(database, () => checkTables(database))
}

/** Takes a lock: the system gives it up with the process, however that ends. */
export const lock = (file: string): { readonly release: () => void } => {
  if (OwnFile.sizeOf(file) === undefined) OwnFile.create(file)
  OwnFile.makePrivate(file)
  const database = new (sqlite().DatabaseSync)(file)
  // Nothing is ever written to it, so that a killed process leaves no journal of the lock behind.
  database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE")
  return { release: () => database.close() }
}

/** Whether a process has the lock. */
export const isLocked = (file: string): boolean => {
  const fs = process.getBuiltinModule("node:fs")
  if (!fs.existsSync(file)) return false
  const isFree = attempt(() => {
    const database = new (sqlite().DatabaseSync)(file, { readOnly: true, timeout: 0 })
    const read = attempt(() => database.prepare("SELECT count(*) FROM sqlite_schema").get())
    database.close()
    Result.getOrThrowWith(read, (error) => error)
  })
  // Its process may remove it in the meantime.
  return Result.isFailure(isFree) && fs.existsSync(file)
}
