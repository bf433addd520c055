/** Waits for a database that a run has lost: statements are tried again until it is back, or has been gone for too long. */
import { Clock, Console, Duration, Effect, Schedule } from "effect"
import { ConnectionError, SqlError } from "effect/sql/SqlError"
import { roundedText } from "../../options/DurationText.ts"
import { JournalError } from "../Journal.ts"
import * as Failure from "./Failure.ts"

/** A restart and a failover are over by then; a run that waited longer would hold answers that it has paid. */
const limit = "5 minutes"

/** A deadlock, and a connection that has just been closed, are over sooner: nobody is told. */
const reportedAfterMillis = 1000

/** How long a statement takes at most, whose connection may hang. */
const statementTimeout = "30 seconds"

/** How often it is looked whether the database is there, where nothing else may ask it anything. */
const watchInterval = "5 seconds"

const pauses = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("1 second")])

const silence = new SqlError({
  reason: new ConnectionError({ cause: new Error("it does not answer"), operation: "query" })
})

export class Outage {
  readonly #place: string
  readonly #limitMillis: number
  /** When the first statement failed that has not succeeded since. */
  #since: number | undefined
  #isReported = false

  constructor(place: string, given: Duration.Input = limit) {
    this.#place = place
    this.#limitMillis = Duration.toMillis(Duration.fromInputUnsafe(given))
  }

  /** Whether the last statement has not reached the database. */
  get isAway(): boolean {
    return this.#since !== undefined
  }

  /** Tries a statement until it succeeds, which may so be run twice. Says once that it waits. */
  outlast<A, R>(statement: Effect.Effect<A, SqlError, R>, what: string): Effect.Effect<A, JournalError, R> {
    return Effect.timeoutOrElse(statement, {
      duration: statementTimeout,
      orElse: () => Effect.fail(silence)
    }).pipe(
      Effect.retry({ schedule: pauses, while: (error) => this.#isPassing(error) }),
      Effect.mapError((error) => this.#errorOf(what, error)),
      Effect.tap(() => Effect.sync(() => this.#back()))
    )
  }

  /** Makes the statement now and then, until it fails for good or the database has been away for too long. */
  watch<R>(statement: Effect.Effect<unknown, SqlError, R>): Effect.Effect<never, JournalError, R> {
    return Effect.forever(Effect.delay(this.outlast(statement, "cannot be used"), watchInterval))
  }

  /** With the time that was waited, if it was. */
  #errorOf(what: string, error: SqlError): JournalError {
    const failure = Failure.errorAt(this.#place, what, error)
    if (!this.#isReported || !Failure.isPassing(error)) return failure
    return new JournalError({ message: `${failure.message}; waited ${roundedText(this.#limitMillis)} for it` })
  }

  /** Whether to try again after this failure, which it notes. */
  #isPassing(error: SqlError): Effect.Effect<boolean> {
    if (!Failure.isPassing(error)) return Effect.succeed(false)
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      this.#since ??= now
      const millis = now - this.#since
      const isWorthwhile = millis < this.#limitMillis
      if (this.#isReported || millis < reportedAfterMillis || !isWorthwhile) return Effect.succeed(isWorthwhile)
      this.#isReported = true
      const { message } = Failure.errorAt(this.#place, "is away", error)
      return Effect.as(Console.error(`Waiting for the database, as ${message}`), true)
    })
  }

  #back(): void {
    this.#since = undefined
    this.#isReported = false
  }
}
