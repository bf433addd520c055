import { Effect } from "effect"
import { Ask, Stack } from "fanfold"

const answer = Ask.text("What grows in shade?", { maxTokens: 200 }).pipe(
  Effect.catchReason("AskError", "Truncated", (_reason, error) => Effect.succeed(`${error.partialText} …`))
)
console.log(await Effect.runPromise(answer.pipe(Effect.provide(Stack.layerConfig()))))
