/** Computes the figures of `cold-start` from the processes of a case, as rows and samples. */
import * as Makespan from "../harness/Makespan.ts"
import * as Results from "../harness/Results.ts"
import type { Row } from "../harness/Table.ts"
import { baseline, type Case, type Contender, contenders, measured } from "./Cases.ts"
import type { Measured } from "./Process.ts"

/** The processes of each contender, one per round, in the order of the rounds. */
export type Processes = Readonly<Record<Contender, ReadonlyArray<Measured>>>

type Figure = (measured: Measured) => number

/**
 * Figure ÷ the baseline's of the same round, for each round: a slow phase of the machine affects both. Throws unless both have
 * the same number of rounds.
 */
export const ratiosOf = (processes: Processes, contender: Contender, figure: Figure): ReadonlyArray<number> => {
  const [own, base] = [processes[contender], processes[baseline]]
  if (own.length !== base.length) throw new Error(`${contender}: ${own.length} rounds, ${baseline}: ${base.length}`)
  return own.map((measured, round) => figure(measured) / figure(base[round]!))
}

const text = (value: number, digits: number): string => value.toFixed(digits)
const range = (values: ReadonlyArray<number>, digits: number): string =>
  `${text(Math.min(...values), digits)} to ${text(Math.max(...values), digits)}`

const states = ["cold", "warm"] as const
type State = (typeof states)[number]
const wallOf: Readonly<Record<State, Figure>> = {
  cold: ({ coldMillis }) => coldMillis,
  warm: ({ warmMillis }) => warmMillis
}
const firstRequest: Figure = ({ firstRequestMillis }) => firstRequestMillis
const cpu: Figure = ({ cpuMillis }) => cpuMillis
const peak: Figure = ({ peakMegabytes }) => peakMegabytes

const rowOf = (one: Case, processes: Processes, contender: Contender, state: State): Row => {
  const measured = processes[contender]
  const median = (figure: Figure): number => Results.medianOf(measured.map(figure))
  const medianRatio = (figure: Figure): number => Results.medianOf(ratiosOf(processes, contender, figure))
  const wall = wallOf[state]
  return {
    contender: `${contender}, ${state}`,
    transport: [...new Set(measured.map(({ httpVersion }) => `HTTP/${httpVersion}`))].join(", "),
    "limit headers": one.sendsLimitHeaders ? "yes" : "no",
    "wall ms": text(median(wall), 0),
    "min to max": range(measured.map(wall), 0),
    n: measured.length,
    "÷ ideal": text(median(wall) / Makespan.makespan(one.millis, Number.POSITIVE_INFINITY), 2),
    [`÷ ${baseline}`]: text(medianRatio(wall), 3),
    "min to max ÷": range(ratiosOf(processes, contender, wall), 3),
    ...(state === "cold" && {
      "first request ms": text(median(firstRequest), 0),
      "first request ÷": text(medianRatio(firstRequest), 3),
      "CPU ms": text(median(cpu), 0),
      "peak MB": text(median(peak), 0)
    })
  }
}

/** A cold and a warm row for each contender of a case. */
export const rowsOf = (one: Case, processes: Processes): ReadonlyArray<Row> =>
  contenders.flatMap((contender) => states.map((state) => rowOf(one, processes, contender, state)))

/** Cold and warm wall ÷ the baseline's, of both entries, on one row. */
export const summaryRowOf = ({ name }: Case, processes: Processes): Row => ({
  case: name,
  ...Object.fromEntries(
    measured.flatMap((contender) =>
      states.map((state) => [
        `${contender}, ${state}`,
        text(Results.medianOf(ratiosOf(processes, contender, wallOf[state])), 2)
      ])
    )
  )
})

/** fanfold's cold figures ÷ the baseline's, of both entries, with their targets. */
export const targetRowsOf = ({ name, targets }: Case, processes: Processes): ReadonlyArray<Row> =>
  measured.flatMap((contender) =>
    (
      [
        ["cold wall", wallOf.cold, targets.wall],
        ["start to first request", firstRequest, targets.firstRequest]
      ] as const
    ).map(([figure, of, max]) => {
      const ratios = ratiosOf(processes, contender, of)
      const ratio = Results.medianOf(ratios)
      return {
        case: name,
        figure: `${figure} ÷ ${baseline}`,
        contender,
        ratio: text(ratio, 3),
        "min to max": range(ratios, 3),
        n: ratios.length,
        target: max === undefined ? "" : `<= ${max.toFixed(2)}`,
        met: max === undefined ? "" : ratio <= max ? "yes" : "no"
      }
    })
  )

/** Milliseconds of every process, by case, contender and figure. */
export const samplesOf = ({ name }: Case, processes: Processes): Readonly<Record<string, ReadonlyArray<number>>> => {
  const figures = Object.entries({ ...wallOf, "first request": firstRequest })
  return Object.fromEntries(
    contenders.flatMap((contender) =>
      figures.map(([figure, of]) => [`${name}: ${contender}, ${figure}`, processes[contender].map(of)] as const)
    )
  )
}
