/** The mock for the command line: simulated answers, tapes, latencies by name, and a server. Errors are messages for users. */
import { Effect, Schema, type Scope } from "effect"
import * as Latency from "./time/Latency.ts"
import { make } from "./MockClaude.ts"
import { record as recordTape } from "./tape/Record.ts"
import { replay } from "./tape/Replay.ts"
import { profiles, Scenario } from "./scenarios/Scenario.ts"
import { examples } from "./scenarios/examples.ts"
import type { ServeOptions } from "./Server.ts"
import * as Tape from "./tape/Tape.ts"

/** A `fetch` that answers without the API, and a line of text that says so. */
export interface Simulation {
  readonly fetch: typeof globalThis.fetch
  readonly notice: string
}

/** Answers from a tape if one is given; else simulates answers, with written ones for the example plans. */
export const simulate = (tape: string | undefined): Effect.Effect<Simulation, string> => {
  if (tape === undefined) {
    const { fetch } = make({ scenario: examples, latency: Latency.byModel })
    return Effect.succeed({ fetch, notice: "offline: simulated answers" })
  }
  return Effect.tryPromise({
    try: () => replay(tape),
    catch: (cause) => `--replay ${tape}: ${messageOf(cause)}`
  }).pipe(Effect.map(({ fetch }) => ({ fetch, notice: `replay: recorded answers of ${tape}` })))
}

/** A `fetch` that records. `notice` says what the tape already contains, `lost` why it is incomplete, undefined if it is not. */
export interface Recording {
  readonly fetch: typeof globalThis.fetch
  readonly notice: string | undefined
  readonly lost: () => string | undefined
}

/**
 * Forwards requests to `upstream`, and records the replies on a tape. Fails before any request if the file cannot be written, or
 * is not a tape.
 */
export const record = (tape: string, upstream: string | undefined): Effect.Effect<Recording, string> =>
  Effect.tryPromise({ try: () => openTape(tape), catch: (cause) => `--record ${tape}: ${messageOf(cause)}` }).pipe(
    Effect.map((count) => {
      let lost: string | undefined
      const onLost = (error: unknown): void => {
        lost = `The tape ${tape} is incomplete: ${messageOf(error)}`
      }
      const { fetch } = recordTape(tape, { onLost, ...(upstream !== undefined && { upstream }) })
      const exchanges = `${count} ${count === 1 ? "exchange" : "exchanges"}`
      const notice = count === 0 ? undefined : `record: adding to ${tape}, which holds ${exchanges} already`
      return { fetch, notice, lost: () => lost }
    })
  )

/** Checks that a tape can be written, and counts its exchanges. */
const openTape = async (tape: string): Promise<number> => {
  const { appendFile, stat } = await import("node:fs/promises")
  await appendFile(tape, "")
  // A device or a pipe is not read, as it may be endless.
  return (await stat(tape)).isFile() ? (await Tape.read(tape)).length : 0
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** A latency with its name on the command line; `basis` says whether it was measured. */
export interface NamedLatency {
  readonly name: string
  readonly latency: Latency.Latency
  readonly basis: string
}

/** Converts a name of a scenario to that of the command line: `haiku45` to `haiku-4-5`. */
const dashed = (name: string): string => name.replace(/[A-Z]|\d/g, (character) => `-${character.toLowerCase()}`)

/** The latency names of the command line. */
export const latencyNames: ReadonlyArray<string> = [...Object.keys(profiles).map(dashed), "fixed:MILLIS"]

const basisOf = (name: string): string => {
  if (name === "byModel") return "each model's own: measured for Claude 4, a guess for Claude 5"
  if (name === "none") return "no time at all"
  return name.endsWith("55") ? "a guess, not measured" : "measured"
}

const normalized = (text: string): string => text.toLowerCase().replace(/^claude-|[-.]/g, "")

/** Finds a latency, ignoring case, dashes, dots and the prefix `claude-`. Fails with a message that lists the names. */
export const latencyNamed = (text: string): Effect.Effect<NamedLatency, string> => {
  const fixed = /^fixed:(\d+(?:\.\d+)?)$/.exec(text)
  if (fixed !== null) {
    const basis = "every call takes the same, chosen by hand"
    return Effect.succeed({ name: text, latency: Latency.fixed(Number(fixed[1])), basis })
  }
  const known = Object.entries(profiles).find(([name]) => normalized(name) === normalized(text))
  if (known === undefined) {
    return Effect.fail(`--latency ${text}: expected one of ${latencyNames.join(", ")}`)
  }
  const [name, latency] = known
  return Effect.succeed({ name: dashed(name), latency, basis: basisOf(name) })
}

const decode = Schema.decodeUnknownEffect(Scenario, { errors: "all", onExcessProperty: "error", reportInput: true })

/** Serves a scenario, or the examples, until the scope closes, and gives the URL. `fail` makes the error of a port in use. */
export const serve = <E>(
  scenario: unknown,
  options: ServeOptions,
  fail: (message: string) => E
): Effect.Effect<string, Schema.SchemaError | E, Scope.Scope> =>
  Effect.gen(function* () {
    const decoded = scenario === undefined ? examples : yield* decode(scenario)
    const claude = make({ scenario: decoded, ...(scenario === undefined && { latency: Latency.byModel }) })
    const listening = Effect.tryPromise({
      try: () => claude.serve(options),
      catch: (cause) => fail(`Cannot listen on ${options.host}:${options.port}: ${messageOf(cause)}`)
    })
    const { url } = yield* Effect.acquireRelease(listening, (server) => Effect.promise(() => server.close()))
    return url
  })
