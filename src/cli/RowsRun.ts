/** A run of rows that are read while they are asked: no answer is held, all go to the tables. */
import { Console, Effect } from "effect"
import * as DeadlineOption from "../pipeline/DeadlineOption.ts"
import { isGap } from "../pipeline/Findings.ts"
import * as StreamedResearch from "../pipeline/StreamedResearch.ts"
import * as Forecast from "../plan/Forecast.ts"
import type { Prepared, RowProblem, Rows } from "../plan/Plan.ts"
import { numberText } from "../options/NumberText.ts"
import * as AnswerTable from "../report/AnswerTable.ts"
import { inert } from "../report/TerminalText.ts"
import * as AgainLine from "./AgainLine.ts"
import * as AnswerSpool from "./AnswerSpool.ts"
import * as ExitCode from "./ExitCode.ts"
import type { Running } from "./Flags.ts"
import { GapGroups } from "./GapLines.ts"
import type { Closing, Ended, Work } from "./RunEnd.ts"
import type { Typed } from "./TypedWords.ts"

type Tally = StreamedResearch.Tally<RowProblem>

/** The run of a plan of rows, whose outputs are all tables. Its scope holds a temporary file. */
export const make = Effect.fnUntraced(function* (plan: Prepared, rows: Rows, { output, quiet }: Running, typed: Typed) {
  // What one row leaves is garbage soon. V8 would let its young generation grow by 130 MB of it, for 5 % less processor time, and its
  // old one to four times what is alive, for some 15 % less.
  const v8 = process.getBuiltinModule("node:v8")
  for (const flag of ["--semi-space-growth-factor=1", "--heap-growing-percent=75"]) v8.setFlagsFromString(flag)
  const spool = yield* AnswerSpool.make(rows.count)
  const columns = AnswerTable.columnsOf(rows.columns, Object.values(rows.bounds))
  const gaps = new GapGroups()
  /** How many rows were asked, counted from the first one. */
  let asked = 0
  /** How many gaps asking again would not fill. */
  let settled = 0
  const saved = Effect.gen(function* () {
    const { save } = yield* Effect.promise(() => import("./TableFile.ts"))
    const failure = spool.failure()
    if (failure !== undefined)
      yield* Console.error(inert(`The answers cannot be written: ${failure}; the journal has them`))
    return yield* Effect.forEach(output, (file) =>
      Effect.map(save(file, columns, answered(spool, asked), quiet), (isSaved) => isSaved && failure === undefined)
    )
  })
  return {
    forecast: Forecast.later({ ...plan, asks: {} }, plan.layers),
    run: (_progress, isKept) =>
      StreamedResearch.run(rows.read, {
        count: rows.count,
        samples: Object.entries(rows.bounds).map(([name, ask], index) => ({ name, index, ask })),
        policy: plan.policy,
        concurrency: plan.concurrency,
        context: plan.context,
        deadline: plan.deadline === undefined ? undefined : DeadlineOption.limitsOf(plan.deadline).asking,
        onFinding: (finding, { cells, index }) =>
          Effect.sync(() => {
            asked = Math.max(asked, index + 1)
            spool.add(index, AnswerTable.rowOf(finding, cells))
            if (!isGap(finding)) return
            gaps.add(finding)
            if (AgainLine.isSettled(finding)) settled++
          })
      }).pipe(
        Effect.map((tally): Ended => ({
          error: tally.error,
          conclude: (closing) => {
            const againOf = (isComplete: boolean) => {
              const isOpen = !isComplete || tally.interrupted > 0 || tally.failed > settled
              const lacking = { isOpen, isSettled: settled > 0 }
              return isKept && !quiet ? AgainLine.of(typed.words, tally.error === undefined, lacking) : undefined
            }
            return conclude(tally, saved, gaps, againOf, closing)
          }
        }))
      ),
    saveInterrupted: Effect.suspend(() => (asked === 0 ? Effect.void : Effect.asVoid(saved)))
  } satisfies Work
})

/** The rows that were asked, in their order. */
function* answered(spool: AnswerSpool.AnswerSpool, asked: number): Iterable<AnswerTable.AnsweredRow> {
  for (let index = 0; index < asked; index++) {
    yield spool.at(index) ?? { name: "", cells: {}, gap: "stopped before it was answered" }
  }
}

/** Writes the tables, says what they lack, and fails with the exit code. */
const conclude = Effect.fnUntraced(function* <E, R>(
  tally: Tally,
  saved: Effect.Effect<ReadonlyArray<boolean>, E, R>,
  gaps: GapGroups,
  againOf: (isComplete: boolean) => string | undefined,
  { areEventsWritten, end, tapeError }: Closing
) {
  const written = yield* saved
  const isSaved = !written.includes(false)
  if (tally.error === undefined && isSaved) yield* end
  if (tapeError !== undefined) yield* Console.error(inert(tapeError))
  yield* Effect.forEach(gaps.lines, (line) => Console.error(line))
  const { answered, asks, endedBy, error, failed, interrupted, needed } = tally
  if (interrupted > 0) yield* Console.error(`Not asked: ${numberText(interrupted)} of ${numberText(asks)} rows`)
  const isComplete = isSaved && areEventsWritten && tapeError === undefined
  const failure = ExitCode.ofRows(
    {
      asks,
      answered,
      failed,
      stopped: endedBy === "stop" ? interrupted : 0,
      needed,
      isOverBudget: endedBy === "budget",
      isEnded: endedBy !== undefined,
      error:
        error === undefined
          ? undefined
          : error._tag === "RowProblem"
            ? `${error.file}: ${error.message}`
            : error.message
    },
    isComplete
  )
  if (failure === undefined) return
  const again = againOf(isComplete)
  if (again !== undefined) yield* Console.error(inert(again))
  return yield* failure
})
