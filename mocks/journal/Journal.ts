/** The record of a mock: one entry for each attempt, in the order of arrival. */
import { Schema } from "effect"

/**
 * The state of an attempt. "waiting": headers not sent; "reading": headers sent, the body not ended; "failed": the connection
 * broke before the headers; "cut": the body ended early as if complete; "reset": the connection broke in the body; "aborted": the
 * client's signal; "cancelled": the client cancelled the body of a 200; "discarded": that of an error, as before a retry.
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
 * One attempt. `key` is the hash of the request; `attempt` counts its arrivals from 1. Times are milliseconds of the clock since
 * the creation of the mock; `plannedMillis` is the simulated duration, before `timeScale`. `inFlight` includes this one.
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

/** The entry of an attempt in progress, which the engine changes. */
export type OpenEntry = { -readonly [Field in keyof Entry]: Entry[Field] }

/** The kept entries, and counts that include dropped ones. */
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

/** Makes an empty journal that keeps the last `limit` entries, which bounds its memory. */
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
      // Dropping `limit` entries at once keeps the cost of an entry constant.
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
