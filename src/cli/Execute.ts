/** Runs a prepared plan for `run` and `ask`: progress to standard error, then the documents, then the exit code. */
import { Clock, Console, Deferred, Effect, Option, Path, Stdio } from "effect"
import * as Call from "../claude/Call.ts"
import * as Event from "../claude/Event.ts"
import * as Listeners from "../claude/Listeners.ts"
import { Waiting } from "../layers/Batch.ts"
import { Begun } from "../layers/Journal.ts"
import * as Interventions from "../interventions/Interventions.ts"
import { simulated as simulatedAnswers } from "../journal/Journal.ts"
import type { Prepared } from "../plan/Plan.ts"
import { settingsOf } from "../plan/SettingsText.ts"
import { inert } from "../report/TerminalText.ts"
import * as AgainCommand from "./AgainCommand.ts"
import * as DocumentRun from "./DocumentRun.ts"
import * as EventsOutput from "./EventsOutput.ts"
import * as ExitCode from "./ExitCode.ts"
import type { Running } from "./Flags.ts"
import { quoted } from "./KeptRun.ts"
import * as Output from "./Output.ts"
import { outputFormats } from "./OutputFormat.ts"
import { ProcessServices } from "./ProcessServices.ts"
import * as ReuseCheck from "./ReuseCheck.ts"
import * as RunJournal from "./RunJournal.ts"
import * as RowsRun from "./RowsRun.ts"
import * as RunTelemetry from "./RunTelemetry.ts"
import * as RunPage from "./RunPage.ts"
import * as RunUi from "./RunUi.ts"
import * as BatchLines from "./progress/BatchLines.ts"
import * as Progress from "./progress/Progress.ts"
import * as Summary from "./progress/Summary.ts"
import { type Typed, withoutSecrets } from "./TypedWords.ts"
import { hasPrimingBatch } from "./SharedPrefixLines.ts"

/**
 * Runs a plan; `name` is what the journal knows it by. No output may overwrite its `inputs`. Fails with the exit code, unless the
 * document is complete. `resumed`: the run that is to be gone on with, by the Claude that it has asked.
 */
