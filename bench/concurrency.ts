/**
 * How does the time of a research shrink with its concurrency? 256 asks of lognormal latency, compared with the exact greedy
 * schedule of the same latencies and with the lower bound of every schedule.
 */
import { latency } from "fanfold/mocks"
import * as Arms from "./harness/Arms.ts"
import * as Fanout from "./harness/Fanout.ts"
import * as Makespan from "./harness/Makespan.ts"
import type * as Plot from "./harness/Plot.ts"
import * as Results from "./harness/Results.ts"
import * as Simulation from "./harness/Simulation.ts"

const seed = 1
const asks = 256
/** Simulated milliseconds per real one: sequential asks take a minute. */
const speed = 15
/** Concurrencies that take minutes and vary little, so that they run once; left out of a quick run. */
const slow = [1, 2, 4]
const fast = Results.isQuick ? [16, 64, 256] : [8, 16, 32, 64, 128, 256]
const rounds = Results.isQuick ? 4 : 5

const options = { seed, latency: latency.sonnet45, timeScale: 1 / speed }
const plan = { questions: Array.from({ length: asks }, (_, index) => `What is there to see in street ${index + 1}?`) }
const rehearsal = await Fanout.rehearse(plan, options)
const askMillis = rehearsal.askMillis.map((millis) => millis / speed)

type Concurrency = number | "unbounded"

const armOf = (concurrency: Concurrency): Arms.Arm => {
  const simulation = Simulation.make(options)
  return {
    name: String(concurrency),
    before: simulation.renew,
    run: Fanout.fanfold(plan, concurrency, { fetch: simulation.fetch, inFlight: asks }),
    after: () => Simulation.assertSame(simulation.latencies(), rehearsal.latencies)
  }
}
const onRun = (description: string) => Results.progress(`concurrency ${description}`)
const play = (concurrencies: ReadonlyArray<Concurrency>, rounds: number) =>
  Arms.play(concurrencies.map(armOf), { rounds, seed, onRun })

const samples = { ...(Results.isQuick ? {} : await play(slow, 1)), ...(await play([...fast, "unbounded"], rounds)) }

const measured = Object.entries(samples).map(([name, millis]) => {
  const slots = name === "unbounded" ? Number.POSITIVE_INFINITY : Number(name)
  const greedy = Makespan.makespan(askMillis, slots)
  return { name, slots, spread: Results.spreadOf(millis), greedy, bound: Makespan.lowerBound(askMillis, slots) }
})
const ordered = measured.toSorted((a, b) => a.slots - b.slots)

const line = (name: string, dashed: boolean, of: (one: (typeof measured)[number]) => number): Plot.Series => ({
  name,
  kind: "line",
  dashed,
  points: ordered.map((one) => [one.name, of(one)])
})

await Results.report({
  name: "concurrency",
  seed,
  simulated: `latencies (those measured of Sonnet 4.5, ${speed} × as fast) and answers are simulated, in process; fanfold and the SDK are real`,
  rows: ordered.map(({ bound, greedy, name, spread: { max, median, min, n } }) => ({
    concurrency: name,
    "makespan ms": median.toFixed(0),
    min: min.toFixed(0),
    max: max.toFixed(0),
    n,
    "greedy ms": greedy.toFixed(0),
    "÷ greedy": (median / greedy).toFixed(3),
    "lower bound ms": bound.toFixed(0),
    "÷ lower bound": (median / bound).toFixed(3)
  })),
  notes: [
    `${asks} asks, no synthesis; the simulated account allows all of them at once, and pacing.inFlight is configured to ${asks}.`,
    "greedy: each ask, in order, is assigned to the slot that becomes free first, without any overhead.",
    "lower bound: the longest ask, or the sum of all asks ÷ concurrency, whichever is more."
  ],
  samples,
  plot: {
    title: `The time of ${asks} asks, by how many run at once`,
    subtitle: `lognormal latencies of Sonnet 4.5, ${speed} × as fast`,
    x: { label: "concurrency", scale: "category" },
    y: { label: "milliseconds", scale: "log" },
    series: [
      line("fanfold", false, ({ spread }) => spread.median),
      line("greedy schedule", true, ({ greedy }) => greedy),
      line("lower bound", true, ({ bound }) => bound)
    ]
  }
})
