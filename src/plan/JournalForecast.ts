/** What of a plan its journal would answer, found by running it with a Claude that sends nothing. */
import { Clock, Effect, Layer } from "effect"
import { AskError, NothingToFold } from "../claude/AskError.ts"
import * as Call from "../claude/Call.ts"
import { Claude } from "../claude/Claude.ts"
import * as Event from "../claude/Event.ts"
import { type Journal, type JournalError, type RunSummary, simulated } from "../journal/Journal.ts"
import * as Reuse from "../journal/Reuse.ts"
import { RunRecorder } from "../journal/RunRecorder.ts"
import * as Pipeline from "../pipeline/Pipeline.ts"
import type { Prepared } from "./Plan.ts"

/**
 * Names of the asks with an answer in the journal, and whether it has the synthesis of these with all that is asked for it.
 * `lacksFolds`: it has the document of another run, some folds of which failed.
 */
export interface JournalForecast {
  readonly asks: ReadonlySet<string>
  readonly hasSynthesis: boolean
  readonly lacksFolds: boolean
  /** Whether it lacks a comparison of the answers. */
  readonly comparesAnew: boolean
  /** Why none of the answers that it has to the asks is taken, where some would be if it were not for that. */
  readonly untaken?: "simulated" | "older"
  /** Another process runs the plan: a run waits for it, and takes its answers. */
  readonly underWay?: RunSummary
}

type Found = Pick<JournalForecast, "asks" | "comparesAnew" | "hasSynthesis" | "lacksFolds">

interface From {
  readonly plan: string
  readonly source: string
}

/** `plan` and `source` are those that the run would begin with. Changes and locks nothing. */
export const make = Effect.fnUntraced(function* (
  pipeline: Prepared,
  journal: typeof Journal.Service,
  from: From
): Effect.fn.Return<JournalForecast, JournalError> {
  const { reuse } = pipeline.layers
  const found = yield* findAll(pipeline, journal, from, reuse)
  if (reuse === "never") return found
  const runs = yield* journal.runs
  const underWay = runs.find(({ isLive, plan, source }) => isLive && plan === from.plan && source === from.source)
  const untaken = found.asks.size === 0 ? yield* untakenOf(pipeline, journal, from, runs) : undefined
  return { ...found, ...(untaken !== undefined && { untaken }), ...(underWay !== undefined && { underWay }) }
})

const untakenOf = Effect.fnUntraced(function* (
  pipeline: Prepared,
  journal: typeof Journal.Service,
  from: From,
  runs: ReadonlyArray<RunSummary>
): Effect.fn.Return<JournalForecast["untaken"], JournalError> {
  const { reuse } = pipeline.layers
  if (reuse === undefined || reuse === "unfinished") return undefined
  const hasAny = (source: string, reuse: Reuse.Given) =>
    runs.some((run) => run.source === source)
      ? Effect.map(findAll(pipeline, journal, { ...from, source }, reuse), ({ asks }) => asks.size > 0)
      : Effect.succeed(false)
  if (reuse !== "always" && (yield* hasAny(from.source, "always"))) return "older"
  return from.source !== simulated && (yield* hasAny(simulated, reuse)) ? "simulated" : undefined
})

const findAll = Effect.fnUntraced(function* (
  pipeline: Prepared,
  journal: typeof Journal.Service,
  { plan, source }: From,
  reuse: Reuse.Given | undefined
): Effect.fn.Return<Found, JournalError> {
  const at = yield* Clock.currentTimeMillis
  const resumed = yield* journal.unfinished(plan, source)
  const run = { id: "", plan, source, at, resumed }
  let unread: JournalError | undefined
  const find: typeof journal.find = (...request) =>
    Effect.catch(journal.find(...request), (error) => {
      unread ??= error
      return Effect.succeed(undefined)
    })
  const unchanged = { ...journal, find, add: () => {}, written: Effect.void, kept: Effect.void }
  const recorder = new RunRecorder(unchanged, run, Reuse.reusable(reuse, run, at))
  const answered = new Set<string>()
  // Asks of which something would be sent.
  const sent = new Set<string>()
  let [comparesAnew, hasDocument, lacksFolds, lacksOthers] = [false, false, false, false]
  const listener: Event.Listener = {
    emit: (event) =>
      Effect.sync(() => {
        if (event._tag === "Voted" && event.answered < event.votes) sent.add(event.ask)
        if (event._tag !== "Answered") return
        // Votes have names of their own.
        if (event.part === "ask") answered.add(event.ask)
        else if (event.ask === "synthesis") hasDocument = true
      })
  }
  // Whatever reaches it is not in the journal. One error for all: each takes a stack of its own.
  const absent = new AskError({ reason: new NothingToFold({ asks: 0 }) })
  const send = recorder.around(() =>
    Effect.flatMap(Call.Current, ({ ask, level, part, vote }) => {
      if (part === "synthesis" && ask.startsWith("comparison.")) comparesAnew = true
      if (part === "ask") sent.add(vote?.of ?? ask)
      if (part === "synthesis" && level > 0) lacksFolds = true
      else if (part === "synthesis" || !Object.hasOwn(pipeline.asks, vote?.of ?? ask)) lacksOthers = true
      return Effect.fail(absent)
    })
  )
  yield* Pipeline.run({ ...pipeline, policy: "best-effort", concurrency: "unbounded", deadline: undefined }).pipe(
    Effect.provideService(Event.Listener, listener),
    Effect.provide(Layer.succeed(Claude, Claude.of({ send })))
  )
  if (unread !== undefined) return yield* unread
  const names = Object.keys(pipeline.asks)
  const asks = new Set(names.filter((name) => answered.has(name) && !sent.has(name)))
  // A document of fewer answers, or of fewer folds, may be there too: what it lacks is asked again.
  const isOfAll = hasDocument && !lacksOthers && asks.size === names.length
  return { asks, hasSynthesis: isOfAll && !lacksFolds, lacksFolds: isOfAll && lacksFolds, comparesAnew }
})
