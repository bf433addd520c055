/** `fanfold runs`, `runs show RUN` and `runs clean`: what the journal keeps, and forgetting it. */
import { Clock, Console, type Duration, Effect, Option, Path } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { Journal, JournalError, RunSummary } from "../journal/Journal.ts"
import { defaultFile, open, openToRead } from "../journal/OpenJournal.ts"
import * as Retention from "../journal/Retention.ts"
import { PositiveDuration } from "../options/OptionSchemas.ts"
import * as RunHistory from "../report/RunHistory.ts"
import { inert } from "../report/TerminalText.ts"
import { Failure, exitCode, failedWithoutMessage, usageError } from "./ExitCode.ts"
import { onOff } from "./Flags.ts"
import { flagOf } from "./LayerFlags.ts"
import * as Output from "./Output.ts"
import * as RunsText from "./RunsText.ts"

const file = Flag.String("journal").pipe(
  Flag.withMetavar("file"),
  Flag.withDescription("The journal to read: a file, or postgres://… (default: the one in the user's state folder)"),
  Flag.optional
)

/** Older runs are listed on demand: the events of each are read. */
const listedRuns = 20

const all = onOff("all", `List every run, not the latest ${listedRuns}`)
const json = onOff("json", "Print it as JSON")

const opened = (file: string) => Effect.mapError(openToRead(file), failed)

const failed = ({ message }: JournalError): Failure => new Failure({ exitCode: exitCode.failed, message })

const placeOf = (file: Option.Option<string>) =>
  Option.match(file, { onNone: () => Effect.mapError(defaultFile, failed), onSome: Effect.succeed })

const here = Effect.gen(function* () {
  const path = yield* Path.Path
  const shortened = (plan: string): string => {
    const relative = path.isAbsolute(plan) ? path.relative(path.resolve("."), plan) : plan
    return relative !== "" && relative.length < plan.length ? relative : plan
  }
  return { now: yield* Clock.currentTimeMillis, shortened }
})

const print = (text: string) =>
  Effect.flatMap(Output.print(text), (isPrinted) => (isPrinted ? Effect.void : Effect.fail(failedWithoutMessage())))

const toJson = (value: object): string => `${JSON.stringify(value, undefined, 2)}\n`

const listed = Effect.fnUntraced(function* (
  journal: typeof Journal.Service | undefined,
  max: number
): Effect.fn.Return<RunHistory.Listing, JournalError> {
  const { version } = RunHistory
  if (journal === undefined) return { version, journal: null, bytes: 0, runs: [], more: 0 }
  const runs = yield* journal.runs
  const latest = yield* Effect.forEach(runs.slice(0, max), (run) =>
    Effect.map(journal.events(run.id), (events) => RunHistory.runOf(run, events))
  )
  const more = runs.length - latest.length
  return { version, journal: journal.place, bytes: yield* journal.bytes, runs: latest, more }
})

const list = Command.make("runs", { all, json }).pipe(
  Command.withSharedFlags({ journal: file }),
  Command.withHandler(
    Effect.fnUntraced(function* ({ all, journal: file, json }) {
      const place = yield* placeOf(file)
      const journal = yield* opened(place)
      const kept = yield* Effect.mapError(listed(journal, all ? Number.POSITIVE_INFINITY : listedRuns), failed)
      if (json) return yield* print(toJson(kept))
      if (journal === undefined) return yield* print(`${RunsText.noJournal(place)}\n`)
      yield* print(RunsText.listing(kept, yield* here))
    }, Effect.scoped)
  )
)

const show = Command.make(
  "show",
  {
    run: Argument.String("run").pipe(Argument.withDescription("The id of a run, or the beginning of one")),
    json
  },
  Effect.fnUntraced(function* ({ json, run: given }) {
    const { journal: file } = yield* list
    const place = yield* placeOf(file)
    const journal = yield* opened(place)
    const run = yield* found(given, journal, place)
    const events = yield* Effect.mapError(journal!.events(run.id), failed)
    const details = RunHistory.detailsOf(journal!.place, run, events)
    yield* print(json ? toJson(details) : RunsText.details(details, yield* here))
  }, Effect.scoped)
).pipe(Command.withDescription("Tell each ask of a run: status, model, tokens, cost, time, and why it failed"))

/** How many runs a message names. */
const namedRuns = 3

