/** Writes the rows of a journal in groups: all that wait at a time are one transaction. */
import { Result } from "effect"
import type { JournalError, Row } from "../Journal.ts"
import { type KeyedRequest, version } from "../RequestKey.ts"
import { type DatabaseSync, errorAt, hasLog, transaction } from "./Database.ts"
import * as LogSync from "./LogSync.ts"
import { identityOf } from "./OwnFile.ts"
import * as SharedReads from "./SharedReads.ts"

const statements = (database: DatabaseSync) => ({
  known: database.prepare(`SELECT request FROM request_key WHERE key = ? AND version = ${version} LIMIT 1`),
  entry: database.prepare("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"),
  text: database.prepare("INSERT OR IGNORE INTO text VALUES (?, ?)"),
  request: database.prepare("INSERT INTO request (json) VALUES (?)"),
  requestText: database.prepare("INSERT OR IGNORE INTO request_text VALUES (?, ?)"),
  requestKey: database.prepare("INSERT OR IGNORE INTO request_key VALUES (?, ?, ?)"),
  turn: database.prepare("INSERT INTO turn VALUES (?, ?, ?, ?, ?, ?)"),
  end: database.prepare("INSERT OR IGNORE INTO entry_end VALUES (?, ?, ?, ?)"),
  event: database.prepare("INSERT INTO event VALUES (?, ?, ?)"),
  nextEvent: database.prepare("SELECT coalesce(max(n), -1) + 1 AS n FROM event WHERE run = ?")
})

/** Called with the first failure, if there was one. */
type Done = (failure: JournalError | undefined) => void

interface Waiting {
  readonly run: string
  readonly row: Row
}

/** How long rows wait that nobody waits for. Most are written before, with a request or a reply. */
const soonMillis = 20

/** With how many rows in the log an idle process does the checkpoint that closing the file does else: about 2 MB of log. */
const idleRows = 2000

/** How many rows wait at most: a resume adds thousands within `soonMillis`, and those that wait outlive V8's young generation. */
const maxRows = 1024

export class Writer {
  readonly #database: DatabaseSync
  readonly #place: string
  readonly #identity: string | undefined
  readonly #statements: ReturnType<typeof statements>
  #rows: Array<Waiting> = []
  /** A reply is among the rows. */
  #isPaid = false
  /** The number of the next event of each run, whose events this process alone writes. */
  readonly #nextEvents = new Map<string, number>()
  #isScheduled = false
  /** Who waits for the next transaction, and who for the disk: for what is brought there now, or after that. */
  #writing: Array<Done> = []
  #syncing: Array<Done> = []
  #unsynced: Array<Done> = []
  #hasBegun = false
  #isAboutToWrite = false
  #isSyncing = false
  /** A reply is written, and not yet on the disk. */
  #isUnsynced = false
  /** Whether SQLite waits for the disk with each transaction that has a reply: without a log always, else until a checkpoint. */
  #isFull = true
  /** Rows since the last checkpoint. */
  #rowsInLog = 0
  #idle: NodeJS.Timeout | undefined
  readonly #hasLog: boolean
  #failure: JournalError | undefined

  /** `identity`: of the file at `place` when it was opened. */
  constructor(database: DatabaseSync, place: string, identity = identityOf(place)) {
    this.#database = database
    this.#identity = identity
    this.#place = place
    this.#statements = statements(database)
    this.#hasLog = hasLog(database)
  }

