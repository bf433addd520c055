/** What does a user's own plan gain? Runs it against the mock, one ask at a time and more at once, beside the ideal. */
import { Effect } from "effect"
import type { Research } from "fanfold"
import type { Stage } from "fanfold/mocks"
import * as Makespan from "../harness/Makespan.ts"
import * as PlanReport from "./PlanReport.ts"
import * as PlanTable from "./PlanTable.ts"
import * as Plot from "../harness/Plot.ts"
import * as Rehearsal from "./Rehearsal.ts"
import { type Arm, play } from "../harness/Round.ts"
import { shuffledRounds } from "../harness/Shuffle.ts"

/** `speed`: simulated milliseconds in a real one; chosen where it is not given. `version` is fanfold's. */
export interface Settings {
  readonly concurrency: ReadonlyArray<Research.Concurrency>
  readonly latency: Stage.NamedLatency
  readonly iterations: number
  readonly seed: number
  readonly speed: number | undefined
  readonly version: string
}

/** Where a measurement stands. Wall milliseconds, as far as the simulated times foretell them. */
export interface Step {
  readonly arm: string
  readonly round: number
  readonly doneMillis: number
  readonly totalMillis: number
  readonly speed: number
}

/** Measures every arm once a round, in an order shuffled anew for each, and gives the figures in several forms. */
export const measure = Effect.fn("bench.measure")(function* <E>(
  subject: Rehearsal.Subject<E>,
  settings: Settings,
  tell: (step: Step) => void
) {
  const { iterations, latency, seed, version } = settings
  const rehearsal = yield* Rehearsal.rehearse(subject, settings)
  const { asks, hasSynthesis, requests, synthesisMillis } = rehearsal
  const askMillis = asks.map(({ millis }) => millis)
  const arms = settings.concurrency.map((concurrency) => {
    const places = concurrency === "unbounded" ? Number.POSITIVE_INFINITY : concurrency
    return {
      concurrency,
      idealMillis: Makespan.makespan(askMillis, places) + synthesisMillis,
      lowerBoundMillis: Makespan.lowerBound(askMillis, places) + synthesisMillis,
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
      tell({ arm: name, round: index + 1, doneMillis, totalMillis, speed })
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
    svg: Effect.promise(() => Plot.svg(PlanTable.toPlot(report)))
  }
})

/** What a call takes of the machine, foreseen: some of it the mock's, the rest the SDK's and fanfold's. */
const callMillis = 2

/** Speeds to choose from; a benchmark that takes longer than `patienceMillis` at one of them gets the next. */
const speeds = [1, 2, 5, 10, 20, 50, 100]
const patienceMillis = 30_000

/** An ask that is over sooner would be lost in what the machine itself takes. */
const shortestAskMillis = 50

/** The slowest speed that is quick enough, and never one at which the asks become too short. */
export const speedFor = (simulatedMillis: number, askMillis: ReadonlyArray<number>): number => {
  const meanMillis = askMillis.reduce((sum, millis) => sum + millis, 0) / askMillis.length
  const honest = speeds.filter((speed) => speed === 1 || meanMillis / speed >= shortestAskMillis)
  return honest.find((speed) => simulatedMillis / speed <= patienceMillis) ?? honest.at(-1) ?? 1
}
