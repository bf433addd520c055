/** `fanfold bench PLAN`: runs a user's plan against the mock, sequentially and in parallel, and compares it with the ideal. */
import { Effect } from "effect"
import type { Research } from "fanfold"
import type { Stage } from "fanfold/mocks"
import * as Makespan from "../harness/Makespan.ts"
import * as PlotSvg from "../harness/PlotSvg.ts"
import { type Arm, play } from "../harness/Round.ts"
import { shuffledRounds } from "../harness/Shuffle.ts"
import * as PlanReport from "./PlanReport.ts"
import * as PlanTable from "./PlanTable.ts"
import * as Rehearsal from "./Rehearsal.ts"

/** `speed`: simulated milliseconds per real one; `speedFor` chooses it if undefined. `version`: fanfold's. */
export interface Settings {
  readonly concurrency: ReadonlyArray<Research.Concurrency>
  readonly latency: Stage.NamedLatency
  readonly iterations: number
  readonly seed: number
  readonly speed: number | undefined
  readonly version: string
}

/** Progress of a measurement. `doneMillis` and `totalMillis` are wall milliseconds, estimated from the simulated times. */
export interface Step {
  readonly arm: string
  readonly round: number
  readonly doneMillis: number
  readonly totalMillis: number
  readonly speed: number
}

/** Measures every arm once a round, in an order shuffled for each round. Calls `onStep` before each run. */
export const measure = Effect.fn("bench.measure")(function* <E>(
  subject: Rehearsal.Subject<E>,
  settings: Settings,
  onStep: (step: Step) => void
) {
  const { iterations, latency, seed, version } = settings
  const rehearsal = yield* Rehearsal.rehearse(subject, settings)
  const { asks, hasSynthesis, requests, synthesisMillis } = rehearsal
  const askMillis = asks.map(({ millis }) => millis)
  const arms = settings.concurrency.map((concurrency) => {
    const slots = concurrency === "unbounded" ? Number.POSITIVE_INFINITY : concurrency
    return {
      concurrency,
      idealMillis: Makespan.makespan(askMillis, slots) + synthesisMillis,
      lowerBoundMillis: Makespan.lowerBound(askMillis, slots) + synthesisMillis,
      runs: new Array<PlanReport.Arm["runs"][number]>()
    }
  })
  const simulatedMillis = iterations * arms.reduce((sum, { idealMillis }) => sum + idealMillis, 0)
  const speed = settings.speed ?? speedFor(simulatedMillis, askMillis)
  const ownMillis = { withFanfold: new Array<number>(), mockAlone: new Array<number>() }

  const simulate = (concurrency: Research.Concurrency, timeScale: number) => {
    const claude = Rehearsal.mockOf(settings, timeScale)
    const stack = Rehearsal.stackOf(subject.layers, claude.fetch, asks.length)
    return { claude, effect: Effect.provide(subject.run(concurrency), stack) }
  }
  const timed = arms.map(({ concurrency, idealMillis, runs }): Arm<E> => {
    const name = PlanTable.armName(concurrency)
    return {
      name,
      foreseenMillis: idealMillis / speed + requests.length * callMillis,
      prepare: () => {
        const { claude, effect } = simulate(concurrency, 1 / speed)
        let run: Rehearsal.Run | undefined
        return {
          effect: Effect.map(effect, (ended) => {
            run = ended
          }),
          keep: (totalMillis) => {
            Rehearsal.assertSame(Rehearsal.plannedOf(claude), rehearsal.planned, name)
            if (run !== undefined) runs.push({ ...run, totalMillis })
          }
        }
      }
    }
  })
  const withFanfold: Arm<E> = {
    name: "without latency",
    foreseenMillis: requests.length * callMillis,
    prepare: () => ({
      effect: simulate("unbounded", 0).effect,
      keep: (millis) => ownMillis.withFanfold.push(millis)
    })
  }
  const mockAlone: Arm<E> = {
    name: "the mock alone",
    foreseenMillis: requests.length,
    prepare: () => ({
      effect: Rehearsal.resend(requests, Rehearsal.mockOf(settings, 0).fetch),
      keep: (millis) => ownMillis.mockAlone.push(millis)
    })
  }

  const all = [...timed, withFanfold, mockAlone]
  const rounds = shuffledRounds(all, iterations, seed)
  const totalMillis = iterations * all.reduce((sum, { foreseenMillis }) => sum + foreseenMillis, 0)
  let doneMillis = 0
  for (const [index, order] of rounds.entries()) {
    yield* play(order, ({ foreseenMillis, name }) => {
      onStep({ arm: name, round: index + 1, doneMillis, totalMillis, speed })
      doneMillis += foreseenMillis
    })
  }

  const { basis, name } = latency
  const about = { plan: subject.plan, latency: { name, basis }, seed, speed, iterations, fanfold: version }
  const planned = { asks, hasSynthesis, synthesisMillis, calls: requests.length }
  const report = yield* PlanReport.make({ ...about, ...planned, ownMillis }, arms)
  return {
    table: PlanTable.toText(report),
    markdown: PlanTable.toMarkdown(report),
    json: PlanReport.toJson(report),
    svg: Effect.promise(() => PlotSvg.render(PlanTable.toPlot(report)))
  }
})

/** Expected wall milliseconds of a call without latency: of the mock, the SDK and fanfold. */
const callMillis = 2

/** Speeds to choose from: the first at which the benchmark takes at most `maxWallMillis`. */
const speeds = [1, 2, 5, 10, 20, 50, 100]
const maxWallMillis = 30_000

/** Wall milliseconds of a mean ask, below which the machine's own time would distort the figures. */
const shortestAskMillis = 50

/** The lowest speed that is fast enough; never one at which a mean ask takes less than `shortestAskMillis`. */
export const speedFor = (simulatedMillis: number, askMillis: ReadonlyArray<number>): number => {
  const meanMillis = askMillis.reduce((sum, millis) => sum + millis, 0) / askMillis.length
  const allowed = speeds.filter((speed) => speed === 1 || meanMillis / speed >= shortestAskMillis)
  return allowed.find((speed) => simulatedMillis / speed <= maxWallMillis) ?? allowed.at(-1) ?? 1
}
