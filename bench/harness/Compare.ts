/** Compares two results of one benchmark arm by arm, to find out if a commit is slower than an earlier one. */
import { readFileSync } from "node:fs"
import { Effect, Random, Schema } from "effect"
import * as Results from "./Results.ts"
import type * as Table from "./Table.ts"

/** Median of the newer runs ÷ median of the older: above 1 is slower. `low` to `high` is its 95 % bootstrap interval. */
export interface Ratio {
  readonly arm: string
  readonly ratio: number
  readonly low: number
  readonly high: number
  readonly verdict: "slower" | "faster" | "the same within the noise" | "too few runs to tell"
}

export interface Comparison {
  readonly ratios: ReadonlyArray<Ratio>
  /** Other differences between the results, such as the machine or a version: a ratio may be due to them. */
  readonly differences: ReadonlyArray<string>
}

/** Runs that a verdict needs in each result: with three, chance alone puts all of one result above all of the other 1 in 10 times. */
const minRuns = 4

/** Smaller differences get no verdict: two results of one commit on one machine differ by a few per cent. */
const minEffect = 0.05

const resampleCount = 2000

/** Reads a result file. Throws an `Error` that names the file and what is wrong with it. */
export const read = (file: string): Results.Stored => {
  const invalid = (problem: string) =>
    new Error(`${file}: ${problem}. Give the JSON file of an earlier run, such as bench/results/concurrency.json`)
  let text: string
  try {
    text = readFileSync(file, "utf8")
  } catch (cause) {
    throw invalid(`cannot be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`)
  }
  try {
    return Schema.decodeSync(Schema.fromJsonString(Results.Stored))(text)
  } catch {
    throw invalid(`is not the result of a benchmark in format ${Results.formatVersion}`)
  }
}

/** Compares two results of one benchmark. Deterministic: resampling is seeded by the arm's name. */
export const compare = (older: Results.Stored, newer: Results.Stored): Comparison => ({
  ratios: Object.keys(older.samples)
    .filter((arm) => arm in newer.samples)
    .map((arm) => ratioOf(arm, older.samples[arm]!, newer.samples[arm]!)),
  differences: differencesOf(older, newer)
})

/** The ratios as rows of a table. */
export const rowsOf = ({ ratios }: Comparison): ReadonlyArray<Table.Row> =>
  ratios.map(({ arm, high, low, ratio, verdict }) => ({
    arm,
    "new ÷ old": ratio.toFixed(3),
    from: low.toFixed(3),
    to: high.toFixed(3),
    verdict
  }))

/** Explains the rows. */
export const legend =
  "Medians, with the 95 % interval of their ratio when the runs of each result are drawn again (bootstrap). It knows the " +
  `spread within a result only, so that less than ${minEffect * 100} % is no verdict; two results of one commit may differ by more.`

/** The median of one bootstrap sample: as many samples, drawn with replacement. `next` gives numbers from 0 to 1. */
const resampledMedian = (samples: ReadonlyArray<number>, next: () => number): number =>
  Results.medianOf(samples.map(() => samples[Math.floor(next() * samples.length)]!))

const ratioOf = (arm: string, older: ReadonlyArray<number>, newer: ReadonlyArray<number>): Ratio => {
  const random = Effect.runSync(Random.Random.pipe(Random.withSeed(arm)))
  const next = () => random.nextDoubleUnsafe()
  const ratios = Array.from(
    { length: resampleCount },
    () => resampledMedian(newer, next) / resampledMedian(older, next)
  )
  const sorted = ratios.toSorted((a, b) => a - b)
  const low = sorted[Math.floor(resampleCount * 0.025)]!
  const high = sorted[Math.ceil(resampleCount * 0.975) - 1]!
  const ratio = Results.medianOf(newer) / Results.medianOf(older)
  return { arm, ratio, low, high, verdict: verdictOf({ ratio, low, high }, Math.min(older.length, newer.length)) }
}

const verdictOf = ({ high, low, ratio }: Pick<Ratio, "high" | "low" | "ratio">, runs: number): Ratio["verdict"] => {
  if (runs < minRuns) return "too few runs to tell"
  if (low > 1 && ratio >= 1 + minEffect) return "slower"
  return high < 1 && ratio <= 1 / (1 + minEffect) ? "faster" : "the same within the noise"
}

const differencesOf = (older: Results.Stored, newer: Results.Stored): ReadonlyArray<string> => {
  const packages = [...new Set([...Object.keys(older.versions), ...Object.keys(newer.versions)])]
  return [
    ...differenceIn("question", older.name, newer.name),
    ...differenceIn("thoroughness", older.isQuick ? "quick" : "full", newer.isQuick ? "quick" : "full"),
    ...differenceIn("seed", older.seed, newer.seed),
    ...differenceIn("machine", machineOf(older), machineOf(newer)),
    ...packages.flatMap((name) =>
      differenceIn(name, older.versions[name] ?? "absent", newer.versions[name] ?? "absent")
    ),
    ...onlyIn(older, newer).map((arm) => `only in the older result: ${arm}`),
    ...onlyIn(newer, older).map((arm) => `only in the newer result: ${arm}`)
  ]
}

const differenceIn = (what: string, before: string | number, after: string | number): ReadonlyArray<string> =>
  before === after ? [] : [`${what}: ${before} before, ${after} now`]

const machineOf = ({ machine: { cores, cpu, memoryBytes, platform } }: Results.Stored): string =>
  `${cpu}, ${cores} cores, ${(memoryBytes / 2 ** 30).toFixed(0)} GiB, ${platform}`

const onlyIn = (one: Results.Stored, other: Results.Stored): ReadonlyArray<string> =>
  Object.keys(one.samples).filter((arm) => !(arm in other.samples))
