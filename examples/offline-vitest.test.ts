/** The same with the helper for Vitest: one mock for the file, judged and reset after each test. */
import Anthropic from "@anthropic-ai/sdk"
import { afterEach, assert, it, vi } from "vitest"
import { fault, latency, useMockClaude } from "fanfold/mocks/vitest"

const claude = useMockClaude({ unmatched: "error", latency: latency.fixed(2000) })
const client = new Anthropic({ apiKey: "offline", fetch: claude.fetch })
afterEach(() => void vi.useRealTimers())

/** The user's code. */
const capitalOf = async (country: string): Promise<string> => {
  const { content } = await client.messages.create({
    model: "claude-haiku-5-5",
    max_tokens: 50,
    messages: [{ role: "user", content: `What is the capital of ${country}?` }]
  })
  return content.map((block) => (block.type === "text" ? block.text : "")).join("")
}

it("gets over an overload, in no time", async () => {
  vi.useFakeTimers()
  claude.when({ user: /France/ }).reply("Paris")
  claude.fault(fault.overloaded(), { times: 1 })
  const capital = capitalOf("France")
  await vi.advanceTimersByTimeAsync(20_000)
  assert.strictEqual(await capital, "Paris")
  assert.strictEqual(claude.journal.attempts, 2)
})

it("asks for nothing that no reply was written for", async () => {
  const error: unknown = await capitalOf("Peru").catch((cause: unknown) => cause)
  assert.match(String(error), /no reply is registered.*Peru/)
})
