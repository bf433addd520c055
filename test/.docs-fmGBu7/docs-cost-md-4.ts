import { run } from "fanfold/promise"

const { estimatedCostUsd, spent, usage } = await run({
  asks: { shade: "What grows in shade?", may: "What is in season in May?" },
  synthesis: "Plan my garden"
})
console.log(
  estimatedCostUsd,
  spent.asks["shade"]?.estimatedCostUsd,
  spent.synthesis?.usage.outputTokens,
  usage.inputTokens
)
