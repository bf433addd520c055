/** The process of the command line: provides Claude, the offline mock and the benchmark, which only this file may import. */
import manifest from "../package.json" with { type: "json" }
import { NodeFileSystem, NodePath, NodeRuntime, NodeStdio, NodeTerminal } from "@effect/platform-node"
import { type Config, Effect, Layer, Redacted } from "effect"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Batches from "./claude/Batches.ts"
import * as Claude from "./claude/Claude.ts"
import * as Clouds from "./claude/Clouds.ts"
import * as Provider from "./claude/Provider.ts"
import { main } from "./cli/Command.ts"
import { teardown, usageError } from "./cli/ExitCode.ts"
import { ProcessServices } from "./cli/ProcessServices.ts"
import { simulated } from "./journal/Journal.ts"
import * as Stack from "./layers/Stack.ts"
import { issuesOf } from "./options/Issue.ts"

const keyError = ({ cause }: Config.ConfigError) =>
  usageError(
    cause._tag === "SourceError"
      ? cause.message
      : "No key: set ANTHROPIC_API_KEY to your key, or add --offline for simulated answers"
  )
const account = Effect.gen(function* () {
  const apiKey = yield* Effect.mapError(Claude.apiKey, keyError)
  return { apiKey, baseUrl: yield* Effect.mapError(Claude.baseUrl, ({ cause }) => usageError(cause.message)) }
})
const mocks = Effect.promise(() => import("fanfold/mocks"))
const { env, stderr } = process
// If the reader of standard error closes it, writing fails with EPIPE; the run goes on, as its document matters more.
stderr.on("error", () => {})
// Closing the terminal ends a run as Ctrl-C does, so that its answers are saved.
process.on("SIGHUP", () => process.emit("SIGTERM"))

const services = ProcessServices.of({
  terminal: Effect.succeed({
    output: stderr,
    mode: stderr.isTTY && env.TERM !== "dumb" ? "live" : "lines",
    color: stderr.isTTY && !env.NO_COLOR
  }),
  connect: Effect.fnUntraced(function* ({ offline, record, replay }, layers) {
    if (offline || replay !== undefined) {
      const { Stage } = yield* mocks
      const simulation = yield* Effect.mapError(Stage.simulate(replay), usageError)
      const connection = { apiKey: Redacted.make("offline"), fetch: simulation.fetch }
      const options = { ...layers, ...connection }
      return {
        claude: (added) => Stack.layer({ ...options, ...added }),
        delivery: (given, run) => Stack.layerDelivery(given, run, connection),
        source: offline ? simulated : undefined,
        notice: simulation.notice,
        simulated: true,
        tapeError: Effect.succeed(undefined)
      }
    }
    const cloud = Provider.cloudOf(layers.provider)
    if (cloud !== undefined) {
      if (record !== undefined) return yield* usageError(`--record: only what is sent to the API can be recorded`)
      const client = yield* Effect.mapError(Clouds.connect(cloud, layers.transport), ({ message }) =>
        usageError(message)
      )
      return {
        claude: (added) => Stack.layer({ ...layers, ...added, ...client }),
        delivery: (given, run) => Stack.layerDelivery(given, run, client),
        source: client.client.baseURL,
        notice: undefined,
        simulated: false,
        tapeError: Effect.succeed(undefined)
      }
    }
    const { apiKey, baseUrl } = yield* account
    yield* Claude.loadAhead
    const recorder = record === undefined ? undefined : (yield* mocks).Stage.record(record, baseUrl)
    const recording = recorder === undefined ? undefined : yield* Effect.mapError(recorder, usageError)
    return {
      claude: (added) => Stack.layer({ ...layers, ...added, apiKey, baseUrl, fetch: recording?.fetch }),
      delivery: (given, run) => Stack.layerDelivery(given, run, { apiKey, baseUrl, fetch: recording?.fetch }),
      source: baseUrl ?? Claude.defaultBaseUrl,
      notice: recording?.notice,
      simulated: false,
      tapeError: Effect.sync(() => recording?.lost())
    }
  }),
  batches: Effect.fnUntraced(function* (source) {
    if (source === simulated) return yield* usageError("Simulated batches have ended with their process")
    const { apiKey, baseUrl } = yield* account
    if (source !== (baseUrl ?? Claude.defaultBaseUrl)) {
      return yield* usageError(`It has asked ${source}: set ANTHROPIC_BASE_URL to that`)
    }
    return yield* Batches.make({ apiKey, baseUrl })
  }),
  serveMock: (scenario, address) =>
    Effect.flatMap(mocks, ({ Stage }) => Stage.serve(scenario, address, usageError)).pipe(
      Effect.catchTag("SchemaError", (error) => Effect.fail(issuesOf(error)))
    ),
  measure: Effect.fnUntraced(function* (subject, options, onStep) {
    const { Stage } = yield* mocks
    const latency = yield* Effect.mapError(Stage.latencyNamed(options.latency), (message) =>
      usageError(`${message}\nTry: fanfold bench --help`)
    )
    const { measure } = yield* Effect.promise(() => import("../bench/plan/PlanBench.ts"))
    return yield* measure(subject, { ...options, latency, version: manifest.version }, onStep)
  })
})

/** `NodeServices` without Node's `child_process`, which takes some milliseconds to load: no verb starts a process. */
const node = Layer.mergeAll(
  NodeFileSystem.layer,
  NodePath.layer,
  NodeStdio.layer,
  NodeTerminal.layer,
  Layer.succeed(
    ChildProcessSpawner.ChildProcessSpawner,
    ChildProcessSpawner.make(() => Effect.die("no verb starts a process"))
  )
)

main(manifest.version).pipe(
  Effect.provide(Layer.merge(node, Layer.succeed(ProcessServices, services))),
  NodeRuntime.runMain({ disableErrorReporting: true, teardown })
)
