/** The cases of `end-to-end`: the latency of each question, and how many run at once. */
import { Effect, Random } from "effect"
import type { Protocol } from "../harness/Loopback.ts"
import * as Makespan from "../harness/Makespan.ts"

/** The cost of one run: CPU per call, peak memory of the process until the end of the run. */
export interface Cost {
  readonly wallMillis: number
  readonly cpuMillis: number
  readonly peakMegabytes: number
}

/** Maximum of fanfold's wall time ÷ ideal, in the first and the second run; and ÷ SDK + Promise.all, of each cost. */
export interface Targets {
  readonly ideal?: number
  readonly secondIdeal?: number
  readonly wall?: number
  readonly cpu?: number
  readonly peak?: number
}

export interface Case {
  readonly name: string
  /** Latency of each question. */
  readonly millis: ReadonlyArray<number>
  readonly inFlight: number
  /** Fresh processes of each contender, and runs in each process. */
  readonly rounds: number
  readonly runs: number
  /** Without it, the case runs over both. */
  readonly only?: Protocol
  readonly targets: { readonly [protocol in Protocol]?: Targets }
}

/** The exact greedy schedule of the latencies. */
export const idealMillisOf = ({ inFlight, millis }: Case): number => Makespan.makespan(millis, inFlight)

const constant = (n: number, millis: number): ReadonlyArray<number> => Array.from({ length: n }, () => millis)

/** Lognormal latencies; the same for the same seed. */
const lognormal = (n: number, median: number, sigma: number, seed: number): ReadonlyArray<number> => {
  const normal = Effect.all([Random.next, Random.next]).pipe(
    Effect.map(([a, b]) => Math.sqrt(-2 * Math.log(1 - a)) * Math.cos(2 * Math.PI * b))
  )
  const times = Effect.all(Array.from({ length: n }, () => normal)).pipe(Random.withSeed(String(seed)))
  return Effect.runSync(times).map((each) => Math.round(median * Math.exp(sigma * each)))
}

/** The cases of a full run. */
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
    millis: constant(10, 300),
    inFlight: 10,
    rounds: 5,
    runs: 1,
    targets: { "HTTP/1.1": { ideal: 1.08 } }
  },
  {
    name: "100 asks of 300 ms",
    millis: constant(100, 300),
    inFlight: 100,
    rounds: 5,
    runs: 1,
    targets: { "HTTP/1.1": { ideal: 1.12 } }
  },
  {
    name: "1,000 asks of 300 ms",
    millis: constant(1000, 300),
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
    millis: constant(5000, 300),
    inFlight: 256,
    rounds: 3,
    runs: 1,
    targets: { "HTTP/1.1": { cpu: 0.55, peak: 0.8 }, "TLS, HTTP/2": { cpu: 0.3 } }
  }
]

/** The cases of a quick run, one round each. */
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
