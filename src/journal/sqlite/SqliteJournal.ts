/** The home of a journal in one SQLite file, which several processes may use at once. */
import { Effect, Result } from "effect"
import {
  type BegunRun,
  type InFlight,
  type Journal,
  type JournalError,
  requestName,
  type RunSummary
} from "../Journal.ts"
import { repliesOf } from "../Replies.ts"
import { version } from "../RequestKey.ts"
import * as Database from "./Database.ts"
import * as Forget from "./Forget.ts"
import { identityOf } from "./OwnFile.ts"
import { addKeys } from "./Rekey.ts"
import * as Replies from "./Replies.ts"
import * as RunEvents from "./RunEvents.ts"
import { RunLocks } from "./RunLocks.ts"
import * as Search from "./Search.ts"
import * as SharedReads from "./SharedReads.ts"
import { Writer } from "./Writer.ts"

/** A reply that was kept last before a process was killed has no end yet, and is an answer unless it was asked for once more. */
const answeredSql = `
  SELECT DISTINCT k.key, e.ordinal
  FROM entry e JOIN request_key k ON k.request = e.request AND k.version = ${version}
  LEFT JOIN entry_end x ON x.run = e.run AND x.n = e.n
  WHERE e.part = 'ask' AND e.run IN (SELECT value FROM json_each(?)) AND (x.state = 'answered' OR (
    x.state IS NULL
    AND (
      SELECT t.reply ->> 'stopReason' IN ('end_turn', 'stop_sequence') FROM turn t
      WHERE t.run = coalesce(e.from_run, e.run) AND t.n = coalesce(e.from_n, e.n) ORDER BY t.turn DESC LIMIT 1
    )
    AND NOT EXISTS (
      SELECT 1 FROM event v WHERE v.run = e.run AND v.event ->> 'ask' = e.ask AND v.event ->> '_tag' = 'Reasked'
    )
  ))`

/**
 * The attempts of each ask of a run. `open`: those whose end is not known, as a call that was stopped on its way, by Ctrl-C too,
 * may have been paid; but none where the run, or one that has gone on with it, has the answer.
 */
const attemptsSql = `
  WITH own AS (SELECT value AS run FROM json_each(?)),
  attempt AS (
    SELECT run, event ->> 'ask' AS ask, event ->> 'part' AS part,
      CASE max(event ->> '_tag' = 'Answered') WHEN 1 THEN 0 ELSE sum(
        CASE WHEN event ->> '_tag' = 'Dispatched' THEN 1 WHEN event ->> 'reason' IS 'Interrupted' THEN 0 ELSE -1 END
      ) END AS open,
      sum(event ->> 'costUsd') AS usd,
      sum(event ->> '_tag' <> 'Answered' AND event ->> 'usage' IS NOT NULL AND event ->> 'costUsd' IS NULL) AS unpriced
    FROM event
    WHERE run IN own AND event ->> '_tag' IN ('Dispatched', 'Replied', 'AttemptFailed', 'Answered')
    GROUP BY 1, 2, 3
  )
  SELECT a.run, a.ask, a.part, a.usd, a.unpriced, CASE WHEN EXISTS (
    SELECT 1 FROM entry e JOIN entry o ON o.request = e.request AND o.ordinal = e.ordinal AND o.run <> e.run
    JOIN turn t ON t.run = o.run AND t.n = o.n
    WHERE a.open > 0 AND e.run = a.run AND e.ask = a.ask AND e.part = a.part AND o.run IN own
  ) THEN 0 ELSE a.open END AS open
  FROM attempt a`

const requestSql = `
  SELECT k.key, e.ordinal FROM entry e JOIN request_key k ON k.request = e.request AND k.version = ${version}
  WHERE e.run = ? AND e.ask = ? AND e.part = ? LIMIT 1`

const summarySql = `
  SELECT r.*, d.state AS end,
    (SELECT count(*) FROM entry e WHERE e.run = r.id) AS entries,
    (SELECT count(*) FROM entry_end x WHERE x.run = r.id AND x.state = 'answered') AS answered,
    (SELECT count(*) FROM entry_end x WHERE x.run = r.id AND x.state <> 'answered') AS failed
  FROM run r LEFT JOIN run_end d ON d.run = r.id`

