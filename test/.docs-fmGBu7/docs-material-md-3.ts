import { Ask, run } from "fanfold/promise"

const { answers } = await run({
  context: [{ file: "contract.pdf", title: "Service agreement", citations: true }],
  asks: {
    risk: "Who bears the risk? Which limits of liability and indemnities are there?",
    law: Ask.text("Which law governs the agreement, and how are disputes settled?", { maxTokens: 500 })
  }
})
console.log(answers.risk)
