/** Compares fanfold with the SDK that it calls: wall time of a burst, CPU time of a reply; gives tables and samples. */
import { measure } from "../harness/Fresh.ts"
import { bursts, deltas, latencies, type SdkMeasured } from "./SdkProbe.ts"
import * as Results from "../harness/Results.ts"
import { shuffledRounds } from "../harness/Shuffle.ts"
import type { Row } from "../harness/Table.ts"

const arms = ["fanfold", "SDK"] as const
type Measurements = Readonly<Record<(typeof arms)[number], ReadonlyArray<SdkMeasured>>>

/** Measures both in a fresh process per round, in shuffled order. */
export const run = async (rounds: number, seed: number): Promise<Measurements> => {
  const measurements = { fanfold: new Array<SdkMeasured>(), SDK: new Array<SdkMeasured>() }
  for (const arm of shuffledRounds(arms, rounds, seed).flat()) {
    Results.progress(`${arm} over an injected fetch`)
    measurements[arm].push(await measure("overhead/SdkProbe.ts", arm, ...(Results.isQuick ? ["--quick"] : [])))
  }
  return measurements
}

/** One figure; `maxRatio` is the target of fanfold's figure ÷ the SDK's. */
interface Case {
  readonly name: string
  readonly digits: number
  readonly maxRatio: number
  readonly samplesOf: (measured: SdkMeasured) => ReadonlyArray<number>
}

const cases: ReadonlyArray<Case> = [
  ...latencies.flatMap((latency) =>
    bursts.map((asks): Case => ({
      name: `wall ms, ${asks} asks, ${latency} ms latency`,
      digits: 2,
      maxRatio: 1.05,
      samplesOf: (measured) =>
        measured.bursts
          .filter((burst) => burst.asks === asks && burst.latencyMillis === latency)
          .flatMap(({ millis }) => millis)
    }))
  ),
  { name: "CPU ms a plain reply", digits: 3, maxRatio: 1.05, samplesOf: ({ cpu }) => cpu.plain },
  { name: `CPU ms a streamed reply, ${deltas} deltas`, digits: 3, maxRatio: 1, samplesOf: ({ cpu }) => cpu.stream }
]

const cellOf = (samples: ReadonlyArray<number>, digits: number): string => {
  const { max, median, min, n } = Results.spreadOf(samples)
  return `${median.toFixed(digits)} (${min.toFixed(digits)}-${max.toFixed(digits)}, n ${n})`
}

export const rowsOf = (measurements: Measurements): ReadonlyArray<Row> =>
  cases.map(({ digits, maxRatio, name, samplesOf }) => {
    const [fanfold, sdk] = [measurements.fanfold.flatMap(samplesOf), measurements.SDK.flatMap(samplesOf)]
    const ratio = Results.medianOf(fanfold) / Results.medianOf(sdk)
    return {
      figure: name,
      fanfold: cellOf(fanfold, digits),
      SDK: cellOf(sdk, digits),
      ratio: ratio.toFixed(2),
      target: `<= ${maxRatio.toFixed(2)}`,
      met: ratio <= maxRatio ? "yes" : "no"
    }
  })

export const samplesOf = (measurements: Measurements): Readonly<Record<string, ReadonlyArray<number>>> =>
  Object.fromEntries(
    cases.flatMap(({ name, samplesOf }) => arms.map((arm) => [`${arm}, ${name}`, measurements[arm].flatMap(samplesOf)]))
  )
