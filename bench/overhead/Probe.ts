/** Measures one contender in this process and prints `Measured` as JSON: `node bench/overhead/Probe.ts NAME [--quick]`. */
import { Bench } from "tinybench"
import { type Answering, contenders, release } from "./Contender.ts"
import { isQuick, samplesOf } from "../harness/Results.ts"

/** `concurrency` is `undefined` for unbounded; JSON has no infinity. */
export interface Way {
  readonly answering: Answering
  readonly concurrency: number | undefined
}

export interface Measured {
  /** Milliseconds of every run of `asks` asks. */
  readonly times: ReadonlyArray<Way & { readonly asks: number; readonly millis: ReadonlyArray<number> }>
  /** Bytes of heap per ask while `asks` asks wait. */
  readonly waiting: ReadonlyArray<{ readonly asks: number; readonly bytes: number }>
}

export const sizes = [10, 100, 1000, 10_000, 100_000] as const

export const ways: ReadonlyArray<Way> = [
  { answering: "at once", concurrency: undefined },
  { answering: "later", concurrency: undefined },
  { answering: "later", concurrency: 32 }
]

const [name] = process.argv.slice(2)
const contender = contenders.find((one) => one.name === name)

/** Asks that are timed for each size, approximately: at least one run, at most `maxRuns`. */
const timedAsks = isQuick ? 10_000 : 25_000
const maxRuns = isQuick ? 50 : 100
const runsOf = (asks: number): number => Math.min(maxRuns, Math.ceil(timedAsks / asks))

/** Runs of 100 asks before the first timed one, so that the code is compiled. */
const warmUpRuns = isQuick ? 20 : 100

/** 100,000 asks are measured only in the ways without a limit, in a quick run only where the asks wait. */
const isMeasured = (asks: number, { answering, concurrency }: Way): boolean =>
  asks < 100_000 || (concurrency === undefined && (answering === "later" || !isQuick))

const questionsOf = (asks: number): ReadonlyArray<string> => Array.from({ length: asks }, (_, n) => `Question ${n}?`)

/** Bytes of heap in use, once two collections differ by at most 0.1 %: by then every ask that can start has started. */
const settledHeap = async (): Promise<number> => {
  let before = Number.NaN
  for (;;) {
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
    await globalThis.gc!({ execution: "async", type: "major" })
    const { heapUsed } = process.memoryUsage()
    if (Math.abs(heapUsed - before) <= heapUsed * 0.001) return heapUsed
    before = heapUsed
  }
}

/** Bytes of heap per waiting ask. Of small runs several wait at the same time, at least 2,000 asks in all. */
const bytesWaiting = async (asks: number): Promise<number> => {
  const questions = questionsOf(asks)
  const runCount = Math.max(1, Math.ceil(2000 / asks))
  const runs = Array.from({ length: runCount }, () => contender!.prepare(questions, "held", Number.POSITIVE_INFINITY))
  const before = await settledHeap()
  const waiting = Promise.all(runs.map((run) => run()))
  const bytes = (await settledHeap()) - before
  await release(waiting)
  return bytes / (asks * runCount)
}

if (contender !== undefined) {
  const times: Array<Measured["times"][number]> = []
  for (const way of ways) {
    if (way.concurrency !== undefined && !contender.isLimitable) continue
    const runOf = (asks: number) =>
      contender.prepare(questionsOf(asks), way.answering, way.concurrency ?? Number.POSITIVE_INFINITY)
    const warmUp = runOf(100)
    for (let run = 0; run < warmUpRuns; run++) await warmUp()
    for (const asks of sizes.filter((asks) => isMeasured(asks, way))) {
      const iterations = runsOf(asks)
      const bench = new Bench({ time: 0, iterations, warmup: false, throws: true, retainSamples: true })
      bench.add(contender.name, runOf(asks), { async: true })
      await globalThis.gc!({ execution: "async", type: "major" })
      await bench.run()
      times.push({ ...way, asks, millis: bench.tasks.flatMap(samplesOf) })
    }
  }
  const waiting: Array<Measured["waiting"][number]> = []
  for (const asks of sizes.filter((asks) => !isQuick || asks < 100_000)) {
    waiting.push({ asks, bytes: await bytesWaiting(asks) })
  }
  console.log(JSON.stringify({ times, waiting } satisfies Measured))
}