type Record = globalThis.Record<string, unknown>

/** Opens a journal for runs, and creates it where there is none. What it has taken is written before it is closed. */
export const make = Effect.fnUntraced(function* (file: string) {
  const database = yield* Effect.acquireRelease(Effect.fromResult(Database.open(file)), (database) =>
    Effect.sync(() => database.close())
  )
  yield* attempt(file, "cannot be written", () => addKeys(database))
  const journal = of(database, file)
  // What a run that failed has added last is kept, too.
  yield* Effect.addFinalizer(() => Effect.ignore(journal.kept))
  return journal
})

/** Opens a journal that is there, only to read it; `undefined` where there is none. */
export const makeReadOnly = Effect.fnUntraced(function* (file: string) {
  const database = yield* Effect.acquireRelease(Effect.fromResult(Database.openToRead(file)), (database) =>
    Effect.sync(() => database?.close())
  )
  return database === undefined ? undefined : of(database, file)
})

const resultOf = <A>(file: string, what: string, body: () => A): Result.Result<A, JournalError> =>
  Result.try({ try: body, catch: (error) => Database.errorAt(file, what, error) })

const attempt = <A>(file: string, what: string, body: () => A): Effect.Effect<A, JournalError> =>
  Effect.suspend(() => Effect.fromResult(resultOf(file, what, body)))

const ended = (failure: JournalError | undefined) => (failure === undefined ? Effect.void : Effect.fail(failure))

const requestOf = ({ key, ordinal }: Record): string => requestName(String(key), Number(ordinal))

