/** Runs a prepared plan for `run` and `ask`: progress to standard error, then the documents, then the exit code. */
import { Clock, Console, Deferred, Effect, FileSystem, Option } from "effect"
import * as Call from "../claude/Call.ts"
import * as Event from "../claude/Event.ts"
import { Waiting } from "../layers/Batch.ts"
import { Begun } from "../layers/Journal.ts"
import { simulated as simulatedAnswers } from "../journal/Journal.ts"
import * as Citations from "../pipeline/Citations.ts"
import * as Pipeline from "../pipeline/Pipeline.ts"
import * as Forecast from "../plan/Forecast.ts"
import type { Prepared } from "../plan/Plan.ts"
import { toMarkdown } from "../report/Markdown.ts"
import * as Proof from "../report/Proof.ts"
import * as Report from "../report/Report.ts"
import * as RunBreakdown from "../report/RunBreakdown.ts"
import type { RunState } from "../report/RunState.ts"
import { inert } from "../report/TerminalText.ts"
import * as ExitCode from "./ExitCode.ts"
import type { Running } from "./Flags.ts"
import * as GapLines from "./GapLines.ts"
import * as Output from "./Output.ts"
import { reportFormats } from "./OutputFormat.ts"
import { ProcessServices } from "./ProcessServices.ts"
import * as RunJournal from "./RunJournal.ts"
import * as BatchLines from "./progress/BatchLines.ts"
import * as Progress from "./progress/Progress.ts"
import type * as ProgressOptions from "./progress/ProgressOptions.ts"
import * as Summary from "./progress/Summary.ts"

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
  const source = yield* sourceOf(flags)
  const replayed = source.replay === undefined ? [] : [{ file: source.replay, role: "the tape of --replay" }]
  yield* Output.check(flags.output, source.record, [...inputs, ...replayed], reportFormats)
  const services = yield* ProcessServices
  const connected = yield* services.connect(source, plan.layers)
  const { notice, simulated, tapeError } = connected
  if (resumed !== undefined && resumed.source !== connected.source) return yield* otherSource(resumed)
  if (notice !== undefined) yield* Console.error(inert(notice))

  const forecast = Forecast.make(plan, plan.layers)
  const { atMostUsd: foreseenUsd } = forecast
  const startedAt = yield* Clock.currentTimeMillis
  const reportOf = (outcome: Pipeline.Outcome, state: RunState) =>
    Effect.gen(function* () {
      const cited = yield* citedOf(plan, outcome, state)
      const now = yield* Clock.currentTimeMillis
      const { costUsd, usage } = state
      const { deadline } = plan
      const totals = {
        deadline,
        usage,
        costUsd,
        foreseenUsd,
        durationMillis: now - startedAt,
        spent: RunBreakdown.of(state),
        cited
      }
      return Report.make(outcome, totals, simulated)
    })
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
  let unfinished: Effect.Effect<Report.Report> | undefined
  /** Where the batches stand that the process leaves behind. */
  let left: ((now: number, hasEnded: boolean) => ReadonlyArray<string>) | undefined
  const sayLeft = (hasEnded: boolean) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.forEach(left?.(now, hasEnded) ?? [], (line) => Console.error(inert(line)), { discard: true })
    )
  const { advice, outcome, reported, state } = yield* Effect.scoped(
    Effect.gen(function* () {
      const options = { ...(yield* services.terminal), ...progressModeOf(flags), foreseenUsd }
      const progress = yield* Progress.make(options)
      // Known before the first look at them, which may not come: the API may be away.
      for (const event of kept?.earlierBatches ?? []) progress.state.batches.add(event)
      // Simulated batches end with the process.
      if (!simulated) {
        left = (now, hasEnded) => BatchLines.leftLines(progress.state, { kept: kept?.kept, hasEnded }, now)
      }
      const running = Pipeline.run(plan, (outcome) =>
        Effect.sync(() => {
          unfinished = reportOf(outcome, progress.state)
        })
      )
      const outcome = yield* Effect.provideService(running, Event.Listener, progress).pipe(
        Effect.provide(connected.claude({ journal: kept === undefined ? false : {}, ...batch })),
        Effect.provideService(Begun, kept?.recorder),
        Effect.updateService(Call.Current, (call) => ({ ...call, run: kept?.recorder.run.id ?? call.run })),
        flags.detach ? untilWaiting : Effect.asSome
      )
      return {
        outcome: Option.getOrUndefined(outcome),
        state: progress.state,
        reported: progress.reported,
        advice: kept?.advice() ?? ""
      }
    })
  ).pipe(
    // Outside of the scope: the live region must be closed before anything else is written.
    Effect.onInterrupt(() =>
      Effect.andThen(
        unfinished === undefined ? Effect.void : Effect.flatMap(unfinished, saveInterrupted(flags)),
        sayLeft(false)
      )
    )
  )
  if (outcome === undefined) return yield* sayLeft(false)
  if (!flags.progress && !flags.quiet) {
    yield* Effect.forEach(Summary.lines(state, foreseenUsd), (line) => Console.error(inert(line)))
  }
  if (advice !== "" && !flags.quiet) yield* Console.error(inert(advice))
  const closing = { reported, tapeError: yield* tapeError, end: kept?.end ?? Effect.void }
  // Out of time, or not needed any more: what is in a batch is paid all the same.
  if (!flags.quiet) yield* sayLeft(outcome.error === undefined)
  return yield* conclude(yield* reportOf(outcome, state), outcome, flags, closing).pipe(
    Effect.ensuring(kept?.trim ?? Effect.void)
  )
}, Effect.scoped)

