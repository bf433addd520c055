import { NodeRuntime } from "@effect/platform-node"
import { Effect, Schema } from "effect"
import { Ask, Research, Stack, Synthesis } from "fanfold"

const Market = Schema.Struct({ euroPerYear: Schema.Finite, growthPercent: Schema.Finite })
const Memo = Schema.Struct({ verdict: Schema.Literals(["enter", "wait"]), because: Schema.String })

const program = Research.run(
  {
    market: Ask.object("How large is the EU heat-pump market?", Market),
    rivals: Ask.text("Who are the five largest makers, and what sets each apart?"),
    rules: Ask.text("Which EU rules for heat pumps change before 2028?")
  },
  { concurrency: 3 }
).pipe(Effect.flatMap(Synthesis.object("Should we enter this market? Weigh all three.", Memo)))
program.pipe(Effect.tap(Effect.log), Effect.provide(Stack.layerConfig()), NodeRuntime.runMain)