  /** Takes rows, which are written in this order: by the next `flush`, or soon. */
  add(run: string, rows: ReadonlyArray<Row>): void {
    for (const row of rows) {
      this.#rows.push({ run, row })
      if (row._tag === "Turn") this.#isPaid = true
    }
    if (this.#rows.length >= maxRows) this.flush()
    this.#flushSoon()
  }

  #flushSoon(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    const timer = globalThis.setTimeout(() => {
      this.#isScheduled = false
      // What waits for a write that is about to be made is part of it.
      if (this.#isAboutToWrite) this.#flushSoon()
      else this.flush()
    }, soonMillis)
    // A process does not live longer for it: a journal that is closed writes all that it has taken.
    timer.unref()
  }

  /** Calls back when all that was taken is written, so that it outlives the process. */
  whenWritten(done: Done): void {
    this.#writing.push(done)
    this.#writeSoon()
  }

  /** The same, with each reply among it on the disk. While the disk is busy, replies wait for one more transaction together. */
  whenKept(done: Done): void {
    this.#writing.push((failure) => {
      if (failure !== undefined || (!this.#isUnsynced && !this.#isSyncing)) done(failure)
      else (this.#isUnsynced ? this.#unsynced : this.#syncing).push(done)
    })
    if (!this.#isSyncing) this.#writeSoon()
  }

  /** The first write waits for nothing, as a run begins with it. */
  #writeSoon(): void {
    if (this.#isAboutToWrite || this.#writing.length === 0) return
    const isFirst = !this.#hasBegun
    this.#hasBegun = true
    if (isFirst) return this.#writeNow()
    this.#isAboutToWrite = true
    // Two turns of the event loop: what arrives in the next one is part of it, and its connections send their requests first.
    setImmediate(() => setImmediate(() => this.#writeNow()))
  }

  #writeNow(): void {
    this.#isAboutToWrite = false
    const waiting = this.#writing
    this.#writing = []
    const failure = this.flush(this.#isPaid)
    for (const each of waiting) each(failure)
    this.#sync()
  }

  #sync(): void {
    if (this.#isSyncing || this.#unsynced.length === 0) return
    this.#isSyncing = true
    this.#isUnsynced = false
    this.#syncing = this.#unsynced
    this.#unsynced = []
    LogSync.sync(this.#place, (error) => {
      if (error !== undefined) this.#failure ??= errorAt(this.#place, "cannot be written", error)
      this.#isSyncing = false
      const waiting = this.#syncing
      this.#syncing = []
      for (const each of waiting) each(this.#failure)
      this.#sync()
      this.#writeSoon()
    })
  }

  /**
   * Writes all that was taken; gives the first failure, after which nothing more is written. `isChecked`: fail where the file is not
   * there any more. A request that leaves needs no check, as its reply has one.
   */
  flush(isChecked = true): JournalError | undefined {
    const rows = this.#rows
    if (rows.length === 0 || this.#failure !== undefined) return this.#failure
    this.#rows = []
    const written = Result.try({
      try: () => {
        // SQLite would write to a removed file without an error.
        if (isChecked && identityOf(this.#place) !== this.#identity)
          throw new Error("the file was removed or replaced during the run")
        this.#write(rows)
      },
      catch: (error) => errorAt(this.#place, "cannot be written", error)
    })
    this.#failure = Result.isFailure(written) ? written.failure : undefined
    return this.#failure
  }

  #write(rows: ReadonlyArray<Waiting>): void {
    SharedReads.end()
    const isPaid = this.#isPaid
    const isFull = isPaid && this.#isFull
    // With `NORMAL` a process that is killed loses nothing, but a computer that loses its power may.
    if (isFull) this.#database.exec("PRAGMA synchronous = FULL")
    transaction(this.#database, () => {
      for (const { row, run } of rows) this.#insert(run, row)
    })
    if (isFull) this.#database.exec("PRAGMA synchronous = NORMAL")
    else if (isPaid) this.#isUnsynced = true
    this.#isPaid = false
    this.#rowsInLog += rows.length
    if (isFull) this.#checkpoint()
    else this.#idle = this.#idle?.refresh() ?? globalThis.setTimeout(() => this.#whenIdle(), soonMillis).unref()
  }

  /** Nothing was written for a while: what a reply would wait for, or the end of the run, is done meanwhile. */
  #whenIdle(): void {
    const isBusy = this.#rows.length > 0 || this.#writing.length > 0 || this.#isSyncing
    if (isBusy || !this.#database.isOpen || this.#failure !== undefined) return
    // Where it fails, a write is about to fail that can say so.
    if (this.#isFull || this.#rowsInLog >= idleRows) Result.try(() => this.#checkpoint())
  }

  /** Brings what the log has into the file, as far as nobody reads what was there before. */
  #checkpoint(): void {
    if (!this.#hasLog) return
    const { busy, checkpointed, log } = this.#database.prepare("PRAGMA wal_checkpoint(PASSIVE)").get() ?? {}
    // SQLite has then waited until the folder has the log, and log and file are on the disk: each of them may be new.
    if (busy === 0 && log === checkpointed) this.#isFull = false
    this.#rowsInLog = 0
  }

  #insert(run: string, row: Row): void {
    const { end, entry, event, known, turn } = this.#statements
    switch (row._tag) {
      case "Entry": {
        const { run: fromRun = null, entry: fromEntry = null } = row.known ?? {}
        const { ask, at, entry: n, ordinal, part, request } = row
        const id = Number(known.get(request.key)?.["request"] ?? this.#insertRequest(request))
        entry.run(run, n, ask, part, id, ordinal, at, fromRun, fromEntry)
        return
      }
      case "Turn":
        // The headers of a response are of its delivery.
        turn.run(run, row.entry, row.turn, row.key, JSON.stringify({ ...row.reply, headers: {} }), row.at)
        return
      case "End":
        end.run(run, row.entry, row.state, row.at)
        return
      case "Event":
        event.run(run, this.#nextEvent(run), JSON.stringify(row.event))
        return
      case "Settled":
      // A file has no queue.
    }
  }

  #nextEvent(run: string): number {
    const n = this.#nextEvents.get(run) ?? Number(this.#statements.nextEvent.get(run)?.["n"])
    this.#nextEvents.set(run, n + 1)
    return n
  }

  #insertRequest({ json, key, texts }: KeyedRequest): number {
    const statements = this.#statements
    const id = Number(statements.request.run(json).lastInsertRowid)
    for (const [hash, text] of texts) {
      statements.text.run(hash, text)
      statements.requestText.run(id, hash)
    }
    statements.requestKey.run(key, version, id)
    return id
  }
}
