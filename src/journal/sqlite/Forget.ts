/** Removes runs from the file: what is removed is overwritten, and its room given back. */
import type { TrimLimits } from "../Journal.ts"
import { type DatabaseSync, transaction } from "./Database.ts"

/** Forgetting down to less than the limit, so that not every run has to forget one. */
const roomFactor = 0.9

/**
 * Removes runs, and the requests, texts and answers that no other run has, and gives those that it has removed. An open run
 * stays, and so do the unfinished ones of its plan, whose answers it takes.
 */
export const forget = (
  database: DatabaseSync,
  runs: ReadonlyArray<string>,
  isLocked: (run: string) => boolean
): ReadonlyArray<string> => {
  // The pages that become free are overwritten with zeros: they may hold answers.
  database.exec("PRAGMA secure_delete = ON")
  const removed = transaction(database, () => {
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
  // Only the freed pages are moved, where `VACUUM` would write the whole file anew.
  database.exec("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)")
  return removed
}

/** Removes runs that began before a time, and then the oldest until the rest fits; likewise. The latest run stays. */
export const trim = (
  database: DatabaseSync,
  { before, maxBytes }: TrimLimits,
  isLocked: (run: string) => boolean
): ReadonlyArray<string> => {
  const removed: Array<string> = []
  if (before !== undefined) {
    const old = database.prepare("SELECT id FROM run WHERE at < ? ORDER BY at").all(Math.trunc(before))
    if (old.length > 0) removed.push(...forget(database, idsOf(old), isLocked))
  }
  while (bytesOf(database) > maxBytes) {
    const more = forget(database, oldest(database, bytesOf(database) - maxBytes * roomFactor, isLocked), isLocked)
    if (more.length === 0) break
    removed.push(...more)
  }
  return removed
}

/** What is in use of the file; free pages are used again. */
export const bytesOf = (database: DatabaseSync): number => {
  const valueOf = (pragma: string) => Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0])
  return (valueOf("page_count") - valueOf("freelist_count")) * valueOf("page_size")
}

const idsOf = (rows: ReadonlyArray<Record<string, unknown>>): ReadonlyArray<string> => rows.map(({ id }) => String(id))

/** The key of a run in each table that has rows of runs, but for turns: another run may have taken them over. */
const tables = { event: "run", entry_end: "run", entry: "run", run_end: "run", run: "id" }

const orphans = `
  DELETE FROM turn WHERE run NOT IN (SELECT id FROM run)
    AND (run, n) NOT IN (SELECT from_run, from_n FROM entry WHERE from_run IS NOT NULL);
  DELETE FROM request WHERE id NOT IN (SELECT request FROM entry);
  DELETE FROM request_key WHERE request NOT IN (SELECT id FROM request);
  DELETE FROM request_text WHERE request NOT IN (SELECT id FROM request);
  DELETE FROM text WHERE hash NOT IN (SELECT hash FROM request_text);`

const inUse = (database: DatabaseSync, isLocked: (run: string) => boolean): ReadonlySet<string> => {
  const unfinished = database
    .prepare("SELECT id, plan, source FROM run WHERE id NOT IN (SELECT run FROM run_end)")
    .all()
  const open = unfinished.filter(({ id }) => isLocked(String(id)))
  const isOfOpen = ({ plan, source }: (typeof unfinished)[number]) =>
    open.some((run) => run["plan"] === plan && run["source"] === source)
  return new Set(idsOf(unfinished.filter(isOfOpen)))
}

/** The oldest runs that have so many bytes together, or all but the latest. */
const oldest = (database: DatabaseSync, bytes: number, isLocked: (run: string) => boolean): ReadonlyArray<string> => {
  const kept = inUse(database, isLocked)
  const runs = database
    .prepare(
      `SELECT id, (SELECT sum(octet_length(event)) FROM event WHERE run = id) AS told,
        (SELECT sum(octet_length(reply)) FROM turn WHERE run = id) AS answered
      FROM run WHERE rowid NOT IN (SELECT rowid FROM run ORDER BY at DESC, rowid DESC LIMIT 1) ORDER BY at, rowid`
    )
    .iterate()
  const found: Array<string> = []
  let sum = 0
  for (const { answered, id, told } of runs) {
    if (kept.has(String(id))) continue
    found.push(String(id))
    sum += Number(told ?? 0) + Number(answered ?? 0)
    if (sum >= bytes) break
  }
  return found
}
