/**
 * How do workers share the asks of a run, what do they cost, and what becomes of a run whose workers, process or database are
 * killed? Three workers, the run and the mock are processes of this machine, over a PostgreSQL in a temporary folder.
 */
import { Effect } from "effect"
import { limitUsd } from "./delivery/Budget.ts"
import { bin, ensureBuilt } from "./harness/Build.ts"
import * as PostgresServer from "./harness/PostgresServer.ts"
import * as Results from "./harness/Results.ts"
import type { Row } from "./harness/Table.ts"
import * as Disturbances from "./workers/Disturbances.ts"
import { placesPerWorker, workers } from "./workers/Machines.ts"
import * as SharedBudget from "./workers/SharedBudget.ts"
import * as SharedLimit from "./workers/SharedLimit.ts"
import * as Throughput from "./workers/Throughput.ts"

const seed = 1
const rounds = Results.isQuick ? 1 : 3
/** Runs under a budget. */
const budgets = Results.isQuick ? 20 : 200
const sharedAsks = Results.isQuick ? 300 : 1000
const latencyMillis = 200
const asks = 200
const times = Results.isQuick
  ? { stopMillis: 5000, goneMillis: 5000, lease: "10 seconds" }
  : { stopMillis: 20_000, goneMillis: 30_000 }

if (!PostgresServer.isInstalled) {
  console.log("PostgreSQL is not installed: nothing is measured")
  process.exit(0)
}
ensureBuilt()
const command = [bin]
const server = await PostgresServer.serve()

const walls: Array<number> = []
for (let round = 1; round <= rounds; round++) {
  Results.progress(`${asks} asks of ${latencyMillis} ms, round ${round} of ${rounds}`)
  walls.push((await Throughput.play(command, server, asks, latencyMillis)).wallMillis)
}
const costs: Array<number> = []
for (let round = 1; round <= rounds; round++) {
  Results.progress(`${sharedAsks} asks of 0 ms, round ${round} of ${rounds}`)
  costs.push((await Throughput.play(command, server, sharedAsks, 0)).wallMillis / sharedAsks)
}
Results.progress(`${sharedAsks} asks shared`)
const { shares } = await Throughput.play(command, server, sharedAsks, latencyMillis)
const outcomes: Array<Disturbances.Outcome> = []
for (const disturbance of Disturbances.disturbances) {
  Results.progress(disturbance.what(times))
  outcomes.push(await Disturbances.play(disturbance, command, server, times))
}
Results.progress(`a limit of ${SharedLimit.perSecond} requests a second`)
const limit = await SharedLimit.play(command, server)
await server.remove()
Results.progress(`a budget, ${budgets} runs in virtual time`)
const spent = await Effect.runPromise(
  Effect.forEach(
    Array.from({ length: budgets }, (_, n) => n),
    (n) => SharedBudget.runVirtual(seed + n, { processes: workers, kills: 1 })
  )
)

const { medianOf } = Results
const row = (what: string, measured: string, target: string, isMet: boolean): Row => ({
  what,
  measured,
  target,
  met: isMet ? "yes" : "no"
})
const places = placesPerWorker * workers
const idealMillis = Math.ceil(asks / places) * latencyMillis
const wallRatio = medianOf(walls) / idealMillis
const costMillis = medianOf(costs)
const percents = shares.map((share) => (100 * share) / sharedAsks)
const percentsText = percents.map((percent) => `${percent.toFixed(0)} %`).join(", ")

const exceeded = spent.filter(({ billedUsd }) => billedUsd > limitUsd).length
const unfolded = spent.filter(({ isFolded }) => !isFolded).length
const budgetUsed = medianOf(spent.map(({ billedUsd }) => (100 * billedUsd) / limitUsd))

const disturbed = outcomes.map(({ mayRepeat, problems, repeats, rerun, told, what }) =>
  row(
    what,
    `${problems.length === 0 ? "complete" : "not complete"}, ${repeats} repeats (${told} told), rerun ${rerun}`,
    `complete, <= ${mayRepeat} repeats, rerun 0`,
    problems.length === 0 && repeats <= mayRepeat && rerun === 0 && told >= repeats
  )
)

await Results.report({
  name: "workers",
  seed,
  simulated: "Claude and its latencies are simulated; processes, kills, the database and loopback connections are real",
  rows: [
    row(
      `${asks} asks of ${latencyMillis} ms at ${places} places: wall`,
      `${(medianOf(walls) / 1000).toFixed(2)} s, ${wallRatio.toFixed(2)} x ideal`,
      "<= 2 x ideal",
      wallRatio <= 2
    ),
    row(
      `${sharedAsks} asks: share of each worker`,
      percentsText,
      "20 to 46 %",
      percents.every((percent) => percent >= 20 && percent <= 46)
    ),
    row(`${sharedAsks} asks of 0 ms: wall of an ask`, `${costMillis.toFixed(2)} ms`, "<= 10 ms", costMillis <= 10),
    ...disturbed,
    row(
      `a limit of ${SharedLimit.perSecond}/s, of which no worker is told`,
      `${(100 * limit.used).toFixed(0)} % used, ${(100 * limit.limitedShare).toFixed(1)} % 429s`,
      `>= 90 % used, <= 2 % 429s, from second ${SharedLimit.fromSecond} on`,
      limit.used >= 0.9 && limit.limitedShare <= 0.02
    ),
    row(
      `a budget of $${limitUsd.toFixed(2)}, one of ${workers} processes killed, ${budgets} seeds`,
      `${exceeded} exceed it, ${unfolded} not folded, ${budgetUsed.toFixed(0)} % spent`,
      "0 exceed it, 0 not folded",
      exceeded === 0 && unfolded === 0
    )
  ],
  ...(outcomes.some(({ problems }) => problems.length > 0) && {
    further: {
      "What was wrong": outcomes.flatMap(({ problems, what }) =>
        problems.map((problem) => ({ what, problem: problem.slice(0, 400) }))
      )
    }
  }),
  notes: [
    `Three workers with ${placesPerWorker} places each; the run sends nothing itself. Ideal: ${Math.ceil(asks / places)} calls one after the other.`,
    "Wall: by the report of the run, from the begun journal to the last answer. Each figure is the median of its rounds.",
    `Disturbances: runs of 200 asks of 500 ms. Repeats: requests that the mock had beyond one an ask. A worker that is silent for ${times.lease ?? "45 seconds"} is taken for dead.`,
    `The limit: requests by the mock's count until second ${SharedLimit.untilSecond}; the budget: runs of 40 to 160 asks in virtual time, over a register in memory.`
  ],
  samples: {
    wall: walls,
    "wall of an ask of 0 ms": costs,
    ...Object.fromEntries(outcomes.map(({ wallMillis, what }) => [what, [wallMillis]]))
  }
})
