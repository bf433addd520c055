/** The bin: wires the command line to Claude, and to the offline mock, which only it may import. */
import manifest from "../package.json" with { type: "json" }
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Effect, Layer, Redacted } from "effect"
import * as Claude from "./Claude.ts"
import { main } from "./cli/Command.ts"
import { usage } from "./cli/Failure.ts"
import { Ports } from "./cli/Ports.ts"
import * as Stack from "./layers/Stack.ts"

const noKey = () => usage("No key: set ANTHROPIC_API_KEY to your key, or add --offline for simulated answers")

const { env, stderr } = process
// Whoever reads standard error may leave before the run is over; the document still matters.
stderr.on("error", () => {})

const ports = Ports.of({
  terminal: Effect.succeed({
    output: stderr,
    mode: stderr.isTTY && env.TERM !== "dumb" ? "live" : "lines",
    color: stderr.isTTY && !env.NO_COLOR
  }),
  online: Effect.fnUntraced(function* (layers) {
    const apiKey = yield* Effect.mapError(Claude.apiKey, noKey)
    const baseUrl = yield* Effect.mapError(Claude.baseUrl, noKey)
    return Stack.layerWith({ ...layers, apiKey, baseUrl })
  }),
  offline: Effect.fnUntraced(function* (layers) {
    const { examples, latency, mockClaude } = yield* Effect.promise(() => import("fanfold/mocks"))
    const { fetch } = mockClaude({ scenario: examples, latency: latency.byModel })
    return Stack.layerWith({ ...layers, apiKey: Redacted.make("offline"), fetch })
  })
})

main(manifest.version).pipe(
  Effect.provide(Layer.mergeAll(NodeServices.layer, Layer.succeed(Ports, ports))),
  NodeRuntime.runMain({ disableErrorReporting: true })
)
