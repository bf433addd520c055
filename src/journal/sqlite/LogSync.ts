/** Waits until what SQLite has written to its write-ahead log is on the disk, while calls go on. */
import { Result } from "effect"

/**
 * Calls back with the error, if there is one. What a transaction of SQLite's mode `FULL` does after its write, which blocks the
 * process for that time. Closing a file gives up the locks of its process, but SQLite has none on its log.
 */
export const sync = (database: string, done: (error?: unknown) => void): void => {
  const fs = process.getBuiltinModule("node:fs")
  // Windows needs the right to write.
  const opened = Result.try({ try: () => fs.openSync(`${database}-wal`, "r+"), catch: (error) => error })
  if (Result.isFailure(opened)) return done(opened.failure)
  const log = opened.success
  fs.fdatasync(log, (error) => {
    fs.closeSync(log)
    done(error ?? undefined)
  })
}