/** The statements of the document with the asks that they rest on, where the synthesis has citations. */
const citedOf = ({ synthesis }: Prepared, { document, findings }: Pipeline.Outcome, { folds }: RunState) => {
  if (synthesis?.fold.citations !== true || typeof document?.value !== "string") return Effect.undefined
  const lost = folds.flatMap(({ fold, status }) => (status === "failed" ? (fold?.asks ?? []) : []))
  const gaps = [...findings.gaps.map(({ name }) => name), ...lost]
  const answered = findings.findings.map(({ name }) => name).filter((name) => !gaps.includes(name))
  return Citations.check(document.value, { answered, gaps })
}

/** Writes the proof beside a cited document; `false`, and a line on standard error, if that failed. */
const saveProof = Effect.fnUntraced(function* (file: string, report: Report.Report) {
  if (report.citations === undefined || report.document === null || !/\.md$/i.test(file)) return []
  const proof = Proof.make(report, toMarkdown(report))
  const files = yield* FileSystem.FileSystem
  return yield* files.writeFileString(Proof.fileOf(file), `${JSON.stringify(proof, undefined, 2)}\n`).pipe(
    Effect.as([true]),
    Effect.catch(({ message }) =>
      Effect.as(Console.error(inert(`Cannot write ${Proof.fileOf(file)}: ${message}`)), [false])
    )
  )
})

/** A run that is gone on with. */
interface Resumed {
  readonly id: string
  readonly source: string
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

/** What `conclude` needs to know; `end` ends the run in its journal. */
interface Closing {
  readonly reported: ProgressOptions.Progress["reported"]
  readonly tapeError: string | undefined
  readonly end: Effect.Effect<void>
}

/** Writes the documents, also those of a failed run, whose answers are paid; then the gaps; then fails with the exit code. */
const conclude = Effect.fnUntraced(function* (
  report: Report.Report,
  outcome: Pipeline.Outcome,
  { json, output, quiet }: Running,
  { end, reported, tapeError }: Closing
) {
  const { error, findings } = outcome
  const written = yield* Effect.forEach(output, (file) => Output.save(file, report, reportFormats, quiet))
  for (const file of output) written.push(...(yield* saveProof(file, report)))
  if (json) written.push(yield* Output.print(Report.toJson(report)))
  else if (output.length === 0 && error === undefined && Object.keys(report.answers).length > 0) {
    written.push(yield* Output.print(toMarkdown(report)))
  }
  if (!written.includes(true)) yield* saveUnwritten(report)
  if (outcome.error === undefined && !written.includes(false)) yield* end

  if (tapeError !== undefined) yield* Console.error(inert(tapeError))
  // Reasons may be long: those that progress has written are not repeated.
  const reportedParts = new Set(Array.from(reported, ({ name, part }) => `${part} ${name}`))
  const gapLines = GapLines.lines(findings.gaps, ({ name }) => reportedParts.has(`ask ${name}`))
  yield* Effect.forEach(gapLines, (line) => Console.error(line))
  const failure = ExitCode.ofRun(outcome, {
    isComplete: !written.includes(false) && tapeError === undefined,
    isSynthesisErrorReported: reportedParts.has("synthesis synthesis")
  })
  if (failure !== undefined) return yield* failure
})

/** Writes the answers of an interrupted run to the files of `-o`. Where there are none, the files stay as they are. */
const saveInterrupted = ({ output, quiet }: Running) =>
  Effect.fnUntraced(function* (report: Report.Report) {
    if (Object.keys(report.answers).length === 0) return
    const written = yield* Effect.forEach(output, (file) => Output.save(file, report, reportFormats, quiet))
    if (!written.includes(true)) yield* saveUnwritten(report)
  })

/** Saves answers that no output has got in `fanfold-RUN.json`, and names the file also if `--quiet`; prints them if that fails. */
const saveUnwritten = Effect.fnUntraced(function* (report: Report.Report) {
  if (Object.keys(report.answers).length === 0) return
  const isWritten = yield* Output.save(`fanfold-${report.run}.json`, report, reportFormats, false)
  if (!isWritten) yield* Output.print(Report.toJson(report))
})
