/** What of a plan its journal would answer, found by running it with a Claude that sends nothing. */
import { Clock, Effect, Layer } from "effect"
import { AskError, NothingToFold } from "../claude/AskError.ts"
import { Claude } from "../claude/Claude.ts"
import * as Call from "../claude/Call.ts"
import * as Event from "../claude/Event.ts"
import type { Journal, JournalError } from "../journal/Journal.ts"
import * as Reuse from "../journal/Reuse.ts"
import { RunRecorder } from "../journal/RunRecorder.ts"
import * as Pipeline from "../pipeline/Pipeline.ts"
import type { Prepared } from "./Plan.ts"

/** Names of the asks with an answer in the journal, and what it has that reads these. */
export interface JournalForecast {
  readonly asks: ReadonlySet<string>
  readonly hasSynthesis: boolean
  /** Whether it lacks a comparison of them. */
  readonly comparesAnew: boolean
}

/** `plan` and `source` are those that the run would begin with. Changes and locks nothing. */
export const make = Effect.fnUntraced(function* (
  pipeline: Prepared,
  journal: typeof Journal.Service,
  { plan, source }: { readonly plan: string; readonly source: string }
): Effect.fn.Return<JournalForecast, JournalError> {
  const { reuse } = pipeline.layers
  const at = yield* Clock.currentTimeMillis
  const resumed = yield* journal.unfinished(plan, source)
  const run = { id: "", plan, source, at, resumed }
  const unchanged = { ...journal, add: () => {}, kept: Effect.void }
  const recorder = new RunRecorder(unchanged, run, Reuse.reusable(reuse, run, at))
  const asks = new Set<string>()
  const incomplete = new Set<string>()
  let hasSynthesis = false
  const listener: Event.Listener = {
    emit: (event) =>
      Effect.sync(() => {
        if (event._tag === "Voted" && event.answered < event.votes) incomplete.add(event.ask)
        if (event._tag !== "Answered") return
        if (event.part === "ask") {
          // Votes have names of their own.
          if (Object.hasOwn(pipeline.asks, event.ask) && !incomplete.has(event.ask)) asks.add(event.ask)
        } else if (event.ask === "synthesis") hasSynthesis = true
      })
  }
  // Whatever reaches it is not in the journal. One error for all: each takes a stack of its own.
  const absent = Effect.fail(new AskError({ reason: new NothingToFold({ asks: 0 }) }))
  let comparesAnew = false
  const send = recorder.around(() =>
    Effect.flatMap(Call.Current, ({ ask, part }) => {
      if (part === "synthesis" && ask.startsWith("comparison.")) comparesAnew = true
      return absent
    })
  )
  yield* Pipeline.run({ ...pipeline, policy: "best-effort", concurrency: "unbounded", deadline: undefined }).pipe(
    Effect.provideService(Event.Listener, listener),
    Effect.provide(Layer.succeed(Claude, Claude.of({ send })))
  )
  // A fold of fewer answers may be there too.
  return { asks, hasSynthesis: hasSynthesis && asks.size === Object.keys(pipeline.asks).length, comparesAnew }
})
