/** The telemetry of a run of the command line: under the name of its plan, with what is wrong told on standard error. */
import { Console, Effect, Path } from "effect"
import type { Prepared } from "../plan/Plan.ts"
import { inert } from "../report/TerminalText.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { usageError } from "./ExitCode.ts"

/** The watcher of events that exports; `undefined` where neither plan, flag nor environment says where to. */
export const make = Effect.fnUntraced(function* ({ otlp = {} }: Prepared, name: string, baseUrl: string | undefined) {
  const path = yield* Path.Path
  // What came from no file has no name.
  const called = path.isAbsolute(name) ? path.parse(name).name : undefined
  const telemetry = yield* Telemetry.make(otlp, { name: called, baseUrl }, (problem) => Console.error(inert(problem)))
  if (telemetry === undefined && otlp.content === true && otlp.url === undefined) {
    return yield* usageError("--otlp-content needs --otlp URL, or OTEL_EXPORTER_OTLP_ENDPOINT")
  }
  return telemetry
})
