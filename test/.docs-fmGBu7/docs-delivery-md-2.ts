import { Effect } from "effect"
import { Ask, Research, Stack } from "fanfold"

const program = Research.run([Ask.text("What grows in shade?"), Ask.text("What is in season in May?")]).pipe(
  Effect.catchTag("ResearchError", (error) => Effect.succeed(error.findings)),
  Effect.map(({ answers: [shade, may] }) => ({ shade, may }))
)
console.log(await Effect.runPromise(program.pipe(Effect.provide(Stack.layerConfig()))))
