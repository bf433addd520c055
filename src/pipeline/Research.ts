/** The fan-out: many asks at once, the same shape of answers back, in the order asked. */
import { Clock, Data, Deferred, type Duration, Effect, Exit, Random, Schema, Stream } from "effect"
import * as Ask from "./Ask.ts"
import type { AskError } from "../claude/AskError.ts"
import * as Call from "../claude/Call.ts"
import { Claude } from "../claude/Claude.ts"
import { courseOf, type Ended, type Entry } from "./Course.ts"
import * as Deadline from "./Deadline.ts"
import {
  type AnswerOf,
  type Asks,
  type EndedBy,
  endedBy,
  endingOf,
  type Finding,
  type Findings,
  isGap,
  type Outcome,
  type ServicesOf
} from "./Findings.ts"
import * as Issue from "../options/Issue.ts"
import { optional, PositiveDurationInput, PositiveInt } from "../options/OptionSchemas.ts"
import { answersNeeded, Policy } from "../options/Policy.ts"

/** The rule for names, in words. */
export const nameRule = "a name of 1 to 64 letters, digits, _ or - that begins with a letter or _"

/** What an ask may be called: names are record keys, events' stamps and citation marks. */
export const Name = Schema.String.check(Schema.isPattern(/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/, { expected: nameRule }))

/** How many asks may be under way at once. */
export const Concurrency = Schema.Union([PositiveInt, Schema.Literal("unbounded")]).annotate({
  expected: 'a whole number ≥ 1, or "unbounded"'
})
export type Concurrency = typeof Concurrency.Type

/** A function, whatever it takes and gives. */
export const AFunction = Schema.Unknown.check(
  Schema.makeFilter((input) => typeof input === "function", { expected: "a function" })
)

/** What `run` takes besides asks; `undefined` where nothing is said. */
export const Options = Schema.Struct({
  policy: optional(Policy),
  concurrency: optional(Concurrency),
  context: optional(Schema.String.annotate({ expected: "text" })),
  deadline: optional(PositiveDurationInput),
  onInterrupt: optional(AFunction)
}).annotate({ expected: "options" })
export interface Options<P extends Policy = Policy> {
  /** Default: `"all"`. */
  readonly policy?: P | undefined
  /** Default: `"unbounded"`; `Pacing` still keeps the calls in flight within the account's limits. */
  readonly concurrency?: Concurrency | undefined
  /** A document shared by all asks: sent first, where it can be cached. */
  readonly context?: string | undefined
  /** When asking ends whatever the policy, from the start of the research; an ask without an answer has failed then. */
  readonly deadline?: Duration.Input | undefined
  /** Run when the research is interrupted, with what was found, and paid, until then. */
  readonly onInterrupt?: ((findings: Findings) => Effect.Effect<unknown>) | undefined
}

/** Fewer answers than the policy needs. Those that were finished, and paid, are in `findings`. */
export class ResearchError<out A extends Asks = any> extends Data.TaggedError("ResearchError")<{
  readonly policy: Policy
  readonly findings: Findings
  /** The first failure. */
  readonly error: AskError | undefined
  /** What ended asking before the asks were over, where no ask's own failure did. */
  readonly endedBy: EndedBy | undefined
}> {
  declare readonly findings: Findings<A, "best-effort">
  override get message(): string {
    const { findings } = this.findings
    const failed = findings.find(({ outcome }) => outcome._tag === "Failed" && outcome.error === this.error)
    return failed === undefined ? this.shortfall : `${failed.name}: ${this.error?.message ?? ""}; ${this.shortfall}`
  }
  /** How many answers there are, and how many the policy needs. */
  get shortfall(): string {
    const { findings } = this.findings
    const answered = findings.filter((finding) => !isGap(finding)).length
    return `${answered} of ${findings.length} asks answered, ${answersNeeded(this.policy, findings.length)} needed`
  }
}

/**
 * Runs all asks together and gives their answers in the order asked. Fails with `ResearchError` where the policy's
 * number of answers is not reached; a wrong argument is a defect that names it.
 */
