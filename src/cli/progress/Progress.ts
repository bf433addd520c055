/** Shows a run on standard error: a live region on a terminal, plain lines elsewhere, or nothing. */
import type { Effect, Scope } from "effect"
import * as LiveProgress from "./LiveProgress.ts"
import * as ProgressLines from "./ProgressLines.ts"
import type { Progress, ProgressOptions } from "./ProgressOptions.ts"

/**
 * Returns a listener that shows a run until the scope closes; then writes the summary and, on a terminal, shows the cursor
 * again. Close the scope before writing anything else. Only `live` has a `delta`, which makes answers stream.
 */
export const make = (options: ProgressOptions): Effect.Effect<Progress, never, Scope.Scope> =>
  options.mode === "live" ? LiveProgress.make(options) : ProgressLines.make(options)
