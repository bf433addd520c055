/** How much was under way at each moment, and how much came in each part of the time. Pure. */
import type { Phase } from "../../Phases.ts"
import type { Row, View } from "../../View.ts"

const sent: ReadonlySet<Phase> = new Set<Phase>([
  "sent",
  "answer",
  "plain",
  "sent-failed",
  "answer-failed",
  "hedge",
  "hedge-failed"
])

/** Steps of a line: from each time on, in milliseconds, that many. */
export interface Steps {
  readonly at: ReadonlyArray<number>
  readonly count: ReadonlyArray<number>
}

/** Requests in flight: a request goes from what was sent to its end, over its first token. */
export const inFlightOf = (rows: ReadonlyArray<Row>): Steps => {
  const changes = new Map<number, number>([[0, 0]])
  for (const { bars } of rows) {
    for (const [phase, from, millis] of bars) {
      if (!sent.has(phase)) continue
      changes.set(from, (changes.get(from) ?? 0) + 1)
      changes.set(from + millis, (changes.get(from + millis) ?? 0) - 1)
    }
  }
  const at = [...changes.keys()].toSorted((a, b) => a - b)
  let sum = 0
  return { at, count: at.map((time) => (sum += changes.get(time)!)) }
}

/** How many asks might be under way, from each time on; null where nothing limits them. */
export interface Limits {
  readonly at: ReadonlyArray<number>
  readonly limit: ReadonlyArray<number | null>
}

/** The concurrency of the plan, and each one that it was raised to. */
export const concurrencyOf = ({
  concurrency,
  interventions = []
}: Pick<View, "concurrency" | "interventions">): Limits => {
  const raised = interventions.flatMap(({ at, intervention }) =>
    intervention._tag === "RaiseConcurrency" ? [{ at, concurrency: intervention.concurrency }] : []
  )
  const steps = [...(concurrency === null ? [] : [{ at: 0, concurrency }]), ...raised]
  return {
    at: steps.map(({ at }) => at),
    limit: steps.map(({ concurrency }) => (concurrency === "unbounded" ? null : concurrency))
  }
}

/** Both lines over the times of either. */
export const joined = (steps: Steps, limits: Limits): Steps & { readonly limit: ReadonlyArray<number | null> } => {
  const at = [...new Set([...steps.at, ...limits.at])].toSorted((a, b) => a - b)
  const valuesAt = <A>(times: ReadonlyArray<number>, values: ReadonlyArray<A>, before: A): ReadonlyArray<A> => {
    let n = -1
    return at.map((time) => {
      while (n + 1 < times.length && times[n + 1]! <= time) n++
      return n < 0 ? before : values[n]!
    })
  }
  return { at, count: valuesAt(steps.at, steps.count, 0), limit: valuesAt(limits.at, limits.limit, null) }
}

/** What ends each answer, with the tokens that it brought. */
const endOf = ({ bars }: Row): number | undefined => {
  const last = bars.findLast(([phase]) => phase === "answer" || phase === "plain")
  return last && last[1] + last[2]
}

/** Answers and their output tokens a minute, in each of so many equal parts of the time. */
export const ratesOf = (rows: ReadonlyArray<Row>, totalMillis: number, parts: number) => {
  const partMillis = Math.max(1, totalMillis / parts)
  const [answers, tokens] = [0, 1].map(() => Array.from({ length: parts }, () => 0)) as [Array<number>, Array<number>]
  for (const row of rows) {
    const end = row.status === "answered" ? endOf(row) : undefined
    if (end === undefined) continue
    const part = Math.min(parts - 1, Math.floor(end / partMillis))
    answers[part]!++
    tokens[part]! += row.usage.outputTokens
  }
  const minutely = 60_000 / partMillis
  return {
    at: answers.map((_, part) => part * partMillis),
    answers: answers.map((count) => count * minutely),
    tokens: tokens.map((count) => count * minutely)
  }
}
