import { Effect } from "effect"
import { Ask, Research, Stack } from "fanfold"

const program = Research.run({ shade: Ask.text("What grows in shade?"), may: Ask.text("What is in season in May?") })
const claude = Stack.layerConfig({ journal: { keepFor: "90 days" }, reuse: "7 days" })
const { answers } = await Effect.runPromise(program.pipe(Effect.provide(claude)))
console.log(answers.shade)
