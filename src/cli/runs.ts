/** `fanfold runs show RUN` and `runs clean`: one run that the journal keeps, and forgetting some. */
import { Console, type Duration, Effect, Option } from "effect"
import { Argument, Command } from "effect/cli"
import { type Journal, type JournalError, type RunSummary, simulated } from "../journal/Journal.ts"
import { open } from "../journal/OpenJournal.ts"
import * as Retention from "../journal/Retention.ts"
import { PositiveDuration } from "../options/OptionSchemas.ts"
import * as RunHistory from "../report/RunHistory.ts"
import { inert } from "../report/TerminalText.ts"
import { placeOf as keptPlace } from "./KeptRun.ts"
import * as EventsOutput from "./EventsOutput.ts"
import { failedWithoutMessage, usageError } from "./ExitCode.ts"
import { onOff } from "./Flags.ts"
import { flagOf } from "./LayerFlags.ts"
import { eventsOf, failed, found, here, json, list, opened, placeOf, print, runArgument, toJson } from "./RunsList.ts"
import { cancel } from "./runsCancel.ts"
import { diff } from "./runsDiff.ts"
import { ask, raise, stop } from "./runsIntervene.ts"
import { resume } from "./runsResume.ts"
import { watch } from "./runsWatch.ts"
import * as RunsText from "./RunsText.ts"

const show = Command.make(
  "show",
  {
    run: runArgument,
    json,
    ...EventsOutput.flags
  },
  Effect.fnUntraced(function* ({ json, run: given, ...flags }) {
    yield* EventsOutput.checkAlone(flags, json)
    const { journal: file } = yield* list
    const place = yield* placeOf(file)
    const journal = yield* opened(place)
    const run = yield* found(given, journal, place)
    const output = yield* EventsOutput.make(flags)
    if (output !== undefined) {
      const events = yield* Effect.mapError(journal!.events(run.id), failed)
      yield* Effect.forEach(events, (event) => output.emit(event), { discard: true })
      return (yield* output.end) ? undefined : yield* failedWithoutMessage()
    }
    const events = yield* Effect.mapError(eventsOf(journal!, run), failed)
    const named = Option.isSome(file) ? keptPlace(journal!.place) : undefined
    const details = RunHistory.detailsOf(journal!.place, run, events)
    yield* print(json ? toJson(details) : RunsText.details(details, yield* here, named))
  }, Effect.scoped)
).pipe(Command.withDescription("Tell each ask of a run: status, model, tokens, cost, time, and why it failed"))

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
    const left = yield* Effect.mapError(openBatches(journal, runs, ids), failed)
    const forgetting = chosen.length > 0 ? journal.forget(ids) : journal.trim(Retention.limits(undefined, at.now))
    const forgotten = new Set(yield* Effect.mapError(forgetting, failed))
    const lines = runs.filter(({ id }) => forgotten.has(id)).map((run) => RunsText.forgotten(run, at))
    if (lines.length === 0) lines.push(nothingForgotten(chosen.length === 0))
    yield* print(`${lines.join("\n")}\n`)
    yield* Effect.forEach(
      new Set(left.filter(({ run }) => forgotten.has(run)).map(({ batch }) => batch)),
      (batch) =>
        Console.error(
          inert(`Batch ${batch} had not ended when last looked at: its answers are paid, and can no longer be fetched`)
        ),
      { discard: true }
    )
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

/** The batches whose results are lost with these runs: those that had not ended when a run looked at them last. */
const openBatches = Effect.fnUntraced(function* (
  journal: typeof Journal.Service,
  runs: ReadonlyArray<RunSummary>,
  ids: ReadonlyArray<string>
): Effect.fn.Return<ReadonlyArray<{ readonly run: string; readonly batch: string }>, JournalError> {
  const unfinished = runs.filter(({ end, id, source }) => end === undefined && source !== simulated && ids.includes(id))
  const left = yield* Effect.forEach(unfinished, ({ id: run }) =>
    Effect.map(journal.events(run), (events) =>
      RunHistory.openBatchesOf(events).map(({ id: batch }) => ({ run, batch }))
    )
  )
  return left.flat()
})

const nothingForgotten = (isByLimits: boolean): string =>
  isByLimits
    ? `Nothing to forget: runs are kept ${RunsText.limitsText}. Name runs, or use --older-than or --all`
    : "Nothing to forget"

export const runs = list.pipe(
  Command.withDescription(
    "List the runs that the journal keeps; show one, compare two, watch or change one, go on with one, cancel its batches, or forget some"
  ),
  Command.withSubcommands([show, diff, watch, stop, ask, raise, resume, cancel, clean]),
  Command.withExamples([
    { command: "fanfold runs show 0k3x", description: "Each ask of the run whose id begins like this" },
    { command: "fanfold runs clean --older-than 7d", description: "Forget the runs of more than a week ago" }
  ])
)
