/** Measures what an ask costs each contender; gives tables, samples and a plot. */
import { measure } from "../harness/Fresh.ts"
import { exponentOf } from "../harness/Growth.ts"
import { contenders } from "./Contender.ts"
import { type Measured, sizes, type Way, ways } from "./Probe.ts"
import type { Plot } from "../harness/Plot.ts"
import * as Results from "../harness/Results.ts"
import { shuffledRounds } from "../harness/Shuffle.ts"
import type { Row } from "../harness/Table.ts"

/** Targets: microseconds per ask by contender, exponent of growth, heap bytes per waiting ask. */
const maxMicros: Readonly<Record<string, number>> = {
  "fanfold: Ask + Research": 25,
  "fanfold: whole default stack": 60,
  "fanfold: stack, all in flight": 60
}
export const maxExponent = 1.05
export const maxBytes = 10_000

/** Smallest number of asks that targets apply to: below, the fixed cost of a run exceeds that of its asks. */
export const minJudgedSize = 100

/** Samples of an arm that are written to the result file at most. */
const maxKeptSamples = 60

/** What each process of a contender measured, by contender. */
type Measurements = ReadonlyMap<string, ReadonlyArray<Measured>>

/** Measures every contender in a fresh process per round, in shuffled order. */
export const run = async (rounds: number, seed: number): Promise<Measurements> => {
  const names = contenders.map(({ name }) => name)
  const measurements = new Map<string, Array<Measured>>(names.map((name) => [name, []]))
  const order = shuffledRounds(names, rounds, seed).flat()
  for (const [index, name] of order.entries()) {
    Results.progress(`${index + 1} of ${order.length}: ${name}`)
    measurements.get(name)!.push(await measure("overhead/Probe.ts", name, ...(Results.isQuick ? ["--quick"] : [])))
  }
  return measurements
}

const timesOf = (
  measurements: Measurements,
  name: string,
  { answering, concurrency }: Way,
  asks: number
): ReadonlyArray<number> =>
  measurements
    .get(name)!
    .flatMap(({ times }) => times)
    .filter((time) => time.asks === asks && time.answering === answering && time.concurrency === concurrency)
    .flatMap(({ millis }) => millis)

const bytesOf = (measurements: Measurements, name: string, asks: number): ReadonlyArray<number> =>
  measurements
    .get(name)!
    .flatMap(({ waiting }) => waiting)
    .filter((one) => one.asks === asks)
    .map(({ bytes }) => bytes)

type Points = ReadonlyArray<readonly [asks: number, figure: number]>

/** Median microseconds per ask; sizes that were not measured are left out. */
const microsOf = (measurements: Measurements, name: string, way: Way): Points =>
  sizes.flatMap((asks) => {
    const millis = timesOf(measurements, name, way, asks)
    return millis.length === 0 ? [] : [[asks, (Results.medianOf(millis) * 1000) / asks] as const]
  })

const waitingOf = (measurements: Measurements, name: string): Points =>
  sizes.flatMap((asks) => {
    const bytes = bytesOf(measurements, name, asks)
    return bytes.length === 0 ? [] : [[asks, Results.medianOf(bytes)] as const]
  })

const judged = (points: Points): Points => points.filter(([asks]) => asks >= minJudgedSize)
const maxOf = (points: Points): number => Math.max(...judged(points).map(([, figure]) => figure))

/** The exponent of the growth of a run's total time with its number of asks. */
const exponentOfRuns = (points: Points): number => exponentOf(judged(points).map(([asks, us]) => [asks, us * asks]))

/** The way in which all asks wait at the same time: heap bytes are judged there only, and the plot shows it. */
const isAllInFlight = ({ answering, concurrency }: Way): boolean => answering === "later" && concurrency === undefined

const nameOf = ({ answering, concurrency }: Way): string =>
  concurrency === undefined ? answering : `${answering}, ${concurrency} in flight`

