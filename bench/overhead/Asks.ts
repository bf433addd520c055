/** What an ask costs each contender, as a table, samples and a plot. */
import { measure } from "../harness/Fresh.ts"
import { exponentOf } from "../harness/Growth.ts"
import { contenders } from "./Contender.ts"
import { type Measured, sizes, type Way, ways } from "./Probe.ts"
import type { Plot } from "../harness/Plot.ts"
import * as Results from "../harness/Results.ts"
import { shuffledRounds } from "../harness/Shuffle.ts"
import type { Row } from "../harness/Table.ts"

/** Microseconds for an ask, by contender. */
export const mostMicros: Readonly<Record<string, number>> = {
  "fanfold: Ask + Research": 25,
  "fanfold: whole default stack": 60,
  "fanfold: stack, all in flight": 60
}
export const mostExponent = 1.05
export const mostBytes = 10_000

/** Below this size, what a run costs once is more than what its asks cost. */
export const smallestJudged = 100

/** The result file holds up to this many samples of an arm. */
const keptSamples = 60

type Found = ReadonlyMap<string, ReadonlyArray<Measured>>

/** Measures every contender in fresh processes, in shuffled order. */
export const run = async (rounds: number, seed: number): Promise<Found> => {
  const names = contenders.map(({ name }) => name)
  const found = new Map<string, Array<Measured>>(names.map((name) => [name, []]))
  const order = shuffledRounds(names, rounds, seed).flat()
  for (const [index, name] of order.entries()) {
    Results.progress(`${index + 1} of ${order.length}: ${name}`)
    found.get(name)!.push(await measure("overhead/Probe.ts", name, ...(Results.isQuick ? ["--quick"] : [])))
  }
  return found
}

const timesOf = (found: Found, name: string, { answering, concurrency }: Way, asks: number): ReadonlyArray<number> =>
  found
    .get(name)!
    .flatMap(({ times }) => times)
    .filter((time) => time.asks === asks && time.answering === answering && time.concurrency === concurrency)
    .flatMap(({ millis }) => millis)

const bytesOf = (found: Found, name: string, asks: number): ReadonlyArray<number> =>
  found
    .get(name)!
    .flatMap(({ waiting }) => waiting)
    .filter((one) => one.asks === asks)
    .map(({ bytes }) => bytes)

type Points = ReadonlyArray<readonly [asks: number, figure: number]>

/** Median microseconds for an ask; sizes that were not measured are left out. */
const microsOf = (found: Found, name: string, way: Way): Points =>
  sizes.flatMap((asks) => {
    const millis = timesOf(found, name, way, asks)
    return millis.length === 0 ? [] : [[asks, (Results.medianOf(millis) * 1000) / asks] as const]
  })

const waitingOf = (found: Found, name: string): Points =>
  sizes.flatMap((asks) => {
    const bytes = bytesOf(found, name, asks)
    return bytes.length === 0 ? [] : [[asks, Results.medianOf(bytes)] as const]
  })

const judged = (points: Points): Points => points.filter(([asks]) => asks >= smallestJudged)
const mostOf = (points: Points): number => Math.max(...judged(points).map(([, figure]) => figure))

/** Of the time of a whole run over its number of asks. */
const exponentOfRuns = (points: Points): number => exponentOf(judged(points).map(([asks, us]) => [asks, us * asks]))

/** Bytes are weighed once for a contender: while all its asks wait. */
const isWeighed = ({ answering, concurrency }: Way): boolean => answering === "later" && concurrency === undefined

const nameOf = ({ answering, concurrency }: Way): string =>
  concurrency === undefined ? answering : `${answering}, ${concurrency} in flight`

