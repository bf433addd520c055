/** Judges a client by the journal: what a server would have seen it do wrong. */
import type { Journal, Entry } from "./Journal.ts"

/** One thing a client did wrong, and the request it did it to. */
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

/** The whole judgement. `ok` means no problem was found. */
export interface Verdict {
  readonly ok: boolean
  readonly problems: ReadonlyArray<Problem>
  readonly attempts: number
  readonly peakInFlight: number
  readonly aborted: number
}

/** Timers may fire this much early without being called impatient. */
const toleranceMillis = 20

const final = new Set([400, 401, 402, 403, 404, 413])

const mustNotRetry = (entry: Entry): boolean =>
  entry.status !== null &&
  entry.status >= 400 &&
  (entry.shouldRetry === null ? final.has(entry.status) : !entry.shouldRetry)

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
    const unread = entry.outcome === "reading" && !entry.bodyRead
    found.push(
      unread
        ? problem(
            "never read a body",
            `${what}: status ${entry.status} was received, its body neither read nor cancelled`
          )
        : problem("left a request open", `${what}: still ${entry.outcome}`)
    )
  }
  return found
}

/** Judges the entries that the book still holds. Call it when the client is done: what is open then, it left open. */
export const judge = (journal: Journal): Verdict => {
  const { entries } = journal
  const next = new Map<Entry, Entry>()
  const latest = new Map<string, Entry>()
  for (const entry of entries) {
    const before = latest.get(entry.key)
    if (before !== undefined) next.set(before, entry)
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

/** Writes what was decided, one line an attempt, without measured times: the same seed and requests give the same lines. */
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