const verdictOf = (measurements: Measurements, name: string, way: Way): Row => {
  const limit = maxMicros[name]
  if (limit === undefined) return {}
  const micros = microsOf(measurements, name, way)
  const bytes = isAllInFlight(way) ? maxOf(waitingOf(measurements, name)) : 0
  const missed = [
    ...(maxOf(micros) > limit ? [`${maxOf(micros).toFixed(0)} us`] : []),
    ...(exponentOfRuns(micros) > maxExponent ? ["exponent"] : []),
    ...(bytes >= maxBytes ? ["bytes"] : [])
  ]
  return { "us target": `<= ${limit}`, met: missed.length === 0 ? "yes" : `no: ${missed.join(", ")}` }
}

const label = (asks: number): string => `${asks.toLocaleString("en-US")} asks`

const arms = ways.flatMap((way) =>
  contenders
    .filter(({ isLimitable }) => isLimitable || way.concurrency === undefined)
    .map(({ name }) => ({ name, way }))
)

export const rowsOf = (measurements: Measurements): ReadonlyArray<Row> =>
  arms.map(({ name, way }) => {
    const micros = microsOf(measurements, name, way)
    return {
      contender: name,
      answers: nameOf(way),
      ...Object.fromEntries(sizes.map((asks) => [label(asks), ""])),
      ...Object.fromEntries(micros.map(([asks, us]) => [label(asks), us.toFixed(us < 10 ? 2 : 1)])),
      exponent: exponentOfRuns(micros).toFixed(3),
      ...verdictOf(measurements, name, way)
    }
  })

/** Minimum, maximum and number of the runs behind each median of `rowsOf`. */
export const spreadsOf = (measurements: Measurements): ReadonlyArray<Row> =>
  arms.map(({ name, way }) => {
    const cells = sizes.map((asks) => {
      const { max, min, n } = Results.spreadOf(timesOf(measurements, name, way, asks).map((ms) => (ms * 1000) / asks))
      return [label(asks), n === 0 ? "" : `${min.toFixed(1)}-${max.toFixed(1)}, n ${n}`]
    })
    return { contender: name, answers: nameOf(way), ...Object.fromEntries(cells) }
  })

export const waitingRowsOf = (measurements: Measurements): ReadonlyArray<Row> =>
  contenders.map(({ name }) => {
    const bytes = waitingOf(measurements, name)
    return {
      contender: name,
      ...Object.fromEntries(bytes.map(([asks, each]) => [label(asks), each.toFixed(0)])),
      ...(name in maxMicros && { target: `< ${maxBytes}`, met: maxOf(bytes) < maxBytes ? "yes" : "no" })
    }
  })

/** At most `maxKeptSamples` of the samples, at even ranks, with minimum and maximum. */
const thinned = (samples: ReadonlyArray<number>): ReadonlyArray<number> => {
  const sorted = samples.toSorted((a, b) => a - b)
  const last = sorted.length - 1
  if (last < maxKeptSamples) return sorted
  return Array.from({ length: maxKeptSamples }, (_, n) => sorted[Math.round((n * last) / (maxKeptSamples - 1))]!)
}

export const samplesOf = (measurements: Measurements): Readonly<Record<string, ReadonlyArray<number>>> =>
  Object.fromEntries([
    ...arms.flatMap(({ name, way }) =>
      sizes.flatMap((asks) => {
        const millis = timesOf(measurements, name, way, asks)
        return millis.length === 0 ? [] : [[`${name}, ${nameOf(way)}, ${asks} asks`, thinned(millis)] as const]
      })
    ),
    ...contenders.flatMap(({ name }) =>
      waitingOf(measurements, name).map(
        ([asks]) => [`${name}, bytes, ${asks} asks waiting`, bytesOf(measurements, name, asks)] as const
      )
    )
  ])

export const plotOf = (measurements: Measurements): Plot => ({
  title: "What one ask costs in addition to the call itself",
  subtitle: "Claude answers after a macrotask, all asks are in flight; a fresh process for each line",
  x: { label: "asks", scale: "log" },
  y: { label: "microseconds per ask, median", scale: "log" },
  series: arms
    .filter(({ way }) => isAllInFlight(way))
    .map(({ name, way }) => ({
      name,
      kind: "line",
      points: microsOf(measurements, name, way),
      dashed: !(name in maxMicros)
    }))
})
