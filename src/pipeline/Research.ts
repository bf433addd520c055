/** The fan-out: many asks at once, their answers in the same shape and in the order asked. */
import { Clock, Deferred, Effect, Queue, Stream } from "effect"
import type { AskError } from "../claude/AskError.ts"
import { AreUsed } from "../claude/BatchApi.ts"
import type { Claude } from "../claude/Claude.ts"
import * as Interventions from "../interventions/Interventions.ts"
import type { Policy } from "../options/Policy.ts"
import * as AskFiles from "./AskFiles.ts"
import { Defaults } from "./AskOptions.ts"
import { type AskExit, findingOf, findingsOf, outcomeOf } from "./CollectFindings.ts"
import {
  type AnswerOf,
  type Asks,
  endedBy,
  endingOf,
  type Finding,
  type Findings,
  type Outcome,
  type ServicesOf
} from "./Findings.ts"
import * as ResearchContext from "./ResearchContext.ts"
import { ResearchError } from "./ResearchError.ts"
import * as ResearchEvents from "./ResearchEvents.ts"
import { check, type Entry, type Options } from "./ResearchOptions.ts"
import { SharedFailure } from "./SharedFailure.ts"
import * as Steering from "./Steering.ts"
import { AnswerText, type Delta, observed } from "./TextStream.ts"

export { ResearchError } from "./ResearchError.ts"
export { AFunction, Concurrency, Name, nameRule, Options } from "./ResearchOptions.ts"

/**
 * Runs all asks together and gives their answers in the order asked. Fails with `ResearchError` where there are fewer answers
 * than the policy needs; a wrong argument is a defect that names it.
 */
export const run: <const A extends Asks, const P extends Policy = "all">(
  asks: A,
  options?: Options<P>
) => Effect.Effect<Findings<A, P>, ResearchError<A>, Claude | ServicesOf<A>> = Effect.fn("Research.run")(function* (
  asks: Asks,
  options: Options = {}
) {
  const { entries: given, needed, policy, ...checked } = check(asks, options)
  const entries = yield* AskFiles.readOrDie(given)
  const concurrency = (yield* AreUsed) ? "unbounded" : checked.concurrency
  const { deadline, provide, run } = yield* ResearchContext.make(entries, options)
  const outcomes = new Map<string, Outcome<unknown>>()
  const shared = new SharedFailure(entries, yield* Defaults)
  /** Done once no further answer is needed, or none can come. */
  const over = yield* Deferred.make<void>()
  const interventions = yield* Interventions.Current
  let isStopped = false
  const isFirst = typeof policy !== "string" && "first" in policy
  let answers = 0
  const record = (entry: Entry, exit: AskExit): Effect.Effect<unknown> => {
    const outcome = outcomeOf(exit)
    outcomes.set(entry.name, outcome)
    if (outcome._tag === "Answered") answers++
    // No further ask is sent with a wrong key or to a model that does not exist.
    const isHopeless = shared.add(entry, outcome)
    return isHopeless || (isFirst && answers >= needed) ? Deferred.succeed(over, undefined) : Effect.void
  }

  return yield* provide(
    Effect.gen(function* () {
      const startedAt = yield* Clock.currentTimeMillis
      const research = ResearchEvents.make(entries, policy, concurrency, startedAt, deadline)

      // `Effect.forEach` of Effect 4.1 runs one item twice, and another never, where the start of an item synchronously ends an
      // earlier one, as a budget may. After `yieldNow` an item starts in a task of its own and cannot do that.
      const isLimited = concurrency !== "unbounded" && concurrency > 1
      const ended = (entry: Entry) => {
        const resolved = research.resolve(entry, (exit) => record(entry, exit))
        return policy === "all" ? Effect.catch(resolved, unlessEnded) : Effect.ignore(resolved)
      }
      // Made when the item starts: thousands may wait for that at a time.
      const one = isLimited ? (entry: Entry) => Effect.flatMap(Effect.yieldNow, () => ended(entry)) : ended
      const stop = Effect.suspend(() => {
        isStopped = true
        return Deferred.succeed(over, undefined)
      })
      const all =
        interventions === undefined
          ? Effect.forEach(entries, one, { concurrency, discard: true })
          : Steering.run(interventions, { entries, one, outcomes, concurrency, stop })
      const collected = Effect.map(Clock.currentTimeMillis, (now) =>
        findingsOf(asks, entries, outcomes, { policy, run }, now - startedAt)
      )
      const firstFailure = yield* Effect.raceFirst(Effect.andThen(research.start, all), Deferred.await(over)).pipe(
        Effect.as(undefined),
        Effect.catch(Effect.succeed),
        Effect.onExit(() => research.end),
        Effect.onInterrupt(() => Effect.flatMap(collected, options.onInterrupt ?? (() => Effect.void)))
      )

      const found = yield* collected
      const { findings, gaps } = found
      if (findings.length - gaps.length >= needed) return found
      const failed = gaps.find(({ outcome }) => outcome._tag === "Failed")?.outcome
      const error = firstFailure ?? (failed?._tag === "Failed" ? failed.error : undefined)
      const ending = firstFailure !== undefined ? undefined : isStopped ? "stop" : endedBy(found)
      return yield* new ResearchError({ policy, findings: found, error, endedBy: ending })
    })
  )
}) as never

