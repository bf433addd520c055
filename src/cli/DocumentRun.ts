/** A run whose answers are all there at its end: they become a document, a report and tables. */
import { Array, Clock, Console, Effect } from "effect"
import * as Pipeline from "../pipeline/Pipeline.ts"
import * as Forecast from "../plan/Forecast.ts"
import type { Prepared } from "../plan/Plan.ts"
import * as AnswerTable from "../report/AnswerTable.ts"
import { lostFoldsOf } from "../report/LostFolds.ts"
import { toMarkdown } from "../report/Markdown.ts"
import * as Report from "../report/Report.ts"
import type { RunResult } from "../report/RunResult.ts"
import * as RunBreakdown from "../report/RunBreakdown.ts"
import type { RunState } from "../report/RunState.ts"
import { inert } from "../report/TerminalText.ts"
import * as AgainCommand from "./AgainCommand.ts"
import * as AgainLine from "./AgainLine.ts"
import * as CitedDocument from "./CitedDocument.ts"
import * as EventsOutput from "./EventsOutput.ts"
import * as ExitCode from "./ExitCode.ts"
import type { Running } from "./Flags.ts"
import * as GapLines from "./GapLines.ts"
import * as Output from "./Output.ts"
import { isTable, reportFormats } from "./OutputFormat.ts"
import type { RunPage } from "./RunPage.ts"
import type { Typed } from "./TypedWords.ts"
import type { Closing, Ended, Work } from "./RunEnd.ts"

/** A report with what its page is made of, and the findings that tables are made of. */
interface Reported {
  readonly result: RunResult
  readonly outcome: Pipeline.Outcome
}

/** What is known of a run before it begins: its name in the journal, and the page that is made of it. */
interface About {
  readonly name: string
  readonly page: RunPage
  readonly simulated: boolean
  readonly typed: Typed
}

/** The run of a plan whose asks are all known. */
export const make = Effect.fnUntraced(function* (
  plan: Prepared,
  flags: Running,
  { name, page, simulated, typed }: About
) {
  const forecast = Forecast.later(plan, plan.layers)
  const startedAt = yield* Clock.currentTimeMillis
  const reportOf = (outcome: Pipeline.Outcome, state: RunState, isKept: boolean, isInterrupted = false) =>
    Effect.gen(function* () {
      const cited = yield* CitedDocument.of(plan, outcome, state)
      const now = yield* Clock.currentTimeMillis
      const { costUsd, interventions, usage } = state
      const { deadline } = plan
      const totals = {
        interventions,
        rounds: state.rounds,
        deadline,
        usage,
        costUsd,
        foreseenUsd: forecast().atMostUsd,
        durationMillis: now - startedAt,
        spent: RunBreakdown.of(state),
        contradictions: state.contradictions,
        uncompared: state.uncompared,
        cited
      }
      const hasEnded = outcome.error === undefined && !isInterrupted
      const subject = { plan: name, isKept, hasEnded, outcome }
      const result = page.resultOf(Report.make(outcome, totals, simulated), subject)
      const unfinished = { again: isKept ? AgainCommand.ofTyped(typed, false) : undefined }
      return { result: hasEnded ? result : { ...result, unfinished }, outcome } satisfies Reported
    })
  let unfinished: Effect.Effect<Reported> | undefined
  return {
    forecast,
    run: ({ state }, isKept) =>
      Pipeline.run(plan, (outcome) =>
        Effect.sync(() => {
          unfinished = reportOf(outcome, state, isKept, true)
        })
      ).pipe(
        Effect.map((outcome): Ended => ({
          error: outcome.error,
          conclude: (closing) =>
            Effect.flatMap(reportOf(outcome, state, isKept), (made) =>
              Effect.ensuring(
                conclude(made, plan, flags, isKept ? typed : undefined, closing),
                closing.finish(made.result)
              )
            )
        }))
      ),
    saveInterrupted: Effect.suspend(() =>
      unfinished === undefined ? Effect.void : Effect.flatMap(unfinished, saveInterrupted(plan, flags))
    )
  } satisfies Work
})