/** The one run whose id begins like this. */
const found = Effect.fnUntraced(function* (
  given: string,
  journal: typeof Journal.Service | undefined,
  place: string
): Effect.fn.Return<RunSummary, Failure, Path.Path> {
  if (journal === undefined) return yield* usageError(RunsText.noJournal(place))
  const runs = yield* Effect.mapError(journal.runs, failed)
  const fitting = runs.filter(({ id }) => id.startsWith(given))
  const [run] = fitting
  if (run !== undefined && (fitting.length === 1 || run.id === given)) return run
  const near = fitting.length > 0 ? fitting : runs.toSorted((a, b) => sharedLength(b, given) - sharedLength(a, given))
  const at = yield* here
  const names = near.slice(0, namedRuns).map((run) => RunsText.named(run, at))
  const problem =
    fitting.length > 0
      ? `begins the ids of ${fitting.length} runs: `
      : `is no run of ${journal.place}${names.length === 0 ? "" : "; near it: "}`
  return yield* usageError(inert(`${given} ${problem}${names.join(", ")}`))
})

/** How many characters an id and a text begin with both. */
const sharedLength = ({ id }: RunSummary, text: string): number => {
  const different = Array.from(id).findIndex((character, index) => character !== text[index])
  return different === -1 ? id.length : different
}

const clean = Command.make(
  "clean",
  {
    runs: Argument.String("run").pipe(
      Argument.withDescription("Runs to forget: their ids, or the beginning of each"),
      Argument.variadic()
    ),
    olderThan: flagOf(
      "older-than",
      PositiveDuration.annotate({ description: "Forget the runs that began longer ago, such as 30d" })
    ),
    all: onOff("all", "Forget every run")
  },
  Effect.fnUntraced(function* ({ all, olderThan, runs: given }) {
    const chosen = [given.length > 0, Option.isSome(olderThan), all].filter(Boolean)
    if (chosen.length > 1) return yield* usageError("RUN, --older-than and --all exclude each other")
    const { journal: file } = yield* list
    const place = yield* placeOf(file)
    const read = yield* Effect.scoped(readRuns(place, given))
    if (read === undefined) return yield* print(`${RunsText.noJournal(place)}\n`)
    const { named, runs } = read
    const live = named.find(({ isLive }) => isLive)
    if (live !== undefined) return yield* usageError(`${live.id} is under way: nothing was forgotten`)

    const at = yield* here
    const journal = yield* Effect.mapError(open(place), failed)
    const { before } = Retention.limits(Option.getOrUndefined(olderThan) as Duration.Duration | undefined, at.now)
    const older = before === undefined ? [] : runs.filter((run) => run.at < before)
    const ids = (all ? runs : named.length > 0 ? named : older).map(({ id }) => id)
    const forgetting = chosen.length > 0 ? journal.forget(ids) : journal.trim(Retention.limits(undefined, at.now))
    const forgotten = new Set(yield* Effect.mapError(forgetting, failed))
    const lines = runs.filter(({ id }) => forgotten.has(id)).map((run) => RunsText.forgotten(run, at))
    if (lines.length === 0) lines.push(nothingForgotten(chosen.length === 0))
    yield* print(`${lines.join("\n")}\n`)
    const kept = named.filter(({ id }) => !forgotten.has(id))
    yield* Effect.forEach(kept, ({ id }) => Console.error(`${inert(id)} stays: a run under way goes on with it`))
    if (kept.length > 0) return yield* failedWithoutMessage()
  }, Effect.scoped)
).pipe(
  Command.withDescription(
    `Forget runs, with their prompts and answers; without any of these, those that are not kept any more (${RunsText.limitsText})`
  )
)

/** All runs, and those that are named. */
const readRuns = Effect.fnUntraced(function* (place: string, given: ReadonlyArray<string>) {
  const journal = yield* opened(place)
  const named = yield* Effect.forEach(given, (id) => found(id, journal, place))
  return journal === undefined ? undefined : { named, runs: yield* Effect.mapError(journal.runs, failed) }
})

const nothingForgotten = (isByLimits: boolean): string =>
  isByLimits
    ? `Nothing to forget: runs are kept ${RunsText.limitsText}. Name runs, or use --older-than or --all`
    : "Nothing to forget"

export const runs = list.pipe(
  Command.withDescription("List the runs that the journal keeps; show one, or forget some"),
  Command.withSubcommands([show, clean]),
  Command.withExamples([
    { command: "fanfold runs show 0k3x", description: "Each ask of the run whose id begins like this" },
    { command: "fanfold runs clean --older-than 7d", description: "Forget the runs of more than a week ago" }
  ])
)
