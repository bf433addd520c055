/** `fanfold mock`: serves the offline Claude over HTTP, for programs in any language. */
import { Console, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import * as PlanFile from "../plan/PlanFile.ts"
import { Failure, usageError } from "./ExitCode.ts"
import { ProcessServices } from "./ProcessServices.ts"

const port = Flag.Int("port").pipe(
  Flag.withMetavar("n"),
  Flag.withDescription("Port to listen on; 0 takes a free one"),
  Flag.withDefault(4010)
)

const host = Flag.String("host").pipe(
  Flag.withMetavar("address"),
  Flag.withDescription("Address to listen on; only this machine reaches the default"),
  Flag.withDefault("127.0.0.1")
)

const scenario = Flag.String("scenario").pipe(
  Flag.withMetavar("file"),
  Flag.withDescription("Replies, latency, limits and faults, as .yaml, .json or .toml"),
  Flag.optional
)

/** The scenario as data, still to be decoded, and how its issues become an error; without a file the mock plays the example plans. */
const readScenario = Effect.fnUntraced(function* (file: Option.Option<string>) {
  if (Option.isNone(file)) return { value: undefined, toFailure: () => usageError("") }
  const name = file.value
  const text = yield* Effect.mapError(PlanFile.readText(name), (why) => usageError(`${name}: ${why}`))
  const source = yield* Effect.mapError(PlanFile.parseSource(name, text), ({ message }) => usageError(message))
  return {
    value: source.value,
    toFailure: (issues: Parameters<typeof PlanFile.locate>[2]) =>
      usageError(PlanFile.locate(name, source, issues).message)
  }
})

export const mock = Command.make(
  "mock",
  { port, host, scenario },
  Effect.fnUntraced(function* (flags) {
    const { serveMock } = yield* ProcessServices
    const { toFailure, value } = yield* readScenario(flags.scenario)
    const serve = Effect.gen(function* () {
      const url = yield* Effect.mapError(serveMock(value, flags), (error) =>
        error instanceof Failure ? error : toFailure(error)
      )
      yield* Console.log(url)
      yield* Console.error(
        `The offline Claude listens: set ANTHROPIC_BASE_URL=${url}. GET ${url}/ lists its paths. Ctrl-C ends it.`
      )
      return yield* Effect.never
    })
    return yield* Effect.scoped(serve)
  })
).pipe(
  Command.withDescription("Serve an offline Claude over HTTP: simulated answers, faults and limits"),
  Command.withExamples([
    { command: "fanfold mock --port 4010 --scenario scenario.yaml", description: "Play a scenario of your own" }
  ])
)
