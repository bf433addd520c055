/** The fan-out over a stream of asks, of which there may be more than fit into memory: no ask and no answer is kept. */
import { type Cause, Clock, Deferred, Effect, Exit, Result, Stream } from "effect"
import type { AskError } from "../claude/AskError.ts"
import { AreUsed } from "../claude/BatchApi.ts"
import type { Claude } from "../claude/Claude.ts"
import type { Context } from "../claude/Document.ts"
import * as Interventions from "../interventions/Interventions.ts"
import { answersNeeded, type Policy } from "../options/Policy.ts"
import { Defaults } from "./AskOptions.ts"
import { type AskExit, findingOf, outcomeOf } from "./CollectFindings.ts"
import type { Deadline } from "./Deadline.ts"
import type { Given as DeadlineGiven } from "./DeadlineOption.ts"
import { limitsOf } from "./DeadlineOption.ts"
import { type EndedBy, endingOf, type Finding } from "./Findings.ts"
import * as RaisedDeadline from "./RaisedDeadline.ts"
import * as ResearchContext from "./ResearchContext.ts"
import * as ResearchEvents from "./ResearchEvents.ts"
import type { Concurrency, Entry } from "./ResearchOptions.ts"
import { SharedFailure } from "./SharedFailure.ts"
import { callsOf } from "./VotesOption.ts"

/**
 * How many asks are under way where `concurrency` is unbounded: more than the pacing of any account lets through at once, and few
 * enough that those which wait for it take about 50 MB.
 */
const maxUnderWay = 2000

export interface Options<X extends Entry> {
  /** How many asks the stream has. */
  readonly count: number
  /** Some asks of the stream, which has no ask of another kind. */
  readonly samples: ReadonlyArray<Entry>
  readonly policy: Policy
  readonly concurrency: Concurrency
  readonly context: Context | undefined
  readonly deadline: DeadlineGiven | undefined
  /** Run once for each ask that has ended, in the order of their ends. It cannot be interrupted. */
  readonly onFinding: (finding: Finding, ask: X) => Effect.Effect<unknown>
}

/** What became of the asks; `interrupted` counts those that never started, too. */
export interface Tally<out E = never> {
  readonly run: string
  readonly asks: number
  readonly answered: number
  readonly failed: number
  readonly interrupted: number
  /** The limit that ended asks, if any. */
  readonly endedBy: EndedBy | undefined
  /** How many answers the policy needs. */
  readonly needed: number
  /** What ended the research before its last ask: the failure of an ask, or that of the stream. */
  readonly error: AskError | E | undefined
}

/** Runs the asks of a stream. It never fails: the tally says why it ended. Where the stream fails, asks under way end first. */
export const run = Effect.fn("StreamedResearch.run")(function* <X extends Entry, E>(
  asks: Stream.Stream<X, E>,
  { concurrency, context, count, onFinding, policy, samples, ...options }: Options<X>
): Effect.fn.Return<Tally<E>, never, Claude> {
  const limit = (yield* AreUsed) ? "unbounded" : concurrency === "unbounded" ? maxUnderWay : concurrency
  const { asking } = limitsOf(options.deadline)
  const votes = samples[0]?.ask.options.votes ?? (yield* Defaults).votes
  const calls = count * callsOf(votes)
  const { deadline, provide, run } = yield* ResearchContext.make(samples, { context, deadline: asking }, calls)
  const shared = new SharedFailure(samples, yield* Defaults)
  const needed = answersNeeded(policy, count)
  const isFirst = typeof policy !== "string" && "first" in policy
  /** Done once no further answer is needed, or none can come; with the error where that is why. */
  const over = yield* Deferred.make<AskError | undefined>()
  let answered = 0
  let endedBy: EndedBy | undefined
  const record = (entry: X, exit: AskExit): Effect.Effect<unknown> => {
    const outcome = outcomeOf(exit)
    if (outcome._tag === "Answered") answered++
    const ending = outcome._tag === "Failed" ? endingOf(outcome.error) : undefined
    if (ending !== undefined && endedBy !== "budget") endedBy = ending
    const isFailure = outcome._tag === "Failed" && ending === undefined
    const isHopeless = shared.add(entry, outcome) || (policy === "all" && isFailure)
    const isOver = isHopeless || (isFirst && answered >= needed)
    const error = isHopeless && outcome._tag === "Failed" ? outcome.error : undefined
    const found = onFinding(findingOf(entry, outcome), entry)
    return isOver ? Effect.andThen(found, Deferred.succeed(over, error)) : found
  }
  return yield* provide(
    Effect.gen(function* () {
      const stop = Effect.suspend(() => {
        endedBy ??= "stop"
        return Deferred.succeed(over, undefined)
      })
      yield* offered(stop, deadline)
      const startedAt = yield* Clock.currentTimeMillis
      const research = ResearchEvents.make([], policy, limit, startedAt, deadline, count)
      // A call must not start in the task of the one that ends: see `Research`.
      const one = (entry: X) =>
        Effect.andThen(Effect.yieldNow, Effect.ignore(research.resolve(entry, (exit) => record(entry, exit))))
      const all = Stream.runDrain(Stream.mapEffect(asks, one, { concurrency: limit, unordered: true }))
      const ended = yield* Effect.raceFirst(
        Effect.as(Effect.andThen(research.start, all), undefined),
        Deferred.await(over)
      ).pipe(
        Effect.onExit(() => research.end),
        Effect.exit
      )
      const failure = Exit.isFailure(ended) ? Exit.findErrorOption(ended) : undefined
      const error = Exit.isSuccess(ended) ? ended.value : failure?._tag === "Some" ? failure.value : undefined
      // Neither an interruption nor a defect is an end that a tally tells of.
      if (Exit.isFailure(ended) && error === undefined)
        return yield* Effect.failCause(ended.cause as Cause.Cause<never>)
      return { run, asks: count, ...research.count, endedBy, needed, error }
    }).pipe(Effect.scoped)
  )
})

/** What can be changed while the asks go on; a budget offers itself. The stream is read at one concurrency, and holds no ask that ended. */
const offered = Effect.fnUntraced(function* (stop: Effect.Effect<unknown>, deadline: Deadline | undefined) {
  const interventions = yield* Interventions.Current
  if (interventions === undefined) return
  yield* interventions.open
  yield* interventions.offer("Stop", { plan: (intervention) => Result.succeed({ intervention, apply: stop }) })
  yield* interventions.offer("RaiseConcurrency", {
    plan: () => Result.fail("rows go on at the concurrency that they began with: stop, and begin again with -j")
  })
  yield* interventions.offer("AskAgain", {
    plan: () => Result.fail("rows are asked again once the run has ended, by the same command with --reuse")
  })
  if (deadline !== undefined) yield* RaisedDeadline.offer(interventions, { asking: deadline, all: undefined })
})
