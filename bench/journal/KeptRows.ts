/** What a journal has kept, read with SQL of its own, so that fanfold's reading is not judged by itself. */
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"

export interface KeptRows {
  /** Names of the asks that have a reply; the synthesis is one of them. */
  readonly answered: ReadonlySet<string>
  /** Ids of the requests whose reply was seen, by the name of the ask. */
  readonly replies: ReadonlyMap<string, string>
  /** The names of the asks that were dispatched, one for each attempt. */
  readonly dispatched: ReadonlyArray<string>
  /** Dollars of all attempts. */
  readonly usd: number
  readonly runs: number
  readonly unfinishedRuns: number
}

/** What was read of a journal: its events in order, the asks that have a turn, and how many runs it has. */
export interface Read extends Pick<KeptRows, "runs" | "unfinishedRuns"> {
  readonly events: ReadonlyArray<any>
  readonly answered: ReadonlyArray<string>
}

export const of = ({ answered, events, runs, unfinishedRuns }: Read): KeptRows => ({
  answered: new Set(answered),
  replies: new Map(events.filter(({ _tag }) => _tag === "Replied").map(({ ask, requestId }) => [requestId, ask])),
  dispatched: events.filter(({ _tag }) => _tag === "Dispatched").map(({ ask }) => ask),
  usd: events.reduce((sum, { costUsd, _tag }) => sum + (_tag === "Reused" ? 0 : (costUsd ?? 0)), 0),
  runs,
  unfinishedRuns
})

const none = of({ answered: [], events: [], runs: 0, unfinishedRuns: 0 })

/** Reads a copy: the first process that opens a journal after a kill repairs it, and that is to be fanfold. */
export const read = (file: string): KeptRows => {
  if (!existsSync(file)) return none
  const folder = mkdtempSync(join(tmpdir(), "fanfold-journal-copy-"))
  const copy = join(folder, "journal.sqlite")
  for (const suffix of ["", "-wal"]) if (existsSync(file + suffix)) cpSync(file + suffix, copy + suffix)
  const database = new DatabaseSync(copy)
  try {
    const tables = database.prepare("SELECT count(*) AS n FROM sqlite_schema").get()!
    if (tables["n"] === 0) return none
    const all = (sql: string) => database.prepare(sql).all()
    const found = JSON.stringify(all("PRAGMA integrity_check"))
    if (found !== '[{"integrity_check":"ok"}]') throw new Error(`the journal is damaged: ${found}`)
    return of({
      events: all("SELECT event FROM event ORDER BY run, n").map(({ event }) => JSON.parse(String(event))),
      answered: all("SELECT DISTINCT ask FROM entry JOIN turn USING (run, n)").map(({ ask }) => String(ask)),
      runs: all("SELECT id FROM run").length,
      unfinishedRuns: all("SELECT id FROM run WHERE id NOT IN (SELECT run FROM run_end)").length
    })
  } finally {
    database.close()
    rmSync(folder, { recursive: true })
  }
}
