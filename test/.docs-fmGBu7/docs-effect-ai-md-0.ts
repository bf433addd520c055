import { Effect, Layer, Schema } from "effect"
import { LanguageModel } from "effect/ai"
import { Stack } from "fanfold"
import { layer } from "fanfold/LanguageModel"

const Market = Schema.Struct({ euroPerYear: Schema.Finite, growthPercent: Schema.Finite })
const program = Effect.gen(function* () {
  const { text, usage } = yield* LanguageModel.generateText({ prompt: "Who makes the most heat pumps?" })
  const { value } = yield* LanguageModel.generateObject({ prompt: "How large is the market?", schema: Market })
  return { text, value, outputTokens: usage.outputTokens.total }
})
const stack = Stack.layerConfig({ budget: 0.5, retry: { maxWait: "30 seconds" } })
const model = layer({ maxTokens: 1000 }).pipe(Layer.provide(stack))
console.log(await Effect.runPromise(program.pipe(Effect.provide(model))))
