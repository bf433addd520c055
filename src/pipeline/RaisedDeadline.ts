/** Lets the user raise the deadline of a run while it is under way. */
import { Clock, Effect, Result, type Scope } from "effect"
import type { Interventions } from "../interventions/Interventions.ts"
import { planText } from "../options/DurationText.ts"
import type { Deadline } from "./Deadline.ts"

/** The ends of the asks and of the run. Where only the run has one, that of the asks is the same, and moves with it. */
interface Deadlines {
  readonly asking: Deadline
  readonly all: Deadline | undefined
}

export const offer = (
  interventions: Interventions,
  { all, asking }: Deadlines
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.flatMap(Clock.Clock, (clock) => {
    const isOne = all?.limitMillis === asking.limitMillis
    return interventions.offer("RaiseDeadline", {
      current: () => ({
        _tag: "RaiseDeadline",
        ...(!isOne && { askingMillis: asking.limitMillis }),
        ...(all !== undefined && { allMillis: all.limitMillis })
      }),
      plan: (intervention) => {
        const now = clock.currentTimeMillisUnsafe()
        const { allMillis, askingMillis = isOne ? allMillis : undefined } = intervention
        const problem =
          problemOf("deadline", asking, askingMillis, now) ??
          (all === undefined
            ? allMillis && "the run has a deadline for its asks, and none for all"
            : (problemOf("deadline all", all, allMillis, now) ??
              problemOfBoth(askingMillis, allMillis ?? all.limitMillis)))
        if (typeof problem === "string") return Result.fail(problem)
        if (askingMillis === undefined && allMillis === undefined) return Result.fail("no deadline is given")
        return Result.succeed({
          intervention,
          apply: Effect.sync(() => {
            if (askingMillis !== undefined) asking.raise(askingMillis)
            if (allMillis !== undefined) all?.raise(allMillis)
          })
        })
      }
    })
  })

const problemOf = (
  name: string,
  deadline: Deadline,
  limitMillis: number | undefined,
  now: number
): string | undefined => {
  if (limitMillis === undefined) return undefined
  if (deadline.isOver(now)) return `${name}: it is over`
  if (limitMillis > deadline.limitMillis) return undefined
  return `${name}: expected more than ${planText(deadline.limitMillis)}, got ${planText(limitMillis)}`
}

const problemOfBoth = (askingMillis: number | undefined, allMillis: number): string | undefined =>
  askingMillis !== undefined && askingMillis > allMillis
    ? `deadline: expected at most ${planText(allMillis)} (all), got ${planText(askingMillis)}`
    : undefined