const verdictOf = (found: Found, name: string, way: Way): Row => {
  const limit = mostMicros[name]
  if (limit === undefined) return {}
  const micros = microsOf(found, name, way)
  const bytes = isWeighed(way) ? mostOf(waitingOf(found, name)) : 0
  const missed = [
    ...(mostOf(micros) > limit ? [`${mostOf(micros).toFixed(0)} us`] : []),
    ...(exponentOfRuns(micros) > mostExponent ? ["exponent"] : []),
    ...(bytes >= mostBytes ? ["bytes"] : [])
  ]
  return { "us target": `<= ${limit}`, met: missed.length === 0 ? "yes" : `no: ${missed.join(", ")}` }
}

const label = (asks: number): string => `${asks.toLocaleString("en-US")} asks`

const arms = ways.flatMap((way) =>
  contenders
    .filter(({ isLimitable }) => isLimitable || way.concurrency === undefined)
    .map(({ name }) => ({ name, way }))
)

export const rowsOf = (found: Found): ReadonlyArray<Row> =>
  arms.map(({ name, way }) => {
    const micros = microsOf(found, name, way)
    return {
      contender: name,
      answers: nameOf(way),
      ...Object.fromEntries(sizes.map((asks) => [label(asks), ""])),
      ...Object.fromEntries(micros.map(([asks, us]) => [label(asks), us.toFixed(us < 10 ? 2 : 1)])),
      exponent: exponentOfRuns(micros).toFixed(3),
      ...verdictOf(found, name, way)
    }
  })

/** Least, most and number of the runs behind each median of `rowsOf`. */
export const spreadsOf = (found: Found): ReadonlyArray<Row> =>
  arms.map(({ name, way }) => {
    const cells = sizes.map((asks) => {
      const { max, min, n } = Results.spreadOf(timesOf(found, name, way, asks).map((ms) => (ms * 1000) / asks))
      return [label(asks), n === 0 ? "" : `${min.toFixed(1)}-${max.toFixed(1)}, n ${n}`]
    })
    return { contender: name, answers: nameOf(way), ...Object.fromEntries(cells) }
  })

export const waitingRowsOf = (found: Found): ReadonlyArray<Row> =>
  contenders.map(({ name }) => {
    const bytes = waitingOf(found, name)
    return {
      contender: name,
      ...Object.fromEntries(bytes.map(([asks, each]) => [label(asks), each.toFixed(0)])),
      ...(name in mostMicros && { target: `< ${mostBytes}`, met: mostOf(bytes) < mostBytes ? "yes" : "no" })
    }
  })

/** The extremes are kept, and what is left out comes from between them. */
const thinned = (samples: ReadonlyArray<number>): ReadonlyArray<number> => {
  const sorted = samples.toSorted((a, b) => a - b)
  const last = sorted.length - 1
  if (last < keptSamples) return sorted
  return Array.from({ length: keptSamples }, (_, n) => sorted[Math.round((n * last) / (keptSamples - 1))]!)
}

export const samplesOf = (found: Found): Readonly<Record<string, ReadonlyArray<number>>> =>
  Object.fromEntries([
    ...arms.flatMap(({ name, way }) =>
      sizes.flatMap((asks) => {
        const millis = timesOf(found, name, way, asks)
        return millis.length === 0 ? [] : [[`${name}, ${nameOf(way)}, ${asks} asks`, thinned(millis)] as const]
      })
    ),
    ...contenders.flatMap(({ name }) =>
      waitingOf(found, name).map(
        ([asks]) => [`${name}, bytes, ${asks} asks waiting`, bytesOf(found, name, asks)] as const
      )
    )
  ])

const isPlotted = ({ answering, concurrency }: Way): boolean => answering === "later" && concurrency === undefined

export const plotOf = (found: Found): Plot => ({
  title: "What one ask costs beside the call itself",
  subtitle: "Claude answers after a macrotask, everything is in flight; fresh process for each line",
  x: { label: "asks", scale: "log" },
  y: { label: "microseconds an ask, median", scale: "log" },
  series: arms
    .filter(({ way }) => isPlotted(way))
    .map(({ name, way }) => ({
      name,
      kind: "line",
      points: microsOf(found, name, way),
      dashed: !(name in mostMicros)
    }))
})
