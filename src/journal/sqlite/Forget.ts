/** Removes runs from the file, and gives their room back. */
import { Result } from "effect"
import type { TrimLimits } from "../Journal.ts"
import { type DatabaseSync, transaction } from "./Database.ts"

/** Forgetting down to less than the limit, so that not every run has to forget one. */
const roomFactor = 0.9

/** How much of what is too much is forgotten at a time: a run takes up to twice the room of its texts, with what indexes it. */
const stepFactor = 0.5

/**
 * Removes runs, and the requests, texts and answers that no other run has, and gives those that it has removed. An open run
 * stays, and so do the unfinished ones of its plan, whose answers it takes.
 */
export const forget = (
  database: DatabaseSync,
  runs: ReadonlyArray<string>,
  isLocked: (run: string) => boolean
): ReadonlyArray<string> => {
  const removed = remove(database, runs, isLocked)
  // Pages hold remnants of rows that were moved, so that only a file that is written anew has nothing of a run. That takes
  // seconds where it is large, in which no other process can write.
  if (openRuns(database, isLocked).length === 0) Result.try(() => database.exec("VACUUM"))
  giveBack(database)
  return removed
}

const remove = (
  database: DatabaseSync,
  runs: ReadonlyArray<string>,
  isLocked: (run: string) => boolean
): ReadonlyArray<string> => {
  // Overwrites with zeros what is removed.
  database.exec("PRAGMA secure_delete = ON")
  return transaction(database, () => {
    const kept = inUse(database, isLocked)
    const known = database.prepare("SELECT id FROM run WHERE id IN (SELECT value FROM json_each(?)) ORDER BY at, rowid")
    const free = idsOf(known.all(JSON.stringify(runs))).filter((run) => !kept.has(run))
    const ids = JSON.stringify(free)
    for (const [table, key] of Object.entries(tables)) {
      database.prepare(`DELETE FROM ${table} WHERE ${key} IN (SELECT value FROM json_each(?))`).run(ids)
    }
    database.exec(orphans)
    return free
  })
}

/** Makes the file smaller by its free pages, which takes as long as there are any; `VACUUM` writes all others, too. */
const giveBack = (database: DatabaseSync): void =>
  database.exec("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)")

/** Removes runs that began before a time, and then the oldest until the rest fits; likewise. The latest run stays. */
export const trim = (
  database: DatabaseSync,
  { before, maxBytes }: TrimLimits,
  isLocked: (run: string) => boolean
): ReadonlyArray<string> => {
  const removed: Array<string> = []
  if (before !== undefined) {
    const old = database.prepare("SELECT id FROM run WHERE at < ? ORDER BY at").all(Math.trunc(before))
    if (old.length > 0) removed.push(...remove(database, idsOf(old), isLocked))
  }
  while (bytesOf(database) > maxBytes) {
    const bytes = (bytesOf(database) - maxBytes * roomFactor) * stepFactor
    const more = remove(database, oldest(database, bytes, isLocked), isLocked)
    if (more.length === 0) break
    removed.push(...more)
  }
  if (removed.length > 0) giveBack(database)
  return removed
}

/** What is in use of the file; free pages are used again. */
export const bytesOf = (database: DatabaseSync): number => {
  const valueOf = (pragma: string) => Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0])
  return (valueOf("page_count") - valueOf("freelist_count")) * valueOf("page_size")
}

const idsOf = (rows: ReadonlyArray<Record<string, unknown>>): ReadonlyArray<string> => rows.map(({ id }) => String(id))

/** The key of a run in each table that has rows of runs, but for turns: another run may have taken them over. */
const tables = { event: "run", entry_end: "run", entry: "run", run_end: "run", run_resume: "run", run: "id" }

const orphans = `
  DELETE FROM run_resume WHERE resumed_by NOT IN (SELECT id FROM run);
  DELETE FROM turn WHERE run NOT IN (SELECT id FROM run)
    AND (run, n) NOT IN (SELECT from_run, from_n FROM entry WHERE from_run IS NOT NULL);
  DELETE FROM request WHERE id NOT IN (SELECT request FROM entry);
  DELETE FROM request_key WHERE request NOT IN (SELECT id FROM request);
  DELETE FROM request_text WHERE request NOT IN (SELECT id FROM request);
  DELETE FROM text WHERE hash NOT IN (SELECT hash FROM request_text);`

const openRuns = (database: DatabaseSync, isLocked: (run: string) => boolean, unfinished = unfinishedRuns(database)) =>
  unfinished.filter(({ id }) => isLocked(String(id)))

const unfinishedRuns = (database: DatabaseSync) =>
  database.prepare("SELECT id, plan, source FROM run WHERE id NOT IN (SELECT run FROM run_end)").all()

const inUse = (database: DatabaseSync, isLocked: (run: string) => boolean): ReadonlySet<string> => {
  const unfinished = unfinishedRuns(database)
  const open = openRuns(database, isLocked, unfinished)
  const isOfOpen = ({ plan, source }: (typeof unfinished)[number]) =>
    open.some((run) => run["plan"] === plan && run["source"] === source)
  return new Set(idsOf(unfinished.filter(isOfOpen)))
}

/** The oldest runs that have so many bytes together, or all but the latest. */
const oldest = (database: DatabaseSync, bytes: number, isLocked: (run: string) => boolean): ReadonlyArray<string> => {
  const kept = inUse(database, isLocked)
  const runs = database
    .prepare(
      `SELECT id, (SELECT sum(octet_length(event)) FROM event WHERE run = id) AS event_bytes,
        (SELECT sum(octet_length(reply)) FROM turn WHERE run = id) AS reply_bytes
      FROM run WHERE rowid NOT IN (SELECT rowid FROM run ORDER BY at DESC, rowid DESC LIMIT 1) ORDER BY at, rowid`
    )
    .iterate()
  const found: Array<string> = []
  let sum = 0
  for (const { event_bytes, id, reply_bytes } of runs) {
    if (kept.has(String(id))) continue
    found.push(String(id))
    sum += Number(event_bytes ?? 0) + Number(reply_bytes ?? 0)
    if (sum >= bytes) break
  }
  return found
}
