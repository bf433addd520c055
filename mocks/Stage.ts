/** What a command line needs of the mock: simulated answers, a tape, and a server, with errors as text for people. */
import { Effect, Schema, type Scope } from "effect"
import * as Latency from "./Latency.ts"
import { make } from "./MockClaude.ts"
import { record as recordTape } from "./Record.ts"
import { replay } from "./Replay.ts"
import { Scenario } from "./Scenario.ts"
import { examples } from "./scenarios/examples.ts"
import type { ServeOptions } from "./Serve.ts"

/** A `fetch` that asks no model, and the line that says so. */
export interface Simulation {
  readonly fetch: typeof globalThis.fetch
  readonly notice: string
}

/** Answers from a tape, or, without one, simulates; the example plans have written answers. */
export const simulate = (tape: string | undefined): Effect.Effect<Simulation, string> => {
  if (tape === undefined) {
    const { fetch } = make({ scenario: examples, latency: Latency.byModel })
    return Effect.succeed({ fetch, notice: "offline: simulated answers" })
  }
  return Effect.tryPromise({
    try: () => replay(tape),
    catch: (cause) => `--replay ${tape}: ${cause instanceof Error ? cause.message : String(cause)}`
  }).pipe(Effect.map(({ fetch }) => ({ fetch, notice: `replay: recorded answers of ${tape}` })))
}

/** Passes on to `upstream`, and keeps what it brings on a tape. A tape that cannot be written is told before anything is sent. */
export const record = (tape: string, upstream: string | undefined): Effect.Effect<typeof globalThis.fetch, string> =>
  Effect.tryPromise({
    try: () => import("node:fs/promises").then(({ appendFile }) => appendFile(tape, "")),
    catch: (cause) => `--record ${tape}: ${cause instanceof Error ? cause.message : String(cause)}`
  }).pipe(Effect.as(recordTape(tape, upstream === undefined ? {} : { upstream }).fetch))

const decode = Schema.decodeUnknownEffect(Scenario, { errors: "all", onExcessProperty: "error", reportInput: true })

/** Serves a scenario, the examples' own without one, until the scope closes. `fail` makes the error of a port in use. */
export const serve = <E>(
  scenario: unknown,
  options: ServeOptions,
  fail: (message: string) => E
): Effect.Effect<string, Schema.SchemaError | E, Scope.Scope> =>
  Effect.gen(function* () {
    const played = scenario === undefined ? examples : yield* decode(scenario)
    const claude = make({ scenario: played, ...(scenario === undefined && { latency: Latency.byModel }) })
    const listening = Effect.tryPromise({
      try: () => claude.serve(options),
      catch: (cause) =>
        fail(
          `Cannot listen on ${options.host}:${options.port}: ${cause instanceof Error ? cause.message : String(cause)}`
        )
    })
    const { url } = yield* Effect.acquireRelease(listening, (server) => Effect.promise(() => server.close()))
    return url
  })