const of = (database: Database.DatabaseSync, file: string): typeof Journal.Service => {
  const reading = <A>(body: () => A) => attempt(file, "cannot be read", body)
  const writing = <A>(body: () => A) =>
    attempt(file, "cannot be written", () => {
      SharedReads.end()
      return body()
    })
  // A journal that is only read cannot prepare what writes, and one that is only written needs no search.
  const identity = identityOf(file)
  let writer: Writer | undefined
  const written = () => (writer ??= new Writer(database, file, identity))
  const locks = new RunLocks(file)
  const search = Search.of(database)
  const isLive = (run: string): boolean => locks.isLive(run)
  const sharing = SharedReads.make(database, (body) => resultOf(file, "cannot be read", body))
  const unlocked = (runs: ReadonlyArray<string>): ReadonlyArray<string> => {
    locks.forget(runs)
    return runs
  }

  /** Ends the lock of a run. What killed processes have left is removed then, as a run that begins is waited for. */
  const leave = (run: string, release: () => void): void => {
    Result.try(() => {
      const known = database.prepare("SELECT 1 FROM run WHERE id = ?")
      locks.removeStale((id) => known.get(id) !== undefined, run)
    })
    release()
  }

  const summaryOf = (row: Record): RunSummary => {
    const end = row["end"] as RunSummary["end"] | null
    const id = String(row["id"])
    return {
      id,
      plan: String(row["plan"]),
      source: String(row["source"]),
      at: Number(row["at"]),
      end: end ?? undefined,
      isLive: end === null && locks.isLive(id),
      answered: Number(row["answered"]),
      failed: Number(row["failed"]),
      entries: Number(row["entries"])
    }
  }

  /** The runs of a plan that have no end. */
  const open = (plan: string, source: string): ReadonlyArray<RunSummary> =>
    database
      .prepare(`${summarySql} WHERE d.state IS NULL AND r.plan = ? AND r.source = ? ORDER BY r.at DESC, r.rowid DESC`)
      .all(plan, source)
      .map(summaryOf)

  /** Of the runs without an end, those that nobody goes on with: neither their own process, nor one that has resumed them. */
  const idle = (open: ReadonlyArray<RunSummary>): ReadonlyArray<string> => {
    const resumers = database.prepare("SELECT resumed_by FROM run_resume WHERE run = ?")
    const live = new Set(open.filter(({ isLive }) => isLive).map(({ id }) => id))
    return open
      .filter(({ id }) => !live.has(id) && !resumers.all(id).some((row) => live.has(String(row["resumed_by"]))))
      .map(({ id }) => id)
  }

  const inFlightOf = (row: Record): ReadonlyArray<InFlight> => {
    const [run, ask, part] = [String(row["run"]), String(row["ask"]), row["part"] as InFlight["part"]]
    const request = requestOf(database.prepare(requestSql).get(run, ask, part) ?? {})
    return Array.from({ length: Number(row["open"]) }, () => ({ ask, part, request }))
  }

  return {
    place: file,
    begin: (run, { isAlone, resume }) =>
      Effect.gen(function* () {
        const locked = yield* writing(() => locks.take(run.id))
        const begun = yield* writing(() =>
          Database.firstTransaction(database, file, () => {
            const unfinished = open(run.plan, run.source)
            const other = isAlone ? unfinished.find(({ isLive }) => isLive) : undefined
            if (other !== undefined) return { open: other }
            database.prepare("INSERT INTO run VALUES (?, ?, ?, ?)").run(run.id, run.plan, run.source, run.at)
            const resumed = resume ? idle(unfinished) : []
            const resuming = database.prepare("INSERT INTO run_resume VALUES (?, ?)")
            for (const id of resumed) resuming.run(id, run.id)
            return { ...run, resumed } satisfies BegunRun
          })
        ).pipe(Effect.tapError(() => Effect.sync(locked.release)))
        if ("open" in begun) locked.release()
        else yield* Effect.addFinalizer(() => Effect.sync(() => leave(run.id, locked.release)))
        return begun
      }),
    unfinished: (plan, source) => reading(() => idle(open(plan, source))),
    progress: (runs) =>
      reading(() => {
        const ids = JSON.stringify(runs)
        const attempts = database.prepare(attemptsSql).all(ids)
        const isPriced = attempts.every(({ unpriced }) => Number(unpriced) === 0)
        return {
          answered: new Set(database.prepare(answeredSql).all(ids).map(requestOf)),
          costUsd: isPriced ? attempts.reduce((sum, { usd }) => sum + Number(usd ?? 0), 0) : undefined,
          inFlight: attempts.filter(({ open }) => Number(open) > 0).flatMap(inFlightOf)
        }
      }),
    find: (key, ordinal, from) =>
      from.runs.length === 0 && from.since === undefined
        ? Effect.succeed(undefined)
        : sharing(() => search(key, ordinal, from)),
    add: (run, rows) => written().add(run, rows),
    written: Effect.callback((resume) => written().whenWritten((failure) => resume(ended(failure)))),
    kept: Effect.callback((resume) => written().whenKept((failure) => resume(ended(failure)))),
    end: ({ id, resumed }, at) =>
      writing(() => {
        written().flush()
        const end = database.prepare("INSERT OR IGNORE INTO run_end VALUES (?, ?, ?)")
        Database.transaction(database, () => {
          end.run(id, "ended", at)
          for (const run of resumed) end.run(run, "resumed", at)
        })
      }),
    runs: reading(() => database.prepare(`${summarySql} ORDER BY r.at DESC, r.rowid DESC`).all().map(summaryOf)),
    events: (run, only) => reading(() => RunEvents.all(database, run, only)),
    follow: (run, position) =>
      reading(() => {
        const ended = database.prepare("SELECT state FROM run_end WHERE run = ?").get(run)?.["state"]
        const end = ended as RunSummary["end"]
        const isLive = end === undefined && locks.isLive(run)
        return { ...RunEvents.since(database, run, position), end, isLive }
      }),
    replies: (run, asks) => reading(() => repliesOf(Replies.turnsOf(database, run, asks))),
    forget: (runs) => writing(() => unlocked(Forget.forget(database, runs, isLive))),
    trim: (limits) => writing(() => unlocked(Forget.trim(database, limits, isLive))),
    bytes: reading(() => Forget.bytesOf(database))
  }
}
