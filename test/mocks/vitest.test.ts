import Anthropic from "@anthropic-ai/sdk"
import { afterEach, assert, describe, it, vi } from "vitest"
import { fault, latency, useMockClaude } from "fanfold/mocks/vitest"
import { ask, body, post, textOf } from "./ask.ts"

const params = {
  model: "claude-haiku-4-5",
  max_tokens: 100,
  messages: [{ role: "user" as const, content: "What is the capital of France?" }]
}

describe("useMockClaude", () => {
  const claude = useMockClaude({ unmatched: "error" })

  it("gives the tests of a file one mock", async () => {
    claude.when({}).reply("Paris")
    assert.strictEqual(textOf(await ask(claude.fetch, "x")), "Paris")
  })

  it("forgets the replies of the test before", async () => {
    assert.strictEqual(claude.journal.attempts, 0)
    assert.match((await ask(claude.fetch, "x")).error.message, /no reply is registered/)
  })
})

describe("a test whose client makes a mistake", () => {
  const claude = useMockClaude()

  it.fails("fails with it: a 400 is tried again", async () => {
    await post(claude.fetch, body("x", { max_tokens: -1 })).then((response) => response.text())
    await post(claude.fetch, body("x", { max_tokens: -1 })).then((response) => response.text())
  })

  it("does not fail the next one", async () => {
    assert.strictEqual((await ask(claude.fetch, "x")).stop_reason, "end_turn")
  })
})

describe("a mock that does not judge", () => {
  const claude = useMockClaude({ judge: false })

  it("lets a mistake pass", async () => {
    for (let count = 0; count < 2; count++) await (await post(claude.fetch, body("x", { max_tokens: -1 }))).text()
    assert.isFalse(claude.journal.verdict().ok)
  })
})

describe("with fake timers", () => {
  const claude = useMockClaude({ latency: latency.fixed(60_000) })
  afterEach(() => void vi.useRealTimers())

  it("latencies pass as the test advances them", async () => {
    vi.useFakeTimers()
    claude.when({}).reply("Paris")
    let text: string | undefined
    const asked = ask(claude.fetch, "x").then((message) => (text = textOf(message)))
    await vi.advanceTimersByTimeAsync(59_000)
    assert.isUndefined(text)
    await vi.advanceTimersByTimeAsync(1001)
    await asked
    assert.strictEqual(text, "Paris")
  })

  it("the SDK's own retries pass too", async () => {
    vi.useFakeTimers()
    claude.fault(fault.rateLimit({ retryAfter: 30 }), { times: 1 })
    const client = new Anthropic({ apiKey: "offline", fetch: claude.fetch })
    const asked = client.messages.create(params)
    await vi.advanceTimersByTimeAsync(120_000)
    assert.strictEqual((await asked).stop_reason, "end_turn")
    assert.strictEqual(claude.journal.attempts, 2)
  })
})

describe("with stubFetch", () => {
  const claude = useMockClaude({ stubFetch: true })
  const { fetch: original } = globalThis

  it("code that takes no fetch reaches the mock", async () => {
    claude.when({}).reply("Paris")
    const message = await new Anthropic({ apiKey: "offline", baseURL: "https://api.anthropic.com" }).messages.create(
      params
    )
    assert.strictEqual(textOf(message), "Paris")
    assert.notStrictEqual(globalThis.fetch, original)
  })

  it.each(["one", "another"])("and each test anew: %s", async (name) => {
    assert.match(textOf(await ask(globalThis.fetch, name)), /^Simulated/)
    assert.strictEqual(claude.journal.attempts, 1)
  })
})
