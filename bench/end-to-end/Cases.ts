/** What `end-to-end` asks: how many questions, how many of them at once, and how long each takes. */
import { Effect, Random } from "effect"
import * as Makespan from "../harness/Makespan.ts"

/** What one run took; CPU is per call, the peak that of the process until its end. */
export interface Taken {
  readonly wallMillis: number
  readonly cpuMillis: number
  readonly peakMegabytes: number
}

/** So high that they bind nothing: the server tells them, and fanfold is told them where its row says so. */
export const unboundLimits = { rpm: 10_000_000, itpm: 10_000_000_000, otpm: 10_000_000_000 }

export type Protocol = "HTTP/1.1" | "TLS, HTTP/2"

/** How much of the ideal, or of SDK + Promise.all, fanfold may take. */
export interface Targets {
  readonly ideal?: number
  readonly secondIdeal?: number
  readonly wall?: number
  readonly cpu?: number
  readonly peak?: number
}

export interface Case {
  readonly name: string
  readonly millis: ReadonlyArray<number>
  readonly inFlight: number
  /** Fresh processes for each contender, and runs in each of them. */
  readonly rounds: number
  readonly runs: number
  /** Where not over both. */
  readonly only?: Protocol
  readonly targets: { readonly [protocol in Protocol]?: Targets }
}

/** The ideal: the exact greedy schedule of the questions' times. */
export const idealMillisOf = ({ inFlight, millis }: Case): number => Makespan.makespan(millis, inFlight)

const always = (n: number, millis: number): ReadonlyArray<number> => Array.from({ length: n }, () => millis)

/** Times around a median, with a tail to the right; the same for the same seed. */
const lognormal = (n: number, median: number, sigma: number, seed: number): ReadonlyArray<number> => {
  const normal = Effect.all([Random.next, Random.next]).pipe(
    Effect.map(([a, b]) => Math.sqrt(-2 * Math.log(1 - a)) * Math.cos(2 * Math.PI * b))
  )
  const times = Effect.all(Array.from({ length: n }, () => normal)).pipe(Random.withSeed(String(seed)))
  return Effect.runSync(times).map((each) => Math.round(median * Math.exp(sigma * each)))
}

/** All that is asked. */
export const casesOf = (seed: number): ReadonlyArray<Case> => [
  {
    name: "3 asks of 800 to 1200 ms",
    millis: [800, 1000, 1200],
    inFlight: 3,
    rounds: 3,
    runs: 1,
    targets: { "HTTP/1.1": { ideal: 1.02 } }
  },
  {
    name: "10 asks of 300 ms",
    millis: always(10, 300),
    inFlight: 10,
    rounds: 5,
    runs: 1,
    targets: { "HTTP/1.1": { ideal: 1.08 } }
  },
  {
    name: "100 asks of 300 ms",
    millis: always(100, 300),
    inFlight: 100,
    rounds: 5,
    runs: 1,
    targets: { "HTTP/1.1": { ideal: 1.12 } }
  },
  {
    name: "1,000 asks of 300 ms",
    millis: always(1000, 300),
    inFlight: 1000,
    rounds: 5,
    runs: 2,
    targets: { "HTTP/1.1": { ideal: 1.7, secondIdeal: 1.4 }, "TLS, HTTP/2": { wall: 0.45, cpu: 0.45 } }
  },
  {
    name: "1,000 asks, lognormal around 100 ms, 32 at once",
    millis: lognormal(1000, 100, 0.5, seed),
    inFlight: 32,
    rounds: 3,
    runs: 1,
    only: "HTTP/1.1",
    targets: {}
  },
  {
    name: "5,000 asks of 300 ms, 256 at once",
    millis: always(5000, 300),
    inFlight: 256,
    rounds: 3,
    runs: 1,
    targets: { "HTTP/1.1": { cpu: 0.65, peak: 0.8 } }
  }
]

/** A part of it, once. */
export const quickCasesOf = (seed: number): ReadonlyArray<Case> => {
  const names = new Set(["3 asks of 800 to 1200 ms", "100 asks of 300 ms", "1,000 asks of 300 ms"])
  const cases = casesOf(seed).filter(({ name }) => names.has(name))
  return cases.map(({ inFlight, millis, name, runs, targets }) => ({
    name,
    millis,
    inFlight,
    rounds: 1,
    runs,
    targets
  }))
}
