/**
 * How much does asking in parallel buy, and how near is it to what is possible? fanfold one ask at a time and all at once,
 * over simulated latencies that are the same for both; and fanfold beside the SDK with `Promise.all`.
 */
import { setupServer } from "msw/node"
import { examples, latency, mockClaude } from "fanfold/mocks"
import { handlers } from "fanfold/mocks/msw"
import * as Arms from "./harness/Arms.ts"
import * as Fanout from "./harness/Fanout.ts"
import * as Results from "./harness/Results.ts"
import * as Simulation from "./harness/Simulation.ts"
import * as Speedup from "./harness/Speedup.ts"
import type * as Table from "./harness/Table.ts"

const seed = 1
const fixedMillis = 200
/** Simulated Sonnet seconds pass this much faster; a call still takes a hundred times what the mock itself costs. */
const sonnetSpeed = 25
const sizes = Results.isQuick ? [3, 10] : [3, 10, 30, 100]
const roundsOf = (asks: number): number => (asks <= 10 && !Results.isQuick ? 5 : 4)

const instruction = "Write a travel guide to Lisbon for a first visit of three days."
/** As long as the written guide of the examples: a mock's own synthesis would grow with the number of answers. */
const guide = "What is worth a visit is near the river, and the hills want shoes with a grip. ".repeat(20)

const planOf = (asks: number): Fanout.Plan => ({
  questions:
    asks === 3
      ? [
          "Which attractions in Lisbon are worth a first visit, and why?",
          "How does a visitor get around Lisbon, and what does it cost?",
          "Which customs, food and music should a visitor to Lisbon know?"
        ]
      : Array.from({ length: asks }, (_, index) => `What should a visitor know about street ${index + 1} of Lisbon?`),
  synthesis: instruction
})

const world = {
  seed,
  limits: Simulation.limits,
  scenario: examples,
  lay: (claude: ReturnType<typeof mockClaude>) => void claude.when({ user: instruction }).reply(guide)
}
const fixed = { ...world, latency: latency.fixed(fixedMillis) }
const sonnet = { ...world, latency: latency.sonnet45, timeScale: 1 / sonnetSpeed }
const latencies: Readonly<Record<string, Simulation.Options>> = {
  [`fixed, ${fixedMillis} ms`]: fixed,
  [`Sonnet-like, ${sonnetSpeed} × as fast`]: sonnet
}

const samples: Record<string, ReadonlyArray<number>> = {}
const play = async (of: string, arms: ReadonlyArray<Arms.Arm>, rounds: number) => {
  const tell = (what: string) => Results.progress(`${of}: ${what}`)
  const played = await Arms.play(arms, { rounds, seed, tell })
  for (const [arm, millis] of Object.entries(played)) samples[`${of}, ${arm}`] = millis
  return played
}

/** An arm that keeps the parts of its runs, over a simulation that is checked to be the same each time. */
const arm = (
  name: string,
  options: Simulation.Options,
  rehearsal: Fanout.Rehearsal,
  runOf: (fetch: typeof globalThis.fetch) => () => Promise<Fanout.Parts | void>
) => {
  const simulation = Simulation.make(options)
  const run = runOf(simulation.fetch)
  const parts: Array<Fanout.Parts> = []
  const keep = (one: Fanout.Parts | void): void => void (one && parts.push(one))
  const after = () => Simulation.assertSame(simulation.met(), rehearsal.met)
  return { name, before: simulation.renew, run: () => run().then(keep), after, parts }
}

const measure = async (name: string, asks: number, options: Simulation.Options): Promise<Speedup.Case> => {
  const plan = planOf(asks)
  const rehearsal = await Fanout.rehearse(plan, options)
  const fanfold = (concurrency: number) => (fetch: typeof globalThis.fetch) =>
    Fanout.fanfold(plan, concurrency, { fetch, inFlight: asks })
  const sequential = arm("sequential", options, rehearsal, fanfold(1))
  const parallel = arm("parallel", options, rehearsal, fanfold(asks))
  await play(`${name}, ${asks} asks`, [sequential, parallel], roundsOf(asks))
  const wall = (millis: number): number => millis * (options.timeScale ?? 1)
  return {
    latency: name,
    askMillis: rehearsal.askMillis.map(wall),
    synthesisMillis: wall(rehearsal.synthesisMillis),
    sequential: sequential.parts,
    parallel: parallel.parts
  }
}

const cases: Array<Speedup.Case> = []
for (const [name, options] of Object.entries(latencies)) {
  for (const asks of sizes) cases.push(await measure(name, asks, options))
}

