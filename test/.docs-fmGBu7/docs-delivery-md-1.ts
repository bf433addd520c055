import { Effect, Redacted } from "effect"
import { Ask, Research, Stack } from "fanfold"

const program = Research.run(
  { shade: Ask.text("What grows in shade?"), may: Ask.text("What is in season in May?") },
  { policy: { atLeast: 1 }, deadline: "10 minutes", concurrency: 8 }
)
const apiKey = Redacted.make(process.env["ANTHROPIC_API_KEY"]!)
const stack = Stack.layer({ apiKey, baseUrl: process.env["ANTHROPIC_BASE_URL"], budget: { usd: 0.5 }, hedge: {} })
const { answers } = await Effect.runPromise(program.pipe(Effect.provide(stack)))
console.log(answers.shade ?? answers.may)
