/** What parallel bought: measured runs beside what is possible, as rows and a plot. */
import type { Parts } from "./Fanout.ts"
import * as Makespan from "./Makespan.ts"
import type * as Plot from "./Plot.ts"
import * as Results from "./Results.ts"
import type * as Table from "./Table.ts"

/** One case, measured one after another and in parallel. `askMillis` and `synthesisMillis` are what the simulation took. */
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
  /** Slowest ask, plus synthesis. */
  readonly idealMillis: number
  /** Measured ÷ measured, so that what one after another costs beyond the simulated times counts too. */
  readonly speedup: number
  /** Of the simulated times alone: all one after another ÷ the ideal. */
  readonly idealSpeedup: number
  readonly percentOfIdeal: number
  /** Of the asks alone. */
  readonly researchSpeedup: number
  /** The most that any number of places can buy of the simulated times while the synthesis waits for all answers. */
  readonly amdahl: number
}

const wholeOf = ({ researchMillis, synthesisMillis }: Parts): number => researchMillis + synthesisMillis
const medianOf = (runs: ReadonlyArray<Parts>, part: (run: Parts) => number): number => Results.medianOf(runs.map(part))
const research = ({ researchMillis }: Parts): number => researchMillis
const synthesis = ({ synthesisMillis }: Parts): number => synthesisMillis

/** Medians of the runs, and what follows from them. */
export const figuresOf = ({ askMillis, parallel, sequential, synthesisMillis }: Case): Figures => {
  const sequentialMillis = medianOf(sequential, wholeOf)
  const parallelMillis = medianOf(parallel, wholeOf)
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

const whole = (millis: number): string => millis.toFixed(0)
const seconds = (millis: number): string => (millis / 1000).toFixed(2)
const times = (ratio: number): string => `${ratio.toFixed(1)} ×`

/** The whole run. */
export const rowOf = (one: Case): Table.Row => {
  const figures = figuresOf(one)
  const spread = Results.spreadOf(one.parallel.map(wholeOf))
  return {
    latency: one.latency,
    asks: one.askMillis.length,
    "sequential ms": whole(figures.sequentialMillis),
    "parallel ms": whole(figures.parallelMillis),
    min: whole(spread.min),
    max: whole(spread.max),
    n: spread.n,
    "ideal ms": whole(figures.idealMillis),
    "own ms": (figures.parallelMillis - figures.idealMillis).toFixed(1),
    "speed-up": times(figures.speedup),
    "ideal speed-up": times(figures.idealSpeedup),
    "% of ideal": figures.percentOfIdeal.toFixed(1)
  }
}

/** Research and synthesis apart: only the first can be sped up. */
export const partsRowOf = (one: Case): Table.Row => {
  const { amdahl, researchSpeedup, speedup } = figuresOf(one)
  return {
    latency: one.latency,
    asks: one.askMillis.length,
    "research, sequential ms": whole(medianOf(one.sequential, research)),
    "research, parallel ms": whole(medianOf(one.parallel, research)),
    "research speed-up": times(researchSpeedup),
    "synthesis ms": whole(medianOf(one.parallel, synthesis)),
    "speed-up of all": times(speedup),
    "Amdahl's limit": times(amdahl)
  }
}

/** What a reader of the README wants. */
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

/** Measured speed-up beside that of the simulated times alone. */
export const plotOf = (cases: ReadonlyArray<Case>): Plot.Plot => ({
  title: "How much does asking in parallel buy?",
  subtitle:
    "asks and one synthesis, all asks at once, beside one after another; the synthesis is the part that stays serial",
  x: { label: "asks", scale: "category" },
  y: { label: "times as fast as one after another", scale: "linear" },
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
