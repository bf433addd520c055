import { Effect, Layer, Stream } from "effect"
import { LanguageModel } from "effect/ai"
import { Stack } from "fanfold"
import { layer } from "fanfold/LanguageModel"

const printed = LanguageModel.streamText({ prompt: "What grows in shade?" }).pipe(
  Stream.runForEach((part) =>
    Effect.sync(() => {
      if (part.type === "text-delta") process.stdout.write(part.delta)
    })
  )
)
await Effect.runPromise(printed.pipe(Effect.provide(layer().pipe(Layer.provide(Stack.layerConfig())))))
