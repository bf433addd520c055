import { Effect } from "effect"
import { Ask, Research, Stack, Synthesis } from "fanfold"

const asks = { sun: Ask.text("What grows in sun?"), shade: Ask.text("What grows in shade?") }
const document = Research.run(asks).pipe(
  Effect.flatMap(Synthesis.text("Write a planting plan.", { citations: true, fanIn: 20, window: 200_000 })),
  Effect.provide(Stack.layerConfig())
)
console.log(await Effect.runPromise(document))
