import { Effect, Layer } from "effect"
import { Ask, Research, Stack, Telemetry } from "fanfold"

const live = Layer.merge(Stack.layerConfig(), Telemetry.layer({ name: "garden" }))
const research = Research.run({ shade: Ask.text("What grows in shade?"), may: Ask.text("What is in season in May?") })
console.log((await Effect.runPromise(Effect.provide(research, live))).answers)
