/** Services that `main.ts` provides to the command line: Claude, the offline mock, the benchmark and the terminal. */
import { Context, type Effect, type Layer, type Scope } from "effect"
import type { Batches } from "../claude/BatchApi.ts"
import type { Claude } from "../claude/Claude.ts"
import type { SharedRun } from "../journal/SharedRun.ts"
import type { Options } from "../layers/Stack.ts"
import type { Issue } from "../options/Issue.ts"
import type { Failure } from "./ExitCode.ts"
import type { Measurement, MeasurementOptions, MeasurementStep, MeasurementSubject } from "./PlanMeasurement.ts"
import type { ProgressOptions } from "./progress/ProgressOptions.ts"

/** Which Claude answers: the mock if `offline`, the tape `replay`, else the API, whose traffic goes to the tape `record`. */
export interface ClaudeSource {
  readonly offline: boolean
  readonly record: string | undefined
  readonly replay: string | undefined
}

export interface ConnectedClaude {
  /** With the layers of the plan around it, the journal if there is one, and the batches that it may need besides. */
  readonly claude: (added: Pick<Options, "journal" | "batch">) => Layer.Layer<Claude>
  /** With the layers that send an ask of a run of the queue, by their options; fails with what is wrong in these. */
  readonly delivery: (options: string, run: SharedRun) => Effect.Effect<Layer.Layer<Claude>, ReadonlyArray<Issue>>
  /** Who answers, as the journal keeps it; `undefined` where nothing is kept. */
  readonly source: string | undefined
  /** A line for standard error: that answers are simulated or replayed, or that the tape has exchanges already. */
  readonly notice: string | undefined
  /** Whether no model is asked. */
  readonly simulated: boolean
  /** Why the tape of `--record` is incomplete; `undefined` if it is complete. */
  readonly tapeError: Effect.Effect<string | undefined>
}

export class ProcessServices extends Context.Service<
  ProcessServices,
  {
    /** Fails if the key is missing, or a tape cannot be read or written. Sends nothing. */
    readonly connect: (source: ClaudeSource, layers: Options) => Effect.Effect<ConnectedClaude, Failure>
    /** The batches of the API. Fails if the key is missing, or the base URL is not `source`. */
    readonly batches: (source: string) => Effect.Effect<Batches, Failure>
    /** Serves the mock until the scope closes; returns its base URL. Fails with the issues of the scenario. */
    readonly serveMock: (
      scenario: unknown,
      address: { readonly port: number; readonly host: string }
    ) => Effect.Effect<string, ReadonlyArray<Issue> | Failure, Scope.Scope>
    /** Measures a plan against the mock and calls `onStep` before each run. Fails if the latency is unknown or a run fails. */
    readonly measure: (
      subject: MeasurementSubject,
      options: MeasurementOptions,
      onStep: (step: MeasurementStep) => void
    ) => Effect.Effect<Measurement, Failure>
    /** Where progress is written, and whether as a live region and in colour. */
    readonly terminal: Effect.Effect<Omit<ProgressOptions, "summary">>
  }
>()("fanfold/cli/ProcessServices") {}
