/** The bin: wires the command line to Claude, and to the offline mock and the benchmark, which only it may import. */
import manifest from "../package.json" with { type: "json" }
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Effect, Layer, Redacted } from "effect"
import * as Claude from "./claude/Claude.ts"
import { main } from "./cli/Command.ts"
import { usage } from "./cli/ExitCode.ts"
import { Ports } from "./cli/ProcessServices.ts"
import { issuesOf } from "./options/Issue.ts"
import * as Stack from "./layers/Stack.ts"

const noKey = () => usage("No key: set ANTHROPIC_API_KEY to your key, or add --offline for simulated answers")
const mocks = Effect.promise(() => import("fanfold/mocks"))
const { env, stderr } = process
// Whoever reads standard error may leave before the run is over; the document still matters.
stderr.on("error", () => {})
// A terminal that is closed ends a run like Ctrl-C, so that its answers are kept.
process.on("SIGHUP", () => process.emit("SIGTERM"))

const ports = Ports.of({
  terminal: Effect.succeed({
    output: stderr,
    mode: stderr.isTTY && env.TERM !== "dumb" ? "live" : "lines",
    color: stderr.isTTY && !env.NO_COLOR
  }),
  reach: Effect.fnUntraced(function* (way, layers) {
    if (way.offline || way.replay !== undefined) {
      const { Stage } = yield* mocks
      const simulation = yield* Effect.mapError(Stage.simulate(way.replay), usage)
      const claude = Stack.layer({ ...layers, apiKey: Redacted.make("offline"), fetch: simulation.fetch })
      return { claude, notice: simulation.notice, simulated: true, lost: Effect.succeed(undefined) }
    }
    const apiKey = yield* Effect.mapError(Claude.apiKey, noKey)
    const baseUrl = yield* Effect.mapError(Claude.baseUrl, ({ cause }) => usage(cause.message))
    const { record } = way
    const recording = record === undefined ? undefined : (yield* mocks).Stage.record(record, baseUrl)
    const taped = recording === undefined ? undefined : yield* Effect.mapError(recording, usage)
    const claude = Stack.layer({ ...layers, apiKey, baseUrl, fetch: taped?.fetch })
    return { claude, notice: taped?.notice, simulated: false, lost: Effect.sync(() => taped?.lost()) }
  }),
  serve: (scenario, address) =>
    Effect.flatMap(mocks, ({ Stage }) => Stage.serve(scenario, address, usage)).pipe(
      Effect.catchTag("SchemaError", (error) => Effect.fail(issuesOf(error)))
    ),
  bench: Effect.fnUntraced(function* (subject, measuring, tell) {
    const { Stage } = yield* mocks
    const latency = yield* Effect.mapError(Stage.latencyNamed(measuring.latency), (message) =>
      usage(`${message}\nTry: fanfold bench --help`)
    )
    const { measure } = yield* Effect.promise(() => import("../bench/plan/PlanBench.ts"))
    return yield* measure(subject, { ...measuring, latency, version: manifest.version }, tell)
  })
})

main(manifest.version).pipe(
  Effect.provide(Layer.mergeAll(NodeServices.layer, Layer.succeed(Ports, ports))),
  NodeRuntime.runMain({ disableErrorReporting: true })
)
