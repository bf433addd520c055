/** Runs the asks of a research so that the user can stop asking, ask a gap again, and raise the concurrency. */
import { Effect, Result } from "effect"
import type { AskError } from "../claude/AskError.ts"
import * as Call from "../claude/Call.ts"
import type { Interventions, Planned } from "../interventions/Interventions.ts"
import { WorkPool } from "../scheduling/WorkPool.ts"
import type { Outcome } from "./Findings.ts"
import type { Concurrency, Entry } from "./ResearchOptions.ts"

/** The research: its asks, how one is run, how those that have ended did so, and what ends it. */
interface Steered<R> {
  readonly entries: ReadonlyArray<Entry>
  readonly one: (entry: Entry) => Effect.Effect<unknown, AskError, R>
  readonly outcomes: Map<string, Outcome<unknown>>
  readonly concurrency: Concurrency
  readonly stop: Effect.Effect<unknown>
}

const limitOf = (concurrency: Concurrency): number =>
  concurrency === "unbounded" ? Number.POSITIVE_INFINITY : concurrency

/** Ends when all asks have ended, those that were asked again too. */
export const run = <R>(
  interventions: Interventions,
  { concurrency, entries, one, outcomes, stop }: Steered<R>
): Effect.Effect<void, AskError, R> =>
  Effect.scoped(
    Effect.gen(function* () {
      const pool = new WorkPool<AskError, R>(entries.map(one), limitOf(concurrency))
      yield* interventions.offer("Stop", { plan: (intervention) => Result.succeed({ intervention, apply: stop }) })
      yield* interventions.offer("RaiseConcurrency", {
        current: () =>
          pool.limit === Number.POSITIVE_INFINITY ? undefined : { _tag: "RaiseConcurrency", concurrency: pool.limit },
        plan: (intervention) => {
          const limit = limitOf(intervention.concurrency)
          return limit > pool.limit
            ? Result.succeed({ intervention, apply: Effect.sync(() => pool.raise(limit)) })
            : Result.fail(`concurrency: expected more than ${pool.limit}, got ${intervention.concurrency}`)
        }
      })
      yield* interventions.offer("AskAgain", {
        plan: ({ asks }) =>
          Result.map(gapsOf(entries, outcomes, asks), (gaps): Planned => ({
            intervention: { _tag: "AskAgain", asks: gaps.map(({ name }) => name) },
            apply: Effect.sync(() => {
              // The research may have ended while the event was kept: its gaps stay what they are.
              if (!pool.isOpen) return
              for (const gap of gaps) {
                outcomes.delete(gap.name)
                pool.add(again(one(gap)))
              }
            })
          }))
      })
      yield* pool.run
    })
  )

const again = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.updateService(effect, Call.Current, (call) => ({ ...call, again: true }))

/** The asks of these names, or, without a name, all that have ended without an answer. */
const gapsOf = (
  entries: ReadonlyArray<Entry>,
  outcomes: ReadonlyMap<string, Outcome<unknown>>,
  names: ReadonlyArray<string>
): Result.Result<ReadonlyArray<Entry>, string> => {
  const isGap = ({ name }: Entry): boolean => (outcomes.get(name)?._tag ?? "Answered") !== "Answered"
  if (names.length === 0) {
    const gaps = entries.filter(isGap)
    return gaps.length === 0 ? Result.fail("no ask has ended without an answer") : Result.succeed(gaps)
  }
  const asked = [...new Set(names)].map((name) => entries.find((entry) => entry.name === name) ?? name)
  for (const one of asked) {
    if (typeof one === "string") return Result.fail(`${one}: the run has no such ask`)
    if (!isGap(one)) return Result.fail(`${one.name} ${outcomes.has(one.name) ? "has its answer" : "has not ended"}`)
  }
  return Result.succeed(asked.filter((one) => typeof one !== "string"))
}
