/** What the command line is given by the process that runs it: the ways to reach Claude, and the mock. */
import { Context, type Effect, type Layer, type Scope } from "effect"
import type { Claude } from "../claude/Claude.ts"
import type { Issue } from "../options/Issue.ts"
import type { Options } from "../layers/Stack.ts"
import type { Usage } from "../claude/Message.ts"
import type { Concurrency } from "../pipeline/Research.ts"
import type { Failure } from "./ExitCode.ts"
import type * as ProgressOptions from "./progress/ProgressOptions.ts"

/** Which Claude is meant: the API, the same kept on a tape, a tape, or simulated answers. */
export interface Way {
  readonly offline: boolean
  readonly record: string | undefined
  readonly replay: string | undefined
}

/**
 * A Claude with the stack around it. `notice` names what is not live, and a tape that is added to; `simulated` says that
 * no model is asked; `lost` gives why the tape is incomplete, where it is.
 */
export interface Reached {
  readonly claude: Layer.Layer<Claude>
  readonly notice: string | undefined
  readonly simulated: boolean
  readonly lost: Effect.Effect<string | undefined>
}

/** What one run of a plan took and cost. Wall milliseconds; the cost is unknown where a model has no known price. */
export interface Run {
  readonly researchMillis: number
  readonly synthesisMillis: number
  readonly usage: Usage
  readonly costUsd: number | undefined
}

/** A plan to be measured, and how to run it. */
export interface Subject {
  readonly plan: string
  readonly layers: Options
  readonly run: (concurrency: Concurrency) => Effect.Effect<Run, Failure, Claude>
}

/** How a plan is measured. `speed`: how many simulated milliseconds pass in a real one; chosen where it is not given. */
export interface Measuring {
  readonly concurrency: ReadonlyArray<Concurrency>
  readonly latency: string
  readonly iterations: number
  readonly seed: number
  readonly speed: number | undefined
}

/** Where a measurement stands. Wall milliseconds, as far as the simulated times foretell them. */
export interface Step {
  readonly arm: string
  readonly round: number
  readonly doneMillis: number
  readonly totalMillis: number
  readonly speed: number
}

/** What was measured, in the forms a user may want. */
export interface Measured {
  readonly table: string
  readonly markdown: string
  readonly json: string
  readonly svg: Effect.Effect<string>
}

export class Ports extends Context.Service<
  Ports,
  {
    /** Fails where a key or a tape is missing. Nothing is sent. */
    readonly reach: (way: Way, layers: Options) => Effect.Effect<Reached, Failure>
    /** Serves the mock until the scope closes, and gives its base URL; fails with what is wrong with the scenario. */
    readonly serve: (
      scenario: unknown,
      address: { readonly port: number; readonly host: string }
    ) => Effect.Effect<string, ReadonlyArray<Issue> | Failure, Scope.Scope>
    /** Measures a plan against the mock and tells each step; fails where no latency has that name, or a run fails. */
    readonly bench: (
      subject: Subject,
      measuring: Measuring,
      tell: (step: Step) => void
    ) => Effect.Effect<Measured, Failure>
    /** Where progress goes, and what it may use there. */
    readonly terminal: Effect.Effect<Omit<ProgressOptions.Options, "summary">>
  }
>()("fanfold/cli/Ports") {}