export const execute = Effect.fn("cli.execute")(function* (
  plan: Prepared,
  name: string,
  flags: Running,
  inputs: ReadonlyArray<Output.InputFile> = [],
  resumed?: Resumed
) {
  const path = yield* Path.Path
  const folder = path.resolve(".")
  const typed = resumed?.typed ?? { words: yield* (yield* Stdio.Stdio).args, folder }
  yield* ReuseCheck.check(plan.layers, typed.words)
  const source = yield* sourceOf(flags)
  const replayed = source.replay === undefined ? [] : [{ file: source.replay, role: "the tape of --replay" }]
  yield* EventsOutput.check(flags, flags)
  const events = EventsOutput.fileOf(flags)
  const others = [
    ...(source.record === undefined ? [] : [{ flag: "--record", file: source.record, role: "the tape of --record" }]),
    ...(events === undefined ? [] : [{ flag: "--events", file: events, role: "the file of --events" }])
  ]
  yield* Output.check(flags.output, others, [...inputs, ...replayed], outputFormats)
  const services = yield* ProcessServices
  const connected = yield* services.connect(source, plan.layers)
  const { notice, simulated, tapeError } = connected
  if (resumed !== undefined && resumed.source !== connected.source) return yield* otherSource(resumed)
  if (resumed !== undefined && !flags.quiet) {
    const [, , ...given] = typed.words
    if (given.length > 0) yield* Console.error(inert(`As it was begun: ${given.map(quoted).join(" ")}`))
  }
  if (notice !== undefined) yield* Console.error(inert(notice))

  const page = yield* RunPage.make(flags.output, { isShown: flags.ui, plan: name, simulated, typed })
  const work =
    plan.rows === undefined
      ? yield* DocumentRun.make(plan, flags, { name, page, simulated, typed })
      : yield* RowsRun.make(plan, plan.rows, flags, typed)
  const { forecast } = work
  const foreseenUsd = () => (plan.rows === undefined ? forecast().atMostUsd : undefined)
  const printed = yield* EventsOutput.make(flags)
  const telemetry = yield* RunTelemetry.make(plan, name, simulated ? undefined : connected.source)
  // Open until the documents are written: a run that is killed before has not ended, and the next one goes on with it.
  const kept =
    connected.source === undefined
      ? undefined
      : yield* RunJournal.begin({ plan, name, source: connected.source, forecast, isQuiet: flags.quiet })
  const batch = yield* batchOf(plan, flags, simulated, kept)
  if (kept?.needsWorkers === true && !("batch" in plan.layers || "batch" in batch) && !flags.quiet) {
    const worker = flags.offline ? "fanfold worker --offline" : "fanfold worker"
    yield* Console.error(`No ask is sent by this process: all wait for ${worker} with the same --journal`)
  }
  const interventions = new Interventions.Interventions()
  const ui = yield* RunUi.open(flags.ui, page, kept, interventions)
  if (flags.detach && !flags.quiet && kept?.earlierBatches.length === 0) {
    const asked = forecast().calls.flatMap(({ part, request }) => (part === "ask" ? [request] : []))
    if (hasPrimingBatch(asked)) yield* Console.error(primingText)
  }
  /** Where the batches stand that the process leaves behind. */
  let left: ((now: number, hasEnded: boolean) => ReadonlyArray<string>) | undefined
  const sayLeft = (hasEnded: boolean) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const lines = left?.(now, hasEnded) ?? []
      return Effect.as(
        Effect.forEach(lines, (line) => Console.error(inert(line)), { discard: true }),
        lines.length > 0
      )
    })
  // What is said of batches that are left names the command already.
  const sayInterrupted = Effect.flatMap(sayLeft(false), (isSaid) =>
    isSaid || kept === undefined || flags.quiet
      ? Effect.void
      : Console.error(inert(`To go on: ${AgainCommand.ofInterrupted({ ...kept.kept, plan: name, typed, simulated })}`))
  )
  const { advice, outcome, state } = yield* Effect.scoped(
    Effect.gen(function* () {
      const options = { ...(yield* services.terminal), ...progressModeOf(flags), foreseenUsd }
      const progress = yield* Progress.make(options)
      // Known before the first look at them, which may not come: the API may be away.
      for (const event of kept?.earlierBatches ?? []) progress.state.batches.add(event)
      // Simulated batches end with the process.
      if (!simulated) {
        left = (now, hasEnded) => BatchLines.leftLines(progress.state, { kept: kept?.kept, hasEnded }, now)
      }
      if (kept !== undefined) yield* Effect.forkScoped(doorOf(kept.kept.id, interventions))
      const configured = Event.emit({
        _tag: "Configured",
        folder: typed.folder,
        words: typed.words.map(withoutSecrets),
        outputs: flags.output.map((file) => path.resolve(file)),
        settings: settingsOf(plan)
      })
      const running = Effect.andThen(configured, work.run(progress, kept !== undefined))
      const listener = Listeners.watched(Listeners.all([page.around(progress), printed]), telemetry)
      const outcome = yield* Effect.provideService(running, Event.Listener, listener).pipe(
        Effect.provide(connected.claude({ journal: kept === undefined ? false : {}, ...batch })),
        Effect.provideService(Begun, kept?.recorder),
        Effect.provideService(Interventions.Current, kept === undefined ? undefined : interventions),
        Effect.updateService(Call.Current, (call) => ({ ...call, run: kept?.recorder.run.id ?? call.run })),
        flags.detach ? untilWaiting : Effect.asSome
      )
      return {
        outcome: Option.getOrUndefined(outcome),
        state: progress.state,
        advice: kept?.advice() ?? ""
      }
    })
  ).pipe(
    // Outside of the scope: the live region must be closed before anything else is written.
    Effect.onInterrupt(() => Effect.andThen(work.saveInterrupted, sayInterrupted))
  )
  if (outcome === undefined) return void (yield* sayLeft(false))
  if (!flags.progress && !flags.quiet) {
    yield* Effect.forEach(Summary.lines(state, foreseenUsd()), (line) => Console.error(inert(line)))
  }
  if (advice !== "" && !flags.quiet) yield* Console.error(inert(advice))
  const areEventsWritten = printed === undefined || (yield* printed.end)
  // Out of time, or not needed any more: what is in a batch is paid all the same.
  if (!flags.quiet) yield* sayLeft(outcome.error === undefined)
  const closing = {
    tapeError: yield* tapeError,
    areEventsWritten,
    end: kept?.end ?? Effect.void,
    finish: ui.finish
  }
  return yield* Effect.ensuring(outcome.conclude(closing), kept?.trim ?? Effect.void)
}, Effect.scoped)

