/** What the mock saw: one entry for each attempt, in the order of arrival. */
import { Schema } from "effect"

/**
 * What became of an attempt. "waiting": no headers yet; "reading": headers were sent, the body is not finished; "failed": the
 * connection broke before headers; "cut": the body ended early as if whole; "reset": the connection broke within it; "aborted"
 * and "cancelled": the client gave up; "discarded": it let the body of an error go, as one does that tries again.
 */
export const Outcome = Schema.Literals([
  "waiting",
  "reading",
  "complete",
  "cut",
  "reset",
  "failed",
  "aborted",
  "cancelled",
  "discarded"
])
export type Outcome = typeof Outcome.Type

/**
 * One attempt. `key` is the same for the same request; `attempt` counts its arrivals from 1. Times are milliseconds since the
 * mock was made; `plannedMillis` is the simulated duration before `timeScale`. `inFlight` counts open attempts, this one included.
 */
export const Entry = Schema.Struct({
  requestId: Schema.String,
  key: Schema.String,
  attempt: Schema.Int,
  method: Schema.String,
  path: Schema.String,
  model: Schema.NullOr(Schema.String),
  streamed: Schema.Boolean,
  fault: Schema.NullOr(Schema.String),
  status: Schema.NullOr(Schema.Int),
  errorType: Schema.NullOr(Schema.String),
  shouldRetry: Schema.NullOr(Schema.Boolean),
  retryAfterSeconds: Schema.NullOr(Schema.Finite),
  plannedMillis: Schema.Finite,
  startedMillis: Schema.Finite,
  headersMillis: Schema.NullOr(Schema.Finite),
  endedMillis: Schema.NullOr(Schema.Finite),
  outcome: Outcome,
  bodyRead: Schema.Boolean,
  stopReason: Schema.NullOr(Schema.String),
  inputTokens: Schema.Int,
  outputTokens: Schema.Int,
  inFlight: Schema.Int
})
export type Entry = typeof Entry.Type

/** An entry while its attempt is under way. */
export type OpenEntry = { -readonly [Field in keyof Entry]: Entry[Field] }

/** The entries kept, and counts that go on when old entries are dropped. */
export interface Journal {
  readonly entries: ReadonlyArray<Entry>
  readonly attempts: number
  readonly inFlight: number
  readonly peakInFlight: number
  readonly open: (
    start: Pick<OpenEntry, "requestId" | "key" | "attempt" | "method" | "path" | "model" | "streamed" | "startedMillis">
  ) => OpenEntry
  readonly end: (entry: OpenEntry, outcome: Outcome, atMillis: number) => void
  readonly clear: () => void
}

/** Makes an empty book that keeps the last `limit` entries, so that a long run does not grow without end. */
export const make = (limit: number): Journal => {
  let entries: Array<OpenEntry> = []
  let attempts = 0
  let inFlight = 0
  let peakInFlight = 0
  return {
    get entries() {
      return entries.slice(-limit)
    },
    get attempts() {
      return attempts
    },
    get inFlight() {
      return inFlight
    },
    get peakInFlight() {
      return peakInFlight
    },
    open: (start) => {
      attempts++
      inFlight++
      peakInFlight = Math.max(peakInFlight, inFlight)
      const entry: OpenEntry = {
        ...start,
        fault: null,
        status: null,
        errorType: null,
        shouldRetry: null,
        retryAfterSeconds: null,
        plannedMillis: 0,
        headersMillis: null,
        endedMillis: null,
        outcome: "waiting",
        bodyRead: false,
        stopReason: null,
        inputTokens: 0,
        outputTokens: 0,
        inFlight
      }
      entries.push(entry)
      // Dropping in bulk keeps the cost of an entry constant.
      if (entries.length > 2 * limit) entries = entries.slice(-limit)
      return entry
    },
    end: (entry, outcome, atMillis) => {
      if (entry.endedMillis !== null) return
      inFlight--
      entry.outcome = outcome
      entry.endedMillis = atMillis
    },
    clear: () => {
      entries = []
      attempts = 0
      peakInFlight = inFlight
    }
  }
}