/** Writes a file of `-o`, and what is beside it. */
const save = ({ outcome, result }: Reported, { asks, table }: Prepared, file: string, quiet: boolean) => {
  if (!isTable(file)) return CitedDocument.save(file, result, quiet)
  const { findings } = outcome.findings
  const own = table?.columns ?? ["question"]
  const cellsOf = (index: number, question: string) => (table === undefined ? { question } : (table.cells[index] ?? {}))
  const rows = findings.map((finding) => AnswerTable.rowOf(finding, cellsOf(finding.index, finding.question)))
  return Effect.flatMap(
    Effect.promise(() => import("./TableFile.ts")),
    (module) => Effect.map(module.save(file, AnswerTable.columnsOf(own, Object.values(asks)), rows, quiet), Array.of)
  )
}

/** Writes the documents, also those of a failed run, whose answers are paid; then the gaps; then fails with the exit code. */
const conclude = Effect.fnUntraced(function* (
  made: Reported,
  plan: Prepared,
  flags: Running,
  kept: Typed | undefined,
  { areEventsWritten, end, tapeError }: Closing
) {
  const { outcome, result } = made
  const { report } = result
  const { error, findings } = outcome
  const { json, output, quiet } = flags
  const written = (yield* Effect.forEach(output, (file) => save(made, plan, file, quiet))).flat()
  if (json) written.push(yield* Output.print(Report.toJson(report)))
  else if (
    !EventsOutput.isPrinted(flags) &&
    isPrinted(report, output) &&
    error === undefined &&
    Object.keys(report.answers).length > 0
  ) {
    written.push(yield* Output.print(toMarkdown(report)))
  }
  if (!written.includes(true)) yield* saveUnwritten(result)
  if (outcome.error === undefined && !written.includes(false)) yield* end

  if (tapeError !== undefined) yield* Console.error(inert(tapeError))
  const lost = report.document === null ? [] : GapLines.foldLines(report.spent.folds)
  yield* Effect.forEach([...GapLines.lines(findings.gaps), ...lost], (line) => Console.error(line))
  const hasLostFolds = lostFoldsOf(report.spent.folds).length > 0
  const isComplete = !written.includes(false) && tapeError === undefined && areEventsWritten
  const failure = ExitCode.ofRun(outcome, { hasLostFolds, isComplete })
  if (failure === undefined) return
  const lacking = AgainLine.lackingOf(outcome, hasLostFolds || !isComplete)
  const again = kept && AgainLine.of(kept.words, error === undefined, lacking)
  if (again !== undefined && !quiet) yield* Console.error(inert(again))
  return yield* failure
})

/** Without a file for it, a document is printed; answers alone are, where no table has them. */
const isPrinted = ({ document }: Report.Report, output: ReadonlyArray<string>): boolean =>
  document === null ? output.length === 0 : output.every(isTable)

/** Writes the answers of an interrupted run to the files of `-o`. Where there are none, the files stay as they are. */
const saveInterrupted = (plan: Prepared, { output, quiet }: Running) =>
  Effect.fnUntraced(function* (made: Reported) {
    if (Object.keys(made.result.report.answers).length === 0) return
    const written = yield* Effect.forEach(output, (file) => save(made, plan, file, quiet))
    if (!written.flat().includes(true)) yield* saveUnwritten(made.result)
  })

/** Saves answers that no output has got in `fanfold-RUN.json`, and names the file also if `--quiet`; prints them if that fails. */
const saveUnwritten = Effect.fnUntraced(function* (result: RunResult) {
  const { report } = result
  if (Object.keys(report.answers).length === 0) return
  const isWritten = yield* Output.save(`fanfold-${report.run}.json`, result, reportFormats, false)
  if (!isWritten) yield* Output.print(Report.toJson(report))
})
