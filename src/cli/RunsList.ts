/** `fanfold runs`: the runs that the journal keeps; and what its subcommands share, which read one of them. */
import { Clock, Effect, Option, Path } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { Journal, JournalError, RunSummary } from "../journal/Journal.ts"
import { defaultFile, openToRead } from "../journal/OpenJournal.ts"
import type { Event } from "../claude/Event.ts"
import * as KeptAnswers from "../report/KeptAnswers.ts"
import * as RunHistory from "../report/RunHistory.ts"
import * as RunState from "../report/RunState.ts"
import { inert } from "../report/TerminalText.ts"
import { Failure, exitCode, failedWithoutMessage, usageError } from "./ExitCode.ts"
import { onOff } from "./Flags.ts"
import * as Output from "./Output.ts"
import * as RunsText from "./RunsText.ts"

export const journalFlag = Flag.String("journal").pipe(
  Flag.withMetavar("file"),
  Flag.withDescription("The journal to read: a file, or postgres://… (default: the one in the user's state folder)"),
  Flag.optional
)

/** Older runs are listed on demand: the events of each are read. */
const listedRuns = 20

const all = onOff("all", `List every run, not the latest ${listedRuns}`)
export const json = onOff("json", "Print it as JSON")

export const opened = (file: string) => Effect.mapError(openToRead(file), failed)

export const failed = ({ message }: JournalError): Failure => new Failure({ exitCode: exitCode.failed, message })

export const placeOf = (file: Option.Option<string>) =>
  Option.match(file, { onNone: () => Effect.mapError(defaultFile, failed), onSome: Effect.succeed })

export const here = Effect.gen(function* () {
  const path = yield* Path.Path
  const shortened = (plan: string): string => {
    const relative = path.isAbsolute(plan) ? path.relative(path.resolve("."), plan) : plan
    return relative !== "" && relative.length < plan.length ? relative : plan
  }
  return { now: yield* Clock.currentTimeMillis, shortened }
})

export const print = (text: string) =>
  Effect.flatMap(Output.print(text), (isPrinted) => (isPrinted ? Effect.void : Effect.fail(failedWithoutMessage())))

export const toJson = (value: object): string => `${JSON.stringify(value, undefined, 2)}\n`

/** The events of a run, with those of answers that were kept after the last event before its process was killed. */
export const eventsOf = Effect.fnUntraced(function* (
  journal: typeof Journal.Service,
  { end, id, isLive }: RunSummary
): Effect.fn.Return<ReadonlyArray<Event>, JournalError> {
  const events = yield* journal.events(id)
  if (isLive || end === "ended") return events
  const state = RunState.of(events)
  const names = KeptAnswers.openNames(state)
  if (names.length === 0) return events
  return [...events, ...KeptAnswers.eventsAfter(state, id, yield* journal.replies(id, names))]
})

const listed = Effect.fnUntraced(function* (
  journal: typeof Journal.Service | undefined,
  max: number
): Effect.fn.Return<RunHistory.Listing, JournalError> {
  const { version } = RunHistory
  if (journal === undefined) return { version, journal: null, bytes: 0, runs: [], more: 0 }
  const runs = yield* journal.runs
  const latest = yield* Effect.forEach(runs.slice(0, max), (run) =>
    Effect.map(eventsOf(journal, run), (events) => RunHistory.runOf(run, events))
  )
  const more = runs.length - latest.length
  return { version, journal: journal.place, bytes: yield* journal.bytes, runs: latest, more }
})

export const list = Command.make("runs", { all, json }).pipe(
  Command.withSharedFlags({ journal: journalFlag }),
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

export const runArgument = Argument.String("run").pipe(
  Argument.withDescription("The id of a run, or the beginning of one")
)

/** How many runs a message names. */
const namedRuns = 3

/** The one run whose id begins like this. */
export const found = Effect.fnUntraced(function* (
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

/** A run of the journal, with all that a report of it is made of. */
export const keptRun = Effect.fnUntraced(function* (given: string, file: Option.Option<string>) {
  const place = yield* placeOf(file)
  const journal = yield* opened(place)
  const summary = yield* found(given, journal, place)
  const events = yield* Effect.mapError(eventsOf(journal!, summary), failed)
  const replies = yield* Effect.mapError(journal!.replies(summary.id), failed)
  return { journal: journal!, summary, events, replies }
})