/** Short for a person, and long after the first requests have left, which nothing must delay. */
const doorDelay = "300 millis"

/** Opens the door of the run, by which its user may intervene, until the scope closes. */
const doorOf = (run: string, interventions: Interventions.Interventions) =>
  Effect.sleep(doorDelay).pipe(
    Effect.andThen(Effect.promise(() => import("./live/Door.ts"))),
    Effect.flatMap(({ open }) => open(run, interventions))
  )

const primingText =
  "--detach leaves once all batches are there: most asks follow the first one that has their document, whose batch is waited for"

/** A run that is gone on with. */
interface Resumed {
  readonly id: string
  readonly source: string
  /** What would have begun it with the flags that it is gone on with. */
  readonly typed: Typed
}

/** Its answers and batches are of no use elsewhere: everything would be paid again. */
const otherSource = ({ id, source }: Resumed) =>
  ExitCode.usageError(
    source === simulatedAnswers
      ? `${id} has simulated answers: add --offline`
      : `${id} has asked ${source}: set ANTHROPIC_BASE_URL to that, without --offline, --replay`
  )

/** The option `batch` where it is not that of the plan: what earlier runs have in batches must not be bought again. */
const batchOf = Effect.fnUntraced(function* (
  { layers }: Prepared,
  { detach, quiet }: Running,
  simulated: boolean,
  kept: RunJournal.RunJournal | undefined
) {
  if (detach && simulated) {
    return yield* ExitCode.usageError(
      "--detach: simulated batches end with this process; fanfold mock serves some that do not, for ANTHROPIC_BASE_URL"
    )
  }
  if (detach && kept === undefined) return yield* ExitCode.usageError("--detach needs a journal, to come back to")
  if ("batch" in layers) return {}
  if (kept !== undefined && mayHaveResults(kept.earlierBatches)) {
    if (!quiet)
      yield* Console.error(
        "Batches of an earlier run are looked at first, as with --batch; --no-batch asks all live, and pays for both"
      )
    return { batch: {} }
  }
  return detach ? yield* ExitCode.usageError("--detach needs --batch") : {}
})

/** Whether there are batches that may have results of what this run asks. */
const mayHaveResults = (events: ReadonlyArray<Event.BatchEvent>): boolean => {
  const created = new Set(events.flatMap((event) => (event._tag === "BatchSubmitting" ? [event.nonce] : [])))
  for (const event of events) if (event._tag === "BatchNotCreated") created.delete(event.nonce)
  return created.size > 0
}

/** Ends with nothing once there is nothing to do but to wait for batches. */
const untilWaiting = <A, E, R>(running: Effect.Effect<A, E, R>): Effect.Effect<Option.Option<A>, E, R> =>
  Effect.flatMap(Deferred.make<Option.Option<A>>(), (waiting) =>
    Effect.raceFirst(
      Effect.asSome(Effect.provideService(running, Waiting, Effect.asVoid(Deferred.succeed(waiting, Option.none())))),
      Deferred.await(waiting)
    )
  )

/** The source that the flags name, of which at most one may be given. */
const sourceOf = ({ offline, record, replay }: Running) => {
  const flags = [
    offline ? "--offline" : "",
    Option.isSome(record) ? "--record" : "",
    Option.isSome(replay) ? "--replay" : ""
  ].filter((flag) => flag !== "")
  return flags.length > 1
    ? Effect.fail(ExitCode.usageError(`${flags.join(" and ")} exclude each other`))
    : Effect.succeed({ offline, record: Option.getOrUndefined(record), replay: Option.getOrUndefined(replay) })
}

/** `--quiet` and `--no-progress` write no progress; after `--no-progress`, `execute` writes the summary. */
const progressModeOf = ({ progress, quiet }: Running) =>
  quiet || !progress ? ({ mode: "quiet", summary: false } as const) : ({ summary: true } as const)
