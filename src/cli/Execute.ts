/** Runs a pipeline for the command line: progress to standard error, the document out, the exit code at the end. */
import { Clock, Console, Effect, Option } from "effect"
import * as Event from "../claude/Event.ts"
import { endedBy } from "../pipeline/Findings.ts"
import * as Forecast from "../plan/Forecast.ts"
import * as Pipeline from "../pipeline/Pipeline.ts"
import type { Prepared } from "../plan/Plan.ts"
import * as Report from "../report/Report.ts"
import * as RunBreakdown from "../report/RunBreakdown.ts"
import type { RunState } from "../report/RunState.ts"
import { code, Failure, usage } from "./ExitCode.ts"
import type { Running } from "./Flags.ts"
import { inert } from "../report/TerminalText.ts"
import * as GapLines from "./GapLines.ts"
import * as Output from "./Output.ts"
import { Ports } from "./ProcessServices.ts"
import * as Progress from "./progress/Progress.ts"
import type * as ProgressOptions from "./progress/ProgressOptions.ts"
import * as Summary from "./progress/Summary.ts"

/** Runs a plan. `reads` are the files it came from: nothing may be written over them. */
export const execute = Effect.fn("cli.execute")(function* (
  plan: Prepared,
  flags: Running,
  reads: ReadonlyArray<Output.Read> = []
) {
  const way = yield* wayOf(flags)
  const replayed = way.replay === undefined ? [] : [{ file: way.replay, what: "the tape of --replay" }]
  yield* Output.check(flags.output, way.record, [...reads, ...replayed])
  const ports = yield* Ports
  const { claude, lost, notice, simulated } = yield* ports.reach(way, plan.layers)
  if (notice !== undefined) yield* Console.error(notice)

  const { atMostUsd: foreseenUsd } = Forecast.make(plan, plan.layers.prices)
  const startedAt = yield* Clock.currentTimeMillis
  const reportOf = (outcome: Pipeline.Outcome, tally: RunState) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const { costUsd, usage } = tally
      const totals = { usage, costUsd, foreseenUsd, durationMillis: now - startedAt, spent: RunBreakdown.of(tally) }
      return Report.make(outcome, totals, simulated)
    })
  let unfinished: Effect.Effect<Report.Report> | undefined
  const { outcome, tally, told } = yield* Effect.scoped(
    Effect.gen(function* () {
      const progress = yield* Progress.make({ ...(yield* ports.terminal), ...shown(flags), foreseenUsd })
      const running = Pipeline.run(plan, (outcome) =>
        Effect.sync(() => {
          unfinished = reportOf(outcome, progress.tally)
        })
      )
      const outcome = yield* Effect.provideService(running, Event.Listener, progress)
      return { outcome, tally: progress.tally, told: progress.told }
    })
  ).pipe(
    Effect.provide(claude),
    // Out of the scope, so that the live region has left the terminal.
    Effect.onInterrupt(() => (unfinished === undefined ? Effect.void : Effect.flatMap(unfinished, rescue)))
  )
  if (!flags.progress && !flags.quiet) {
    yield* Effect.forEach(Summary.closing(tally, foreseenUsd), (line) => Console.error(inert(line)))
  }

  return yield* conclude(yield* reportOf(outcome, tally), outcome, flags, { lost: yield* lost, told })
})

/** What is to be said, or was said, beside the document. */
interface Said {
  readonly lost: string | undefined
  readonly told: ProgressOptions.Progress["told"]
}

const wayOf = ({ offline, record, replay }: Running) => {
  const given = [
    offline ? "--offline" : "",
    Option.isSome(record) ? "--record" : "",
    Option.isSome(replay) ? "--replay" : ""
  ]
  const ways = given.filter((way) => way !== "")
  return ways.length > 1
    ? Effect.fail(usage(`${ways.join(" and ")} exclude each other`))
    : Effect.succeed({ offline, record: Option.getOrUndefined(record), replay: Option.getOrUndefined(replay) })
}

/** `--quiet` shows nothing; `--no-progress` leaves the summary. */
const shown = ({ progress, quiet }: Running) =>
  quiet || !progress ? ({ mode: "quiet", summary: false } as const) : ({ summary: true } as const)

/** Writes the document and says what is missing from it. What a failed run has paid for is written all the same. */
const conclude = Effect.fnUntraced(function* (
  report: Report.Report,
  { error, findings, shortfall }: Pipeline.Outcome,
  { json, output, quiet }: Running,
  { lost, told }: Said
) {
  const isEmpty = findings.gaps.length === findings.findings.length
  const written = yield* Effect.forEach(output, (file) => Output.write(file, report, quiet))
  if (json) written.push(yield* Output.print(Report.toJson(report)))
  else if (output.length === 0 && error === undefined && !isEmpty)
    written.push(yield* Output.print(Report.toMarkdown(report)))
  if (!written.includes(true)) yield* rescue(report)

  if (lost !== undefined) yield* Console.error(inert(lost))
  // Progress has told most reasons, which may be long: each is told once.
  const known = new Set(Array.from(told, ({ name, part }) => `${part} ${name}`))
  const missing = GapLines.linesOf(findings.gaps, ({ name }) => known.has(`ask ${name}`))
  yield* Effect.forEach(missing, (line) => Console.error(line))
  if (error !== undefined) {
    const isKnown = error._tag === "AskError" && known.has("synthesis synthesis")
    const message = isKnown ? "The synthesis failed." : error._tag === "ResearchError" ? error.shortfall : error.message
    return yield* new Failure({ exitCode: code.failed, message: inert(message) })
  }
  const isOverBudget = endedBy(findings) === "budget"
  if (isEmpty) {
    const exitCode = isOverBudget ? code.overBudget : code.failed
    return yield* new Failure({ exitCode, message: "No ask was answered." })
  }
  if (written.includes(false) || lost !== undefined) return yield* new Failure({ exitCode: code.failed, message: "" })
  // An ask that `first` stopped is no loss: enough answers were there.
  const hasGaps = findings.gaps.some(({ outcome }) => outcome._tag === "Failed")
  if (hasGaps) {
    const exitCode = isOverBudget ? code.overBudget : code.gaps
    return yield* new Failure({ exitCode, message: shortfall?.shortfall ?? "" })
  }
})

/** Answers that went nowhere go to a file that is named after the run, and that even `--quiet` tells; else they are printed. */
const rescue = Effect.fnUntraced(function* (report: Report.Report) {
  if (Object.keys(report.answers).length === 0) return
  const isWritten = yield* Output.write(`fanfold-${report.run}.json`, report, false)
  if (!isWritten) yield* Output.print(Report.toJson(report))
})
