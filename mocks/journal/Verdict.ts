/** Finds mistakes of a client in the journal: retries, truncated streams and open requests, as a server can see them. */
import type { Journal, Entry } from "./Journal.ts"

/** One mistake of the client, and the request concerned. */
export interface Problem {
  readonly kind:
    | "retried too early"
    | "retried what must not be"
    | "accepted a truncated stream"
    | "left a request open"
    | "never read a body"
  readonly requestId: string
  readonly detail: string
}

/** The problems found, and the counts of the journal. `ok` is true if there is no problem. */
export interface Verdict {
  readonly ok: boolean
  readonly problems: ReadonlyArray<Problem>
  readonly attempts: number
  readonly peakInFlight: number
  readonly aborted: number
}

/** A retry may come this much before `retry-after` ends, as timers are inexact. */
const toleranceMillis = 20

/** Not retryable where the reply has no `x-should-retry`. */
const notRetryable = new Set([400, 401, 402, 403, 404, 413])

const mustNotRetry = (entry: Entry): boolean =>
  entry.status !== null &&
  entry.status >= 400 &&
  (entry.shouldRetry === null ? notRetryable.has(entry.status) : !entry.shouldRetry)

const problemsOf = (entry: Entry, next: Entry | undefined): ReadonlyArray<Problem> => {
  const problem = (kind: Problem["kind"], detail: string): Problem => ({ kind, requestId: entry.requestId, detail })
  const what = `${entry.method} ${entry.path} (key ${entry.key}, attempt ${entry.attempt})`
  const found: Array<Problem> = []
  if (next !== undefined && entry.retryAfterSeconds !== null && entry.status !== 200 && entry.headersMillis !== null) {
    const waited = next.startedMillis - entry.headersMillis
    if (waited < entry.retryAfterSeconds * 1000 - toleranceMillis) {
      found.push(
        problem(
          "retried too early",
          `${what}: retry-after said ${entry.retryAfterSeconds} s, the next try came after ${Math.round(waited)} ms`
        )
      )
    }
  }
  if (next !== undefined && mustNotRetry(entry)) {
    found.push(problem("retried what must not be", `${what}: ${entry.status} ${entry.errorType ?? ""} was tried again`))
  }
  if (next === undefined && entry.streamed && entry.outcome === "cut" && entry.status === 200) {
    found.push(
      problem("accepted a truncated stream", `${what}: the stream ended without message_stop and was not tried again`)
    )
  }
  if (entry.endedMillis === null) {
    const isUnread = entry.outcome === "reading" && !entry.bodyRead
    found.push(
      isUnread
        ? problem(
            "never read a body",
            `${what}: status ${entry.status} was received, its body neither read nor cancelled`
          )
        : problem("left a request open", `${what}: still ${entry.outcome}`)
    )
  }
  return found
}

/** Judges the kept entries. Call it after the client has ended: an attempt that is open then is reported as left open. */
export const judge = (journal: Journal): Verdict => {
  const { entries } = journal
  const next = new Map<Entry, Entry>()
  const latest = new Map<string, Entry>()
  for (const entry of entries) {
    const previous = latest.get(entry.key)
    if (previous !== undefined) next.set(previous, entry)
    latest.set(entry.key, entry)
  }
  const problems = entries.flatMap((entry) => problemsOf(entry, next.get(entry)))
  return {
    ok: problems.length === 0,
    problems,
    attempts: journal.attempts,
    peakInFlight: journal.peakInFlight,
    aborted: entries.filter((entry) => entry.outcome === "aborted" || entry.outcome === "cancelled").length
  }
}

/** Writes one line an attempt, sorted and without measured times: equal for equal seeds and requests. */
export const log = (entries: ReadonlyArray<Entry>): ReadonlyArray<string> =>
  entries
    .map((entry) =>
      [
        entry.key,
        `#${entry.attempt}`,
        entry.method,
        entry.path,
        entry.model ?? "-",
        entry.status ?? "no status",
        entry.fault ?? "no fault",
        `${entry.inputTokens}+${entry.outputTokens} tokens`,
        `${entry.plannedMillis.toFixed(3)} ms`,
        entry.stopReason ?? "-"
      ].join(" ")
    )
    .toSorted()
