/** Is this commit slower than an earlier one? Two results of one question, arm by arm. */
import { readFileSync } from "node:fs"
import { Effect, Random, Schema } from "effect"
import * as Results from "./Results.ts"
import type * as Table from "./Table.ts"

/** Median of the newer runs ÷ median of the older: above 1 is slower. The spread holds 95 % of the resampled ratios. */
export interface Ratio {
  readonly arm: string
  readonly ratio: number
  readonly low: number
  readonly high: number
  readonly verdict: "slower" | "faster" | "the same, as far as can be told" | "too few runs to tell"
}

export interface Comparison {
  readonly ratios: ReadonlyArray<Ratio>
  /** What else is not the same: a ratio may be due to it. */
  readonly differences: ReadonlyArray<string>
}

/** Below this many runs in each result, chance alone puts all of one above all of the other too often. */
const fewestRuns = 4

/** A ratio nearer to 1 is no verdict: two results of one commit on one machine differ by a few per cent. */
const leastEffect = 0.05

const resamples = 2000

/** Reads a result file. Throws an error that names the file and what is wrong with it. */
export const read = (file: string): Results.Stored => {
  const wrong = (what: string) =>
    new Error(`${file}: ${what}. Give the JSON file of an earlier run, such as bench/results/concurrency.json`)
  let text: string
  try {
    text = readFileSync(file, "utf8")
  } catch (cause) {
    throw wrong(`cannot be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`)
  }
  try {
    return Schema.decodeSync(Schema.fromJsonString(Results.Stored))(text)
  } catch {
    throw wrong(`is not the result of a benchmark in format ${Results.formatVersion}`)
  }
}

/** Compares two results of one question. The same results give the same spread. */
export const compare = (older: Results.Stored, newer: Results.Stored): Comparison => ({
  ratios: Object.keys(older.samples)
    .filter((arm) => arm in newer.samples)
    .map((arm) => ratioOf(arm, older.samples[arm]!, newer.samples[arm]!)),
  differences: differencesOf(older, newer)
})

/** The comparison as rows of a table. */
export const rowsOf = ({ ratios }: Comparison): ReadonlyArray<Table.Row> =>
  ratios.map(({ arm, high, low, ratio, verdict }) => ({
    arm,
    "new ÷ old": ratio.toFixed(3),
    from: low.toFixed(3),
    to: high.toFixed(3),
    verdict
  }))

/** How the rows are to be read. */
export const legend =
  "Medians, with the 95 % interval of their ratio when the runs of each result are drawn again (bootstrap). It knows the " +
  `spread within a result only, so that less than ${leastEffect * 100} % is no verdict; two results of one commit may differ by more.`

/** The median of as many samples, each drawn from all of them. `next` gives numbers from 0 to 1. */
const drawMedian = (samples: ReadonlyArray<number>, next: () => number): number =>
  Results.medianOf(samples.map(() => samples[Math.floor(next() * samples.length)]!))

const ratioOf = (arm: string, older: ReadonlyArray<number>, newer: ReadonlyArray<number>): Ratio => {
  const random = Effect.runSync(Random.Random.pipe(Random.withSeed(arm)))
  const next = () => random.nextDoubleUnsafe()
  const drawn = Array.from({ length: resamples }, () => drawMedian(newer, next) / drawMedian(older, next))
  const sorted = drawn.toSorted((a, b) => a - b)
  const low = sorted[Math.floor(resamples * 0.025)]!
  const high = sorted[Math.ceil(resamples * 0.975) - 1]!
  const ratio = Results.medianOf(newer) / Results.medianOf(older)
  return { arm, ratio, low, high, verdict: verdictOf({ ratio, low, high }, Math.min(older.length, newer.length)) }
}

const verdictOf = ({ high, low, ratio }: Pick<Ratio, "high" | "low" | "ratio">, runs: number): Ratio["verdict"] => {
  if (runs < fewestRuns) return "too few runs to tell"
  if (low > 1 && ratio >= 1 + leastEffect) return "slower"
  return high < 1 && ratio <= 1 / (1 + leastEffect) ? "faster" : "the same, as far as can be told"
}

const differencesOf = (older: Results.Stored, newer: Results.Stored): ReadonlyArray<string> => {
  const packages = [...new Set([...Object.keys(older.versions), ...Object.keys(newer.versions)])]
  return [
    ...said("question", older.name, newer.name),
    ...said("thoroughness", older.isQuick ? "quick" : "full", newer.isQuick ? "quick" : "full"),
    ...said("seed", older.seed, newer.seed),
    ...said("machine", machineOf(older), machineOf(newer)),
    ...packages.flatMap((name) => said(name, older.versions[name] ?? "absent", newer.versions[name] ?? "absent")),
    ...onlyIn(older, newer).map((arm) => `only in the older result: ${arm}`),
    ...onlyIn(newer, older).map((arm) => `only in the newer result: ${arm}`)
  ]
}

const said = (what: string, before: string | number, now: string | number): ReadonlyArray<string> =>
  before === now ? [] : [`${what}: ${before} before, ${now} now`]

const machineOf = ({ machine: { cores, cpu, memoryBytes, platform } }: Results.Stored): string =>
  `${cpu}, ${cores} cores, ${(memoryBytes / 2 ** 30).toFixed(0)} GiB, ${platform}`

const onlyIn = (one: Results.Stored, other: Results.Stored): ReadonlyArray<string> =>
  Object.keys(one.samples).filter((arm) => !(arm in other.samples))