export const run: <const A extends Asks, const P extends Policy = "all">(
  asks: A,
  options?: Options<P>
) => Effect.Effect<Findings<A, P>, ResearchError<A>, Claude | ServicesOf<A>> = Effect.fn("Research.run")(function* (
  asks: Asks,
  options: Options = {}
) {
  const { concurrency, entries, policy } = check(asks, options)
  const { deadline, run, within } = yield* place(entries, options)
  const outcomes = new Map<string, Outcome<unknown>>()
  const enough = yield* Deferred.make<void>()
  const needed = answersNeeded(policy, entries.length)
  let answers = 0
  const record = (entry: Entry, exit: Ended): Effect.Effect<unknown> => {
    const outcome = outcomeOf(exit)
    outcomes.set(entry.name, outcome)
    if (outcome._tag === "Answered") answers++
    const isEnough = typeof policy !== "string" && "first" in policy && answers >= needed
    return isEnough ? Deferred.succeed(enough, undefined) : Effect.void
  }

  return yield* within(
    Effect.gen(function* () {
      const startedAt = yield* Clock.currentTimeMillis
      const course = courseOf(entries, policy, concurrency, startedAt, deadline)

      // `Effect.forEach` of Effect 4.1 runs one item twice, and another never, where the beginning of an item ends an
      // earlier one on the spot, as a budget may; what begins in a task of its own ends nobody there.
      const isLimited = concurrency !== "unbounded" && concurrency > 1
      const one = (entry: Entry) => {
        const resolved = course.resolve(entry, (exit) => record(entry, exit))
        const ended = policy === "all" ? Effect.catch(resolved, unlessOver) : Effect.ignore(resolved)
        return isLimited ? Effect.andThen(Effect.yieldNow, ended) : ended
      }
      const all = Effect.forEach(entries, one, { concurrency, discard: true })
      const found = Effect.map(Clock.currentTimeMillis, (now) =>
        shape(asks, findingsOf(entries, outcomes, run, policy, now - startedAt))
      )
      const firstFailure = yield* Effect.raceFirst(Effect.andThen(course.begin, all), Deferred.await(enough)).pipe(
        Effect.as(undefined),
        Effect.catch(Effect.succeed),
        Effect.onExit(() => course.end),
        Effect.onInterrupt(() => Effect.flatMap(found, options.onInterrupt ?? (() => Effect.void)))
      )

      const findings = yield* found
      const answered = findings.findings.length - findings.gaps.length
      if (answered >= needed) return findings
      const failed = findings.gaps.find(({ outcome }) => outcome._tag === "Failed")?.outcome
      const error = firstFailure ?? (failed?._tag === "Failed" ? failed.error : undefined)
      const ending = firstFailure === undefined ? endedBy(findings) : undefined
      return yield* new ResearchError({ policy, findings, error, endedBy: ending })
    })
  )
}) as never

/** One finding of a stream: which ask, and how it ended. */
export type FindingOf<A extends Asks> = {
  [K in keyof A]: Finding<AnswerOf<A[K]>, A extends ReadonlyArray<unknown> ? string : K & string>
}[keyof A & (A extends ReadonlyArray<unknown> ? number : string)]

/** Runs all asks and gives each finding as it comes, the fastest first; a failure is a finding too. */
export const stream = <const A extends Asks>(
  asks: A,
  options: Omit<Options, "policy"> = {}
): Stream.Stream<FindingOf<A>, never, Claude | ServicesOf<A>> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const policy = "best-effort"
      const { concurrency, entries } = check(asks, { ...options, policy })
      const { deadline, within } = yield* place(entries, options)
      const course = courseOf(entries, policy, concurrency, yield* Clock.currentTimeMillis, deadline)
      yield* Effect.acquireRelease(within(course.begin), () => within(course.end))
      const one = (entry: Entry) =>
        within(course.resolve(entry)).pipe(
          Effect.match({
            onSuccess: (answer) => findingOf(entry, { _tag: "Answered", ...answer }),
            onFailure: (error) => findingOf(entry, { _tag: "Failed", error })
          })
        )
      return Stream.fromIterable(entries).pipe(Stream.mapEffect(one, { concurrency, unordered: true }))
    })
  ) as never

