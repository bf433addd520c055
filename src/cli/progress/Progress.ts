/** What the command line shows while it works: a live region on a terminal, plain lines elsewhere, or nothing. */
import type { Effect, Scope } from "effect"
import * as LiveProgress from "./LiveProgress.ts"
import * as ProgressLines from "./ProgressLines.ts"
import type { Options, Progress } from "./ProgressOptions.ts"

/**
 * Gives a listener that shows a run until the scope closes; then the summary is written and, on a terminal, the cursor
 * given back. Close the scope before writing anything else. Only `live` asks for deltas, which makes answers stream.
 */
export const make = (options: Options): Effect.Effect<Progress, never, Scope.Scope> =>
  options.mode === "live" ? LiveProgress.make(options) : ProgressLines.make(options)