/** Under the policy `all`: the failure of an ask ends the research, unless deadline or budget ended the ask. */
const unlessEnded = (error: AskError) => (endingOf(error) === undefined ? Effect.fail(error) : Effect.void)

/** One finding of a stream: which ask, and how it ended. */
export type FindingOf<A extends Asks> = {
  [K in keyof A]: Finding<AnswerOf<A[K]>, A extends ReadonlyArray<unknown> ? string : K & string>
}[keyof A & (A extends ReadonlyArray<unknown> ? number : string)]

type StreamOptions = Omit<Options, "policy">

/** Runs all asks and gives each finding when its ask ends, the fastest first; a failure is a finding too. */
export const stream = <const A extends Asks>(
  asks: A,
  options: StreamOptions = {}
): Stream.Stream<FindingOf<A>, never, Claude | ServicesOf<A>> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const policy = "best-effort"
      const { entries: given, ...checked } = check(asks, { ...options, policy })
      const entries = yield* AskFiles.readOrDie(given)
      const concurrency = (yield* AreUsed) ? "unbounded" : checked.concurrency
      const { deadline, provide } = yield* ResearchContext.make(entries, options)
      const startedAt = yield* Clock.currentTimeMillis
      const research = ResearchEvents.make(entries, policy, concurrency, startedAt, deadline)
      yield* Effect.acquireRelease(provide(research.start), () => provide(research.end))
      const hopeless = yield* Deferred.make<void>()
      const shared = new SharedFailure(entries, yield* Defaults)
      const one = (entry: Entry) => {
        const stopped = Effect.as(Deferred.await(hopeless), findingOf(entry))
        const found = Effect.match(provide(research.resolve(entry)), {
          onSuccess: (answer) => findingOf(entry, { _tag: "Answered", ...answer }),
          onFailure: (error) => findingOf(entry, { _tag: "Failed", error })
        })
        // After the race, as the ask that stops the others must not be stopped itself.
        const ended = Effect.tap(Effect.raceFirst(found, stopped), ({ outcome }) =>
          shared.add(entry, outcome) ? Deferred.succeed(hopeless, undefined) : Effect.void
        )
        return Effect.flatMap(Deferred.isDone(hopeless), (isStopped) => (isStopped ? stopped : ended))
      }
      return Stream.fromIterable(entries).pipe(Stream.mapEffect(one, { concurrency, unordered: true }))
    })
  ) as never

/** A piece of the answer to the ask `name`, at an offset of its text. */
export interface TextDelta<out Name extends string = string> extends Delta {
  readonly name: Name
}

type NameOf<A extends Asks> = A extends ReadonlyArray<unknown> ? string : keyof A & string

/**
 * Runs all asks and gives their texts in deltas while they are written, and each finding after the last delta of its ask. An
 * element is a delta where `"text" in element`. Elements that are not read yet are kept; closing the stream interrupts the asks.
 */
export const textStream = <const A extends Asks>(
  asks: A,
  options: StreamOptions = {}
): Stream.Stream<TextDelta<NameOf<A>> | FindingOf<A>, never, Claude | ServicesOf<A>> =>
  Stream.callback<TextDelta | Finding, never, Claude | ServicesOf<A>>((queue) => {
    const texts = new Map<string, AnswerText>()
    const textOf = (name: string): AnswerText => {
      const known = texts.get(name)
      if (known !== undefined) return known
      const text = new AnswerText((delta) => void Queue.offerUnsafe(queue, { name, ...delta }))
      texts.set(name, text)
      return text
    }
    const found = Stream.runForEach(stream(asks, options), (finding: Finding) => {
      if (finding.outcome._tag === "Answered") textOf(finding.name).end(finding.outcome.reply)
      texts.delete(finding.name)
      return Queue.offer(queue, finding)
    })
    return Effect.andThen(observed(textOf)(found), Queue.end(queue))
  }) as never