/** Parallel over another transport. A fixed latency needs no mock of its own for each run. */
const confirm = async (transport: string, asks: number, routeOf: () => Fanout.Route): Promise<Table.Row> => {
  const run = () => Fanout.fanfold(planOf(asks), asks, routeOf())()
  const of = `${transport}, ${asks} asks`
  const { parallel = [] } = await play(of, [{ name: "parallel", run }], roundsOf(asks))
  const { max, median, min, n } = Results.spreadOf(parallel)
  const idealMillis = 2 * fixedMillis
  return {
    transport,
    asks,
    "parallel ms": median.toFixed(0),
    min: min.toFixed(0),
    max: max.toFixed(0),
    n,
    "ideal ms": idealMillis,
    "% of ideal": ((idealMillis / median) * 100).toFixed(1)
  }
}

const mock = (): ReturnType<typeof mockClaude> => {
  const claude = mockClaude(fixed)
  fixed.lay(claude)
  return claude
}
const confirmed: Array<Table.Row> = []
{
  const server = setupServer(...handlers(mock()))
  server.listen({ onUnhandledFrame: "error" })
  confirmed.push(await confirm("MSW's setupServer", 10, () => ({ inFlight: 10 })))
  server.close()
}
{
  await using server = await mock().serve()
  confirmed.push(await confirm("loopback server", 10, () => ({ baseUrl: server.url, inFlight: 10 })))
}
const most = sizes.at(-1)!
// A fetch of its own gives each run a gate of its own, which has learnt nothing yet.
confirmed.push(await confirm("in process, limits unknown", most, () => ({ fetch: mock().fetch })))

const millis = (value: number): string => value.toFixed(value < 100 ? 2 : 0)

/** fanfold beside the SDK alone, with the very same requests, no synthesis. */
const beside = async (waits: string, asks: number, options: Simulation.Options): Promise<Table.Row> => {
  const { questions } = planOf(asks)
  const rehearsal = await Fanout.rehearse({ questions }, options)
  const arms = [
    arm("fanfold", options, rehearsal, (fetch) => Fanout.fanfold({ questions }, asks, { fetch, inFlight: asks })),
    arm("SDK + Promise.all", options, rehearsal, (fetch) => Fanout.rawSdk(rehearsal, asks, { fetch })),
    arm("mock alone", options, rehearsal, (fetch) => Fanout.bare(rehearsal, fetch))
  ]
  // Code that has run before is compiled, and what is compared are not compilers.
  for (const { before, run } of arms) {
    before()
    await run()
  }
  const rounds = Results.isQuick ? 4 : 10
  const played = await play(`asks alone, ${waits}, ${asks} asks`, arms, rounds)
  const [fanfold, sdk, alone] = arms.map(({ name }) => Results.medianOf(played[name]!)) as [number, number, number]
  return {
    latency: waits,
    asks,
    "fanfold ms": millis(fanfold),
    "SDK + Promise.all ms": millis(sdk),
    "fanfold ÷ SDK": (fanfold / sdk).toFixed(3),
    "mock alone ms": millis(alone),
    n: rounds
  }
}

/** `fixed` is the hardest: all answers come in the same millisecond. */
const stubs: Readonly<Record<string, Simulation.Options>> = {
  "none: own cost": { ...world, latency: latency.none },
  "fixed, 300 ms": { ...world, latency: latency.fixed(300) },
  ...(!Results.isQuick && { [`Sonnet-like, ${sonnetSpeed} × as fast`]: sonnet })
}
const bounds: Array<Table.Row> = []
for (const [waits, options] of Object.entries(stubs)) {
  for (const asks of Results.isQuick ? [3, 100] : [3, 100, 1000]) bounds.push(await beside(waits, asks, options))
}

await Results.report({
  name: "sequential-vs-parallel",
  seed,
  simulated:
    "latencies and answers are simulated, in process where a row does not say otherwise; fanfold and the SDK are real",
  rows: cases.map(Speedup.rowOf),
  further: {
    "Research and synthesis apart": cases.map(Speedup.partsRowOf),
    "Other transports, and an account of which nothing is known": confirmed,
    "Asks alone, all at once, beside the SDK with the very same requests; and what the mock itself costs": bounds
  },
  notes: [
    "The simulated account allows more than is asked for, and Pacing is told so where a row does not say otherwise.",
    "ideal: the slowest ask, then the synthesis. own: what parallel took beyond that, mock included.",
    "speed-up: measured sequential ÷ measured parallel, so that what sequential itself costs counts too. Its ideal is of the",
    "simulated times alone: (all asks one after another + synthesis) ÷ ideal.",
    "The synthesis waits for all answers: it is the serial part, and however many asks run at once, the simulated times are",
    "never sped up beyond Amdahl's limit, (all asks one after another + synthesis) ÷ synthesis.",
    `Sonnet-like: the lognormal profile measured of Sonnet 4.5, played ${sonnetSpeed} × as fast; own milliseconds weigh as many times more here than with a real Claude.`
  ],
  samples,
  plot: Speedup.plotOf(cases),
  summary: cases.map(Speedup.summaryRowOf)
})
