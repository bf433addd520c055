/** What is told of a fan-out besides what its asks tell: how it began, and how each ask ended. */
import { Clock, Effect, Exit } from "effect"
import * as Ask from "./Ask.ts"
import type { AskError } from "../claude/AskError.ts"
import * as Call from "../claude/Call.ts"
import type { Deadline } from "./Deadline.ts"
import * as Event from "../claude/Event.ts"
import type { Policy } from "../options/Policy.ts"
import type { Concurrency } from "./Research.ts"

/** One ask, and where it stands. */
export interface Entry {
  readonly name: string
  readonly index: number
  readonly ask: Ask.Ask<unknown, any>
}

export type Ended = Exit.Exit<Ask.Answer<unknown>, AskError>
type End = "answered" | "failed" | "interrupted"

const endOf = (exit: Ended): End => {
  if (Exit.isSuccess(exit)) return "answered"
  return Exit.hasFails(exit) || Exit.hasDies(exit) ? "failed" : "interrupted"
}

/** The course of a fan-out: its beginning, its asks, each of which `ended` learns the end of, and its end. */
export const courseOf = (
  entries: ReadonlyArray<Entry>,
  policy: Policy,
  concurrency: Concurrency,
  startedAt: number,
  deadline: Deadline | undefined
) => {
  const ends = new Map<string, End>()
  const asks = entries.map(({ ask, name }) => ({ name, question: ask.question }))
  return {
    begin: Event.emit({ _tag: "ResearchStarted", asks, policy, concurrency }),

    resolve: ({ ask, name }: Entry, ended: (exit: Ended) => Effect.Effect<unknown> = () => Effect.void) => {
      const end = (exit: Ended) => {
        ends.set(name, endOf(exit))
        return ended(exit)
      }
      const resolved = Ask.resolve(ask, end, name)
      if (deadline === undefined) return resolved
      return deadline.before(resolved, () => {
        const { error } = deadline
        const failed = { _tag: "Failed", reason: error.reason._tag, message: error.message, durationMillis: 0 } as const
        return Effect.onExit(Effect.fail(error), (exit) => Effect.andThen(tellOf(name, failed), end(exit)))
      })
    },

    /** Asks that never had their turn get their event too, so that every ask has exactly one end. */
    end: Effect.gen(function* () {
      const count: Record<End, number> = { answered: 0, failed: 0, interrupted: 0 }
      for (const { name } of entries) {
        const end = ends.get(name)
        if (end === undefined) yield* tellOf(name, { _tag: "Interrupted", durationMillis: 0 })
        count[end ?? "interrupted"]++
      }
      const durationMillis = (yield* Clock.currentTimeMillis) - startedAt
      yield* Event.emit({ _tag: "ResearchEnded", ...count, durationMillis })
    })
  }
}

/** Tells the end of an ask that never had its turn. */
const tellOf = (name: string, end: Parameters<typeof Event.emit>[0]): Effect.Effect<void> =>
  Effect.updateService(Event.emit(end), Call.Current, (call) => ({ ...call, ask: name }))
