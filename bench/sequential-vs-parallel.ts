/**
 * How much does asking in parallel buy, and how near is it to the ideal? fanfold with one ask at a time and with all at once,
 * over simulated latencies that are the same for both; and fanfold compared with the SDK and `Promise.all`.
 */
import * as Fanout from "./harness/Fanout.ts"
import * as Results from "./harness/Results.ts"
import type * as Simulation from "./harness/Simulation.ts"
import * as Speedup from "./harness/Speedup.ts"
import { latencies, planOf, roundsOf, seed, sizes, sonnetSpeed } from "./sequential-vs-parallel/Plans.ts"
import { play, samples, simulatedArm } from "./sequential-vs-parallel/Play.ts"
import * as SdkComparison from "./sequential-vs-parallel/SdkComparison.ts"
import * as Transports from "./sequential-vs-parallel/Transports.ts"

const measure = async (latency: string, asks: number, options: Simulation.Options): Promise<Speedup.Case> => {
  const plan = planOf(asks)
  const rehearsal = await Fanout.rehearse(plan, options)
  const fanfold = (concurrency: number) => (fetch: typeof globalThis.fetch) =>
    Fanout.fanfold(plan, concurrency, { fetch, inFlight: asks })
  const sequential = simulatedArm("sequential", options, rehearsal, fanfold(1))
  const parallel = simulatedArm("parallel", options, rehearsal, fanfold(asks))
  await play(`${latency}, ${asks} asks`, [sequential, parallel], roundsOf(asks))
  const wallMillis = (simulatedMillis: number): number => simulatedMillis * (options.timeScale ?? 1)
  return {
    latency,
    askMillis: rehearsal.askMillis.map(wallMillis),
    synthesisMillis: wallMillis(rehearsal.synthesisMillis),
    sequential: sequential.parts,
    parallel: parallel.parts
  }
}

const cases: Array<Speedup.Case> = []
for (const [latency, options] of Object.entries(latencies)) {
  for (const asks of sizes) cases.push(await measure(latency, asks, options))
}
const transports = await Transports.rows()
const sdkComparison = await SdkComparison.rows()

await Results.report({
  name: "sequential-vs-parallel",
  seed,
  simulated:
    "latencies and answers are simulated, in process where a row does not say otherwise; fanfold and the SDK are real",
  rows: cases.map(Speedup.rowOf),
  further: {
    "Research and synthesis separately": cases.map(Speedup.partsRowOf),
    "Other transports, and an account whose limits are unknown": transports,
    "Asks alone, all at once: fanfold, the SDK with the same requests, and the mock alone": sdkComparison
  },
  notes: [
    "The simulated account allows more than the runs need, and pacing.inFlight is configured where a row does not say otherwise.",
    "ideal: the slowest ask, then the synthesis. own: what parallel took in addition, mock included.",
    "speed-up: measured sequential ÷ measured parallel, so that the overhead of the sequential run counts too. Its ideal is of the",
    "simulated times alone: (sum of all asks + synthesis) ÷ ideal.",
    "The synthesis waits for all answers, so it stays serial: however many asks run at once, the speed-up of the simulated times",
    "cannot exceed Amdahl's limit, (sum of all asks + synthesis) ÷ synthesis.",
    `Sonnet-like: the lognormal latencies measured of Sonnet 4.5, played ${sonnetSpeed} × as fast, so that own milliseconds weigh ${sonnetSpeed} times more than with a real Claude.`
  ],
  samples,
  plot: Speedup.plotOf(cases),
  summary: cases.map(Speedup.summaryRowOf)
})
