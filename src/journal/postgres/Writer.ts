/** Writes the rows of a journal in groups: all that wait at a time are one statement, and so one transaction. */
import { Deferred, Effect, Latch } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { JournalError, Row } from "../Journal.ts"
import type { Outage } from "./Outage.ts"
import * as Rows from "./Rows.ts"

/** How long rows wait that nobody waits for. Most are written before, with a request or a reply. */
const soon = "20 millis"

/** How many rows are one statement at most: with replies of a megabyte each, it has as much as a server takes well. */
const maxRows = 200

/** How many hashes of texts are remembered. */
const maxTexts = 10_000

interface Waiting {
  readonly until: number
  readonly done: Deferred.Deferred<void, JournalError>
}

/**
 * Rows wait while the database is away. They are few: an ask goes on only when its reply is kept, so that there is no more than
 * what is in flight.
 */
export class Writer {
  readonly #sql: SqlClient
  readonly #outage: Outage
  /** Names this writer among all that write events of a run. */
  readonly id = crypto.randomUUID()
  readonly #filled = Latch.makeUnsafe()
  readonly #awaited = Latch.makeUnsafe()
  #rows: Array<Rows.Numbered> = []
  #waiting: Array<Waiting> = []
  #added = 0
  #written = 0
  #failure: JournalError | undefined
  /** Hashes of the texts that are in the database: a context of megabytes is sent with the first of its asks. */
  readonly #texts = new Set<string>()

  constructor(sql: SqlClient, outage: Outage) {
    this.#sql = sql
    this.#outage = outage
  }

  /** Takes rows, which are written in this order. */
  add(run: string, rows: ReadonlyArray<Row>): void {
    if (this.#failure !== undefined || rows.length === 0) return
    for (const row of rows) this.#rows.push({ run, n: this.#added++, row })
    this.#filled.openUnsafe()
  }

  /** Ends when all that was taken is written. All who wait at a time wait for one statement. */
  get flushed(): Effect.Effect<void, JournalError> {
    return Effect.suspend(() => {
      if (this.#failure !== undefined) return Effect.fail(this.#failure)
      if (this.#written === this.#added) return Effect.void
      const done = Deferred.makeUnsafe<void, JournalError>()
      this.#waiting.push({ until: this.#added, done })
      this.#awaited.openUnsafe()
      return Deferred.await(done)
    })
  }

  /** To be called when a run has ended, whose texts may be forgotten then. */
  runEnded(): void {
    this.#texts.clear()
  }

  /** Writes what is taken, until it fails for good or is interrupted. */
  get run(): Effect.Effect<void> {
    const written = Effect.gen({ self: this }, function* () {
      yield* this.#filled.await
      yield* Effect.raceFirst(this.#awaited.await, Effect.sleep(soon))
      // What other fibers of the same turn add goes with it.
      yield* Effect.yieldNow
      this.#awaited.closeUnsafe()
      yield* this.#flush
    })
    return Effect.forever(written).pipe(Effect.catch((failure) => Effect.sync(() => this.#fail(failure))))
  }

  get #flush(): Effect.Effect<void, JournalError> {
    return Effect.gen({ self: this }, function* () {
      while (this.#rows.length > 0) {
        const rows = this.#rows.splice(0, maxRows)
        const { parameters, texts } = Rows.parametersOf(this.id, rows, this.#texts)
        yield* this.#outage.outlast(this.#sql.unsafe(Rows.sql, parameters), "cannot be written")
        this.#written += rows.length
        if (this.#texts.size > maxTexts) this.#texts.clear()
        for (const hash of texts) this.#texts.add(hash)
        const [done, waiting] = [
          this.#waiting.filter(this.#isDone),
          this.#waiting.filter((each) => !this.#isDone(each))
        ]
        this.#waiting = waiting
        for (const each of done) Deferred.doneUnsafe(each.done, Effect.void)
      }
      this.#filled.closeUnsafe()
    })
  }

  readonly #isDone = ({ until }: Waiting): boolean => until <= this.#written

  /** Nothing more is written after the first failure. */
  #fail(failure: JournalError): void {
    this.#failure = failure
    this.#rows = []
    for (const { done } of this.#waiting.splice(0)) Deferred.doneUnsafe(done, Effect.fail(failure))
  }
}
