import { run } from "fanfold/promise"
import { fault, mockClaude } from "fanfold/mocks"

const claude = mockClaude({ seed: 7 })
claude.fault(fault.cut({ afterDeltas: 2 }), { when: { part: "synthesis" }, attempts: 1 })
claude.fault(fault.unavailable(), { probability: 0.1 })

const { document } = await run({
  asks: { shade: "What grows in shade?", may: "What is in season in May?" },
  synthesis: "Plan my garden",
  apiKey: "any",
  fetch: claude.fetch
})
console.log(document, claude.journal.attempts)
