import Anthropic from "@anthropic-ai/sdk"
import { assert, describe, it } from "@effect/vitest"
import { clock, latency, mockClaude } from "fanfold/mocks"

describe("the engine", () => {
  it("holds 5,000 calls in flight at once, and answers each of them", async () => {
    const time = clock.manual(Date.now())
    const claude = mockClaude({ latency: latency.fixed(1500), clock: time })
    const client = new Anthropic({ apiKey: "offline", fetch: claude.fetch, maxRetries: 0 })
    const ask = async (index: number): Promise<string> => {
      const messages = [{ role: "user" as const, content: `Question ${index}?` }]
      return (await client.messages.create({ model: "claude-haiku-4-5", max_tokens: 100, messages })).id
    }
    const asked = Promise.all(Array.from({ length: 5000 }, (_, index) => ask(index)))
    while (claude.journal.inFlight < 5000) await new Promise((resolve) => setImmediate(resolve))
    await time.advance(1500)
    const ids = await asked
    assert.strictEqual(new Set(ids).size, 5000)
    assert.strictEqual(claude.journal.peakInFlight, 5000)
    assert.strictEqual(claude.journal.inFlight, 0)
  })
})
