/** fanfold beside the SDK it calls, as tables and samples: how long a burst takes, and what a reply costs. */
import { measure } from "../harness/Fresh.ts"
import { bursts, deltas, latencies, type SdkMeasured } from "./SdkProbe.ts"
import * as Results from "../harness/Results.ts"
import { shuffledRounds } from "../harness/Shuffle.ts"
import type { Row } from "../harness/Table.ts"

const arms = ["fanfold", "SDK"] as const
type Found = Readonly<Record<(typeof arms)[number], ReadonlyArray<SdkMeasured>>>

/** Measures both in fresh processes, in shuffled order. */
export const run = async (rounds: number, seed: number): Promise<Found> => {
  const found = { fanfold: new Array<SdkMeasured>(), SDK: new Array<SdkMeasured>() }
  for (const arm of shuffledRounds(arms, rounds, seed).flat()) {
    Results.progress(`${arm} over an injected fetch`)
    found[arm].push(await measure("overhead/SdkProbe.ts", arm, ...(Results.isQuick ? ["--quick"] : [])))
  }
  return found
}

/** A question to both; `most` is how many times the SDK's figure fanfold's may be. */
interface Case {
  readonly name: string
  readonly digits: number
  readonly most: number
  readonly samplesOf: (measured: SdkMeasured) => ReadonlyArray<number>
}

const cases: ReadonlyArray<Case> = [
  ...latencies.flatMap((latency) =>
    bursts.map((asks): Case => ({
      name: `wall ms, ${asks} asks, ${latency} ms latency`,
      digits: 2,
      most: 1.05,
      samplesOf: (measured) =>
        measured.bursts
          .filter((burst) => burst.asks === asks && burst.latencyMillis === latency)
          .flatMap(({ millis }) => millis)
    }))
  ),
  { name: "CPU ms a plain reply", digits: 3, most: 1.05, samplesOf: ({ cpu }) => cpu.plain },
  { name: `CPU ms a streamed reply, ${deltas} deltas`, digits: 3, most: 1, samplesOf: ({ cpu }) => cpu.stream }
]

const cellOf = (samples: ReadonlyArray<number>, digits: number): string => {
  const { max, median, min, n } = Results.spreadOf(samples)
  return `${median.toFixed(digits)} (${min.toFixed(digits)}-${max.toFixed(digits)}, n ${n})`
}

export const rowsOf = (found: Found): ReadonlyArray<Row> =>
  cases.map(({ digits, most, name, samplesOf }) => {
    const [own, others] = [found.fanfold.flatMap(samplesOf), found.SDK.flatMap(samplesOf)]
    const ratio = Results.medianOf(own) / Results.medianOf(others)
    return {
      figure: name,
      fanfold: cellOf(own, digits),
      SDK: cellOf(others, digits),
      ratio: ratio.toFixed(2),
      target: `<= ${most.toFixed(2)}`,
      met: ratio <= most ? "yes" : "no"
    }
  })

export const samplesOf = (found: Found): Readonly<Record<string, ReadonlyArray<number>>> =>
  Object.fromEntries(
    cases.flatMap(({ name, samplesOf }) => arms.map((arm) => [`${arm}, ${name}`, found[arm].flatMap(samplesOf)]))
  )
