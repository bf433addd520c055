/** What `fanfold bench` asks to be measured, and how one run of a plan is timed. The benchmark itself is in `bench/plan`. */
import { Clock, Effect, Struct } from "effect"
import type { Claude } from "../claude/Claude.ts"
import * as Event from "../claude/Event.ts"
import type { Usage } from "../claude/Message.ts"
import type { Options } from "../layers/Stack.ts"
import * as Pipeline from "../pipeline/Pipeline.ts"
import type { Concurrency } from "../pipeline/Research.ts"
import type { Prepared } from "../plan/Plan.ts"
import * as RunState from "../report/RunState.ts"
import { inert } from "../report/TerminalText.ts"
import { exitCode, Failure } from "./ExitCode.ts"

/** Wall times and cost of one run; `costUsd` is undefined if a model has no known price. */
export interface MeasuredRun {
  readonly researchMillis: number
  readonly synthesisMillis: number
  readonly usage: Usage
  readonly costUsd: number | undefined
}

/** A plan to measure. `plan` is its name in the results; `run` runs it once. */
export interface MeasurementSubject {
  readonly plan: string
  readonly layers: Options
  readonly run: (concurrency: Concurrency) => Effect.Effect<MeasuredRun, Failure, Claude>
}

/** `iterations`: runs of each concurrency. `speed`: simulated milliseconds in a real one; the benchmark chooses it if absent. */
export interface MeasurementOptions {
  readonly concurrency: ReadonlyArray<Concurrency>
  readonly latency: string
  readonly iterations: number
  readonly seed: number
  readonly speed: number | undefined
}

/** The run that begins. Wall milliseconds of the runs before it, and of all runs, both predicted from the simulated times. */
export interface MeasurementStep {
  readonly arm: string
  readonly round: number
  readonly doneMillis: number
  readonly totalMillis: number
  readonly speed: number
}

/** The results in each of their formats; `svg` is drawn on demand. */
export interface Measurement {
  readonly table: string
  readonly markdown: string
  readonly json: string
  readonly svg: Effect.Effect<string>
}

/** Those of the plan, live: a batch takes its time whatever the concurrency. */
export const measuredLayers = ({ layers }: Prepared): Options => Struct.omit(layers as Options, ["batch"])

/** Runs a plan as `fanfold run` does, but with the policy `all` and without a deadline: a gap would shorten the run. */
export const measuredRun = (plan: Prepared) =>
  Effect.fnUntraced(function* (concurrency: Concurrency) {
    const state = RunState.make()
    const startedAt = yield* Clock.currentTimeNanos
    let researchEndedAt = startedAt
    const emit = (event: Event.Event) =>
      Effect.map(Clock.currentTimeNanos, (now) => {
        state.add(event)
        if (event._tag === "ResearchEnded") researchEndedAt = now
      })
    const pipeline = Pipeline.run({ ...plan, policy: "all", concurrency, deadline: undefined })
    const { error } = yield* Effect.provideService(pipeline, Event.Listener, { emit })
    if (error !== undefined) {
      const message = `The simulated run failed at concurrency ${concurrency}: ${inert(error.message)}`
      return yield* new Failure({ exitCode: exitCode.failed, message })
    }
    const endedAt = yield* Clock.currentTimeNanos
    const { costUsd, usage } = state
    return {
      researchMillis: Number(researchEndedAt - startedAt) / 1e6,
      synthesisMillis: plan.synthesis === undefined ? 0 : Number(endedAt - researchEndedAt) / 1e6,
      usage,
      costUsd
    } satisfies MeasuredRun
  })
