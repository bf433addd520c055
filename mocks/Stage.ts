/** What a command line needs of the mock: simulated answers, a tape, and a server, with errors as text for people. */
import { Effect, Schema, type Scope } from "effect"
import * as Latency from "./time/Latency.ts"
import { make } from "./MockClaude.ts"
import { record as recordTape } from "./tape/Record.ts"
import { replay } from "./tape/Replay.ts"
import { profiles, Scenario } from "./scenarios/Scenario.ts"
import { examples } from "./scenarios/examples.ts"
import type { ServeOptions } from "./Server.ts"
import * as Tape from "./tape/Tape.ts"

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
    catch: (cause) => `--replay ${tape}: ${messageOf(cause)}`
  }).pipe(Effect.map(({ fetch }) => ({ fetch, notice: `replay: recorded answers of ${tape}` })))
}

/** A `fetch` that keeps what it brings; `notice` says what the tape holds already, `lost` why it is incomplete. */
export interface Recording {
  readonly fetch: typeof globalThis.fetch
  readonly notice: string | undefined
  readonly lost: () => string | undefined
}

/**
 * Passes on to `upstream`, and keeps what it brings on a tape. A tape that cannot be written, and a file that is none, are
 * told before anything is sent.
 */
export const record = (tape: string, upstream: string | undefined): Effect.Effect<Recording, string> =>
  Effect.tryPromise({ try: () => begin(tape), catch: (cause) => `--record ${tape}: ${messageOf(cause)}` }).pipe(
    Effect.map((kept) => {
      let lost: string | undefined
      const onLost = (error: unknown): void => {
        lost = `The tape ${tape} is incomplete: ${messageOf(error)}`
      }
      const { fetch } = recordTape(tape, { onLost, ...(upstream !== undefined && { upstream }) })
      const exchanges = `${kept} ${kept === 1 ? "exchange" : "exchanges"}`
      const notice = kept === 0 ? undefined : `record: adding to ${tape}, which holds ${exchanges} already`
      return { fetch, notice, lost: () => lost }
    })
  )

/** Makes sure that a tape can be written, and counts what it holds. */
const begin = async (tape: string): Promise<number> => {
  const { appendFile, stat } = await import("node:fs/promises")
  await appendFile(tape, "")
  // A device or a pipe holds nothing, or has no end.
  return (await stat(tape)).isFile() ? (await Tape.read(tape)).length : 0
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** A latency by its name on a command line; `basis` says how far it is measured. */
export interface NamedLatency {
  readonly name: string
  readonly latency: Latency.Latency
  readonly basis: string
}

/** The scenario's `haiku45` is `haiku-4-5` on a command line, like the model. */
const dashed = (name: string): string => name.replace(/[A-Z]|\d/g, (character) => `-${character.toLowerCase()}`)

/** What a command line may call a latency. */
export const latencyNames: ReadonlyArray<string> = [...Object.keys(profiles).map(dashed), "fixed:MILLIS"]

const basisOf = (name: string): string => {
  if (name === "byModel") return "each model's own: measured for Claude 4, a guess for Claude 5"
  if (name === "none") return "no time at all"
  return name.endsWith("55") ? "a guess, not measured" : "measured"
}

const lettersOf = (text: string): string => text.toLowerCase().replace(/^claude-|[-.]/g, "")

/** Finds a latency, or fails with a message that lists the names. Case, dashes and a model's `claude-` do not count. */
export const latencyNamed = (text: string): Effect.Effect<NamedLatency, string> => {
  const fixed = /^fixed:(\d+(?:\.\d+)?)$/.exec(text)
  if (fixed !== null) {
    const basis = "every call takes the same, chosen by hand"
    return Effect.succeed({ name: text, latency: Latency.fixed(Number(fixed[1])), basis })
  }
  const known = Object.entries(profiles).find(([name]) => lettersOf(name) === lettersOf(text))
  if (known === undefined) {
    return Effect.fail(`--latency ${text}: expected one of ${latencyNames.join(", ")}`)
  }
  const [name, latency] = known
  return Effect.succeed({ name: dashed(name), latency, basis: basisOf(name) })
}

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
      catch: (cause) => fail(`Cannot listen on ${options.host}:${options.port}: ${messageOf(cause)}`)
    })
    const { url } = yield* Effect.acquireRelease(listening, (server) => Effect.promise(() => server.close()))
    return url
  })