const assertOptions = Issue.assert(Options)
const assertName = Issue.assert(Name, "name")

/** Throws for a wrong argument: nothing has been sent yet. */
const check = (asks: Asks, options: Options) => {
  assertOptions(options)
  const { concurrency = "unbounded", policy = "all" } = options
  const entries = Array.isArray(asks)
    ? asks.map((ask: Ask.Ask<unknown, any>, index): Entry => ({ name: `ask${index + 1}`, index, ask }))
    : Object.entries(asks).map(([name, ask], index): Entry => {
        assertName(name)
        return { name, index, ask }
      })
  const needed = answersNeeded(policy, entries.length)
  if (needed > entries.length) {
    throw new RangeError(`policy: expected at most ${entries.length} answers, as many as there are asks, got ${needed}`)
  }
  return { concurrency, entries, policy }
}

const withContext = (context: string | undefined) =>
  Effect.updateService(Ask.Defaults, (defaults) => (context === undefined ? defaults : { ...defaults, context }))

/** The run that the fan-out belongs to, its own where the caller has none; `within` says so to all that happens in it. */
const place = Effect.fnUntraced(function* (entries: ReadonlyArray<Entry>, options: Options) {
  const call = yield* Call.Current
  const run = call.run === "" ? yield* runId : call.run
  const placed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.provideService(withContext(options.context)(effect), Call.Current, {
      ...call,
      run,
      ask: "",
      asks: entries.length
    })
  if (options.deadline === undefined) return { run, within: placed, deadline: undefined }
  const { timeout } = yield* Ask.Defaults
  const asks = entries.map(({ ask, name }) => [name, { timeout: ask.options.timeout ?? timeout }] as const)
  const issues = Deadline.issuesOf({ deadline: options.deadline, asks: Object.fromEntries(asks) })
  if (issues.length > 0) throw new RangeError(issues.map(Issue.toString).join("\n"))
  const deadline = new Deadline.Deadline(options.deadline, yield* Clock.currentTimeMillis)
  const claude = deadline.around(yield* Claude)
  const within: typeof placed = (effect) => placed(Effect.provideService(effect, Claude, claude)) as typeof effect
  return { run, within, deadline }
})

/** Tells runs apart in a log; not a secret, and not unique for ever. */
const runId = Effect.map(Random.nextIntBetween(0, 2 ** 32), (n) => n.toString(36))

const outcomeOf = (exit: Ended): Outcome<unknown> => {
  if (Exit.isSuccess(exit)) return { _tag: "Answered", ...exit.value }
  const error = Exit.findErrorOption(exit)
  return error._tag === "Some" ? { _tag: "Failed", error: error.value } : { _tag: "Interrupted" }
}

/** An ask that comes to nothing as asking is over is no reason to stop those that may still be answered. */
const unlessOver = (error: AskError) => (endingOf(error) === undefined ? Effect.fail(error) : Effect.void)

const findingOf = ({ ask, index, name }: Entry, outcome: Outcome<unknown> = { _tag: "Interrupted" }): Finding => ({
  name,
  index,
  question: ask.question,
  outcome
})

const findingsOf = (
  entries: ReadonlyArray<Entry>,
  outcomes: ReadonlyMap<string, Outcome<unknown>>,
  run: string,
  policy: Policy,
  durationMillis: number
) => {
  const findings = entries.map((entry) => findingOf(entry, outcomes.get(entry.name)))
  return { run, policy, findings, gaps: findings.filter(isGap), durationMillis }
}

/** Puts the answers into the shape of the asks. */
const shape = (asks: Asks, found: ReturnType<typeof findingsOf>): Findings => {
  const values = found.findings.map(({ outcome }) => (outcome._tag === "Answered" ? outcome.value : undefined))
  const answers = Array.isArray(asks)
    ? values
    : Object.fromEntries(found.findings.map(({ name }, index) => [name, values[index]]))
  return { ...found, answers: answers as Findings["answers"] }
}
