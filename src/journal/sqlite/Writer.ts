/** Writes the rows of a journal in groups: all that wait at a time are one transaction. */
import { Result } from "effect"
import type { JournalError, Row } from "../Journal.ts"
import { version } from "../RequestKey.ts"
import { type DatabaseSync, errorAt, transaction } from "./Database.ts"
import { identityOf } from "./OwnFile.ts"

const statements = (database: DatabaseSync) => ({
  entry: database.prepare("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"),
  text: database.prepare("INSERT OR IGNORE INTO text VALUES (?, ?)"),
  request: database.prepare("INSERT INTO request (json) VALUES (?)"),
  requestOf: database.prepare("SELECT request FROM request_key WHERE key = ? AND version = ? LIMIT 1"),
  requestText: database.prepare("INSERT OR IGNORE INTO request_text VALUES (?, ?)"),
  requestKey: database.prepare("INSERT OR IGNORE INTO request_key VALUES (?, ?, ?)"),
  turn: database.prepare("INSERT INTO turn VALUES (?, ?, ?, ?, ?, ?)"),
  end: database.prepare("INSERT OR IGNORE INTO entry_end VALUES (?, ?, ?, ?)"),
  event: database.prepare("INSERT INTO event VALUES (?, ?, ?)"),
  nextEvent: database.prepare("SELECT coalesce(max(n), -1) + 1 AS n FROM event WHERE run = ?")
})

interface Waiting {
  readonly run: string
  readonly row: Row
}

/** How long rows wait that nobody waits for. Most are written before, with a request or a reply. */
const soonMillis = 20

/** How long a reply waits for others: its transaction waits for the disk, which takes longer and blocks all calls. */
const groupMillis = 1

const isPaid = (rows: ReadonlyArray<Waiting>): boolean => rows.some(({ row }) => row._tag === "Turn")

export class Writer {
  readonly #database: DatabaseSync
  readonly #place: string
  readonly #identity: string | undefined
  readonly #statements: ReturnType<typeof statements>
  #rows: Array<Waiting> = []
  /** The number of the next event of each run, whose events this process alone writes. */
  readonly #nextEvents = new Map<string, number>()
  #isScheduled = false
  #waiting: Array<(failure: JournalError | undefined) => void> = []
  #failure: JournalError | undefined

  /** `identity`: of the file at `place` when it was opened. */
  constructor(database: DatabaseSync, place: string, identity = identityOf(place)) {
    this.#database = database
    this.#identity = identity
    this.#place = place
    this.#statements = statements(database)
  }

  /** Takes rows, which are written in this order: by the next `flush`, or soon. */
  add(run: string, rows: ReadonlyArray<Row>): void {
    for (const row of rows) this.#rows.push({ run, row })
    if (this.#isScheduled) return
    this.#isScheduled = true
    const timer = globalThis.setTimeout(() => {
      this.#isScheduled = false
      this.flush()
    }, soonMillis)
    // A process does not live longer for it: a journal that is closed writes all that it has taken.
    timer.unref()
  }

  /** Calls back when all that was taken is written. All who wait within a short time wait for one transaction. */
  whenFlushed(done: (failure: JournalError | undefined) => void): void {
    if (this.#waiting.push(done) > 1) return
    const write = () => {
      const waiting = this.#waiting
      this.#waiting = []
      const failure = this.flush()
      for (const each of waiting) each(failure)
    }
    if (isPaid(this.#rows)) globalThis.setTimeout(write, groupMillis)
    else setImmediate(write)
  }

  /** Writes all that was taken; gives the first failure, after which nothing more is written. */
  flush(): JournalError | undefined {
    const rows = this.#rows
    if (rows.length === 0 || this.#failure !== undefined) return this.#failure
    this.#rows = []
    const written = Result.try({
      try: () => {
        // SQLite would write to a removed file without an error.
        if (identityOf(this.#place) !== this.#identity)
          throw new Error("the file was removed or replaced during the run")
        // Without `FULL` a process that is killed loses nothing, but a computer that loses its power may.
        this.#database.exec(`PRAGMA synchronous = ${isPaid(rows) ? "FULL" : "NORMAL"}`)
        transaction(this.#database, () => {
          for (const { row, run } of rows) this.#insert(run, row)
        })
      },
      catch: (error) => errorAt(this.#place, "cannot be written", error)
    })
    this.#failure = Result.isFailure(written) ? written.failure : undefined
    return this.#failure
  }

  #insert(run: string, row: Row): void {
    const { end, entry, event, turn } = this.#statements
    switch (row._tag) {
      case "Entry": {
        const { run: fromRun = null, entry: fromEntry = null } = row.known ?? {}
        const request = this.#requestId(row)
        entry.run(run, row.entry, row.ask, row.part, request, row.ordinal, row.at, fromRun, fromEntry)
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

  #requestId({ request }: Extract<Row, { readonly _tag: "Entry" }>): number {
    const statements = this.#statements
    const found = statements.requestOf.get(request.key, version)
    if (found !== undefined) return Number(found["request"])
    const id = Number(statements.request.run(request.json).lastInsertRowid)
    for (const [hash, text] of request.texts) {
      statements.text.run(hash, text)
      statements.requestText.run(id, hash)
    }
    statements.requestKey.run(request.key, version, id)
    return id
  }
}
