import Anthropic from "@anthropic-ai/sdk"
import { fault, latency, mockClaude } from "fanfold/mocks"

const claude = mockClaude({ seed: 1, latency: latency.sonnet45, timeScale: 1 / 20, limits: { rpm: 50, itpm: 30_000 } })
claude
  .when({ user: /capital/ })
  .reply("Paris")
  .once()
claude.fault(fault.overloaded(), { times: 1 })

const client = new Anthropic({ apiKey: "any", fetch: claude.fetch })
const message = await client.messages.create({
  model: "claude-haiku-5-5",
  max_tokens: 100,
  messages: [{ role: "user", content: "What is the capital of France?" }]
})
console.log(message.content, claude.journal.attempts, claude.journal.verdict())
