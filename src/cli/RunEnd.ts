/** What a run is, for `execute`: asks that become a document, or rows that become a table. */
import type { Effect, FileSystem, Stdio } from "effect"
import type { Claude } from "../claude/Claude.ts"
import type { Forecast } from "../plan/Forecast.ts"
import type { RunResult } from "../report/RunResult.ts"
import type { Failure } from "./ExitCode.ts"
import type { Progress } from "./progress/ProgressOptions.ts"

/** What is known once the run is over; `end` ends it in its journal. */
export interface Closing {
  readonly tapeError: string | undefined
  /** All lines of `--events` are written. */
  readonly areEventsWritten: boolean
  readonly end: Effect.Effect<void>
  /** Shows the result to those who have the page of `--ui` open, once everything is written. */
  readonly finish: (result: RunResult) => Effect.Effect<void>
}

type Services = FileSystem.FileSystem | Stdio.Stdio

/** A run that is over. `conclude` writes what it has brought, and fails with the exit code. */
export interface Ended {
  readonly error: unknown
  readonly conclude: (closing: Closing) => Effect.Effect<void, Failure, Services>
}

/** A run that can begin. `saveInterrupted` writes what there is when it is interrupted. */
export interface Work {
  /** Of rows that are read while they are asked, without their asks. */
  readonly forecast: () => Forecast
  /** `isKept`: a journal has its answers. */
  readonly run: (progress: Progress, isKept: boolean) => Effect.Effect<Ended, never, Claude>
  readonly saveInterrupted: Effect.Effect<void, never, Services>
}
