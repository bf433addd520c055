/** Compares measured runs, sequential and parallel, with the ideal schedule; as figures, rows and a plot. */
import type { Parts } from "./Fanout.ts"
import * as Makespan from "./Makespan.ts"
import type * as Plot from "./Plot.ts"
import * as Results from "./Results.ts"
import type * as Table from "./Table.ts"

/** The runs of one case. `askMillis` and `synthesisMillis` are the simulated latencies. */
export interface Case {
  readonly latency: string
  readonly askMillis: ReadonlyArray<number>
  readonly synthesisMillis: number
  readonly sequential: ReadonlyArray<Parts>
  readonly parallel: ReadonlyArray<Parts>
}

export interface Figures {
  readonly sequentialMillis: number
  readonly parallelMillis: number
  /** Slowest ask plus synthesis. */
  readonly idealMillis: number
  /** Measured sequential ÷ measured parallel, so that the overhead of the sequential run counts too. */
  readonly speedup: number
  /** Of the simulated times alone: their sum ÷ the ideal. */
  readonly idealSpeedup: number
  readonly percentOfIdeal: number
  /** `speedup` without the synthesis. */
  readonly researchSpeedup: number
  /** Amdahl's limit of the simulated times, with the synthesis as the serial part. */
  readonly amdahl: number
}

const totalOf = ({ researchMillis, synthesisMillis }: Parts): number => researchMillis + synthesisMillis
const medianOf = (runs: ReadonlyArray<Parts>, part: (run: Parts) => number): number => Results.medianOf(runs.map(part))
const research = ({ researchMillis }: Parts): number => researchMillis
const synthesis = ({ synthesisMillis }: Parts): number => synthesisMillis

/** Computes the figures from medians of the runs. */
export const figuresOf = ({ askMillis, parallel, sequential, synthesisMillis }: Case): Figures => {
  const sequentialMillis = medianOf(sequential, totalOf)
  const parallelMillis = medianOf(parallel, totalOf)
  const idealMillis = Makespan.makespan(askMillis, Number.POSITIVE_INFINITY) + synthesisMillis
  const simulatedMillis = Makespan.makespan(askMillis, 1) + synthesisMillis
  return {
    sequentialMillis,
    parallelMillis,
    idealMillis,
    speedup: sequentialMillis / parallelMillis,
    idealSpeedup: simulatedMillis / idealMillis,
    percentOfIdeal: (idealMillis / parallelMillis) * 100,
    researchSpeedup: medianOf(sequential, research) / medianOf(parallel, research),
    amdahl: Makespan.amdahl(synthesisMillis / simulatedMillis)
  }
}

const rounded = (millis: number): string => millis.toFixed(0)
const seconds = (millis: number): string => (millis / 1000).toFixed(2)
const times = (ratio: number): string => `${ratio.toFixed(1)} ×`

/** A row of the times of complete runs. */
export const rowOf = (one: Case): Table.Row => {
  const figures = figuresOf(one)
  const spread = Results.spreadOf(one.parallel.map(totalOf))
  return {
    latency: one.latency,
    asks: one.askMillis.length,
    "sequential ms": rounded(figures.sequentialMillis),
    "parallel ms": rounded(figures.parallelMillis),
    min: rounded(spread.min),
    max: rounded(spread.max),
    n: spread.n,
    "ideal ms": rounded(figures.idealMillis),
    "own ms": (figures.parallelMillis - figures.idealMillis).toFixed(1),
    "speed-up": times(figures.speedup),
    "ideal speed-up": times(figures.idealSpeedup),
    "% of ideal": figures.percentOfIdeal.toFixed(1)
  }
}

/** A row of the times of research and synthesis separately: only research is sped up. */
export const partsRowOf = (one: Case): Table.Row => {
  const { amdahl, researchSpeedup, speedup } = figuresOf(one)
  return {
    latency: one.latency,
    asks: one.askMillis.length,
    "research, sequential ms": rounded(medianOf(one.sequential, research)),
    "research, parallel ms": rounded(medianOf(one.parallel, research)),
    "research speed-up": times(researchSpeedup),
    "synthesis ms": rounded(medianOf(one.parallel, synthesis)),
    "speed-up of all": times(speedup),
    "Amdahl's limit": times(amdahl)
  }
}

/** The row of the table in the README. */
export const summaryRowOf = (one: Case): Table.Row => {
  const { idealMillis, idealSpeedup, parallelMillis, percentOfIdeal, sequentialMillis, speedup } = figuresOf(one)
  return {
    asks: one.askMillis.length,
    latency: one.latency,
    "sequential s": seconds(sequentialMillis),
    "parallel s": seconds(parallelMillis),
    "ideal s": seconds(idealMillis),
    "speed-up": times(speedup),
    "ideal speed-up": times(idealSpeedup),
    "of the ideal": `${percentOfIdeal.toFixed(0)} %`
  }
}

/** Bars of the measured speed-up and of the ideal one. */
export const plotOf = (cases: ReadonlyArray<Case>): Plot.Plot => ({
  title: "How much does asking in parallel buy?",
  subtitle:
    "asks and one synthesis, all asks at once, compared with sequential; the synthesis is the part that stays serial",
  x: { label: "asks", scale: "category" },
  y: { label: "times as fast as sequential", scale: "linear" },
  series: [...new Set(cases.map(({ latency }) => latency))].flatMap((latency) => {
    const found = cases.filter((one) => one.latency === latency)
    const points = (speedup: (figures: Figures) => number) =>
      found.map((one) => [String(one.askMillis.length), speedup(figuresOf(one))] as const)
    const name = latency.replace(/,.*/, "")
    return [
      { name: `${name}, fanfold`, kind: "bar" as const, points: points(({ speedup }) => speedup) },
      {
        name: `${name}, ideal`,
        kind: "bar" as const,
        dashed: true,
        points: points(({ idealSpeedup }) => idealSpeedup)
      }
    ]
  }),
  note: "ideal: of the simulated times alone; in the measured speed-up, what sequential itself costs counts too"
})
