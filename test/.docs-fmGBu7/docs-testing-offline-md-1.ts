import { run } from "fanfold/promise"
import { mockClaude } from "fanfold/mocks"

const claude = mockClaude()
claude.when({ user: "shade" }).reply("Ferns.")
claude.when({ user: "May", part: "ask" }).reply({ $refusal: "bio" })

const { answers, gaps } = await run({
  asks: { shade: "What grows in shade?", may: "What is in season in May?" },
  policy: "best-effort",
  apiKey: "any",
  fetch: claude.fetch
})
console.log(
  answers.shade,
  gaps.map(({ message }) => message)
)
