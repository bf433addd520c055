/** What a user's own test looks like: their code over the SDK, no pipeline of fanfold in it. */
import Anthropic from "@anthropic-ai/sdk"
import { assert, it } from "vitest"
import { fault, latency, mockClaude } from "fanfold/mocks"

/** The user's code: summarises texts in parallel. */
const summarise = (client: Anthropic, texts: ReadonlyArray<string>): Promise<ReadonlyArray<string>> =>
  Promise.all(
    texts.map(async (text) => {
      const { content } = await client.messages.create({
        model: "claude-haiku-4-5",
        max_tokens: 200,
        messages: [{ role: "user", content: `Summarise: ${text}` }]
      })
      return content.map((block) => (block.type === "text" ? block.text : "")).join("")
    })
  )

it("summarises in parallel, and gets over an overload", async () => {
  const claude = mockClaude({ seed: 1, latency: latency.haiku45, timeScale: 1 / 50 })
  claude.when({ user: /whale/i }).reply("About a whale.")
  claude.when({ user: /war/i }).reply("About a war.")
  claude.fault(fault.overloaded(), { times: 1 })

  const client = new Anthropic({ apiKey: "offline", fetch: claude.fetch })
  const summaries = await summarise(client, ["Call me Ishmael. The whale …", "Well, Prince, the war …"])

  assert.deepStrictEqual(summaries, ["About a whale.", "About a war."])
  assert.strictEqual(claude.journal.peakInFlight, 2)
  assert.strictEqual(claude.journal.attempts, 3)
  assert.deepStrictEqual(claude.journal.verdict().problems, [])
})
