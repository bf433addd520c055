import { run } from "fanfold/promise"

const { answers, gaps } = await run({
  asks: { shade: "What grows in shade?", may: "What is in season in May?" },
  policy: "best-effort",
  deadline: "10 minutes",
  defaults: { model: ["claude-sonnet-5-5", "claude-haiku-5-5"], maxTokens: 1000 },
  retry: { maxWait: 30_000 },
  hedge: { after: "p95" },
  budget: 0.5
})
console.log(answers.shade ?? "no answer", gaps.length)
