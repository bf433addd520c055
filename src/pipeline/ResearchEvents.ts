/** The events of a research beside those of its asks: its start, the end of asks that never started, and its end. */
import { Clock, Effect, Exit } from "effect"
import * as Call from "../claude/Call.ts"
import * as Event from "../claude/Event.ts"
import type { Policy } from "../options/Policy.ts"
import * as Ask from "./Ask.ts"
import type { AskExit } from "./CollectFindings.ts"
import type { Deadline } from "./Deadline.ts"
import type { Concurrency, Entry } from "./ResearchOptions.ts"

type End = "answered" | "failed" | "interrupted"

const endOf = (exit: AskExit): End => {
  if (Exit.isSuccess(exit)) return "answered"
  return Exit.hasFails(exit) || Exit.hasDies(exit) ? "failed" : "interrupted"
}

/**
 * `start` and `end` emit the events of the research. `resolve` runs one of its asks, or fails it where the deadline is over, and
 * runs `onEnd` with the exit. `rows`: how many asks there are, where `entries` are not all of them.
 */
export const make = (
  entries: ReadonlyArray<Entry>,
  policy: Policy,
  concurrency: Concurrency,
  startedAt: number,
  deadline: Deadline | undefined,
  rows?: number
) => {
  const ended = new Set<string>()
  const count: Record<End, number> = { answered: 0, failed: 0, interrupted: 0 }
  const asks = (rows === undefined ? entries : []).map(({ ask, name }) => ({ name, question: ask.question }))
  return {
    start: Event.emit({ _tag: "ResearchStarted", asks, ...(rows !== undefined && { rows }), policy, concurrency }),

    /** How the asks that have ended did. */
    count: count as Readonly<Record<End, number>>,

    resolve: ({ ask, name }: Entry, onEnd: (exit: AskExit) => Effect.Effect<unknown> = () => Effect.void) => {
      const end = (exit: AskExit) => {
        if (rows === undefined) ended.add(name)
        count[endOf(exit)]++
        return onEnd(exit)
      }
      const resolved = Ask.resolve(ask, end, name)
      if (deadline === undefined) return resolved
      return deadline.before(resolved, () => {
        const { error } = deadline
        const failed = { _tag: "Failed", reason: error.reason._tag, message: error.message, durationMillis: 0 } as const
        return Effect.onExit(Effect.fail(error), (exit) => Effect.andThen(emitFor(name, failed), end(exit)))
      })
    },

    /** Emits `Interrupted` for listed asks that never started, so that each has exactly one end, then `ResearchEnded`. */
    end: Effect.gen(function* () {
      for (const { name } of rows === undefined ? entries : []) {
        if (!ended.has(name)) yield* emitFor(name, { _tag: "Interrupted", durationMillis: 0 })
      }
      const { answered, failed } = count
      count.interrupted = (rows ?? entries.length) - answered - failed
      const durationMillis = (yield* Clock.currentTimeMillis) - startedAt
      yield* Event.emit({ _tag: "ResearchEnded", ...count, durationMillis })
    })
  }
}

/** Emits an event of an ask that was never run, under its name. */
const emitFor = (name: string, event: Parameters<typeof Event.emit>[0]): Effect.Effect<void> =>
  Effect.updateService(Event.emit(event), Call.Current, (call) => ({ ...call, ask: name }))
