import { assert, describe, it } from "@effect/vitest"
import { clock, latency, mockClaude } from "fanfold/mocks"
import { body, post } from "../ask.ts"

const document = "A sentence of the shared document. ".repeat(1000)
const system = (text = document, ttl?: string) => [
  { type: "text", text, cache_control: { type: "ephemeral", ...(ttl === undefined ? {} : { ttl }) } }
]

/** Asks, and gives the tokens read and created. */
const reader = (fetch: typeof globalThis.fetch) => async (question: string, more: object) => {
  const { usage } = await (await post(fetch, body(question, more))).json()
  return { read: usage.cache_read_input_tokens, created: usage.cache_creation_input_tokens, usage }
}

describe("the prompt cache", () => {
  it("can be read once the first response begins, not before", async () => {
    const time = clock.manual(0)
    const { fetch } = mockClaude({ clock: time, latency: latency.fixed(1000, { firstTokenMillis: 400 }) })
    const ask = reader(fetch)
    const leader = ask("Lead?", { system: system() })
    const sibling = ask("Cold sibling?", { system: system() })
    await time.advance(399)
    const early = ask("Just too early?", { system: system() })
    await time.advance(2)
    const follower = ask("Follow?", { system: system() })
    await time.advance(3000)
    const size = (await leader).created
    assert.isAbove(size, 4096)
    assert.deepStrictEqual(
      (await Promise.all([leader, sibling, early, follower])).map(({ created, read }) => [created, read]),
      [
        [size, 0],
        [size, 0],
        [size, 0],
        [0, size]
      ]
    )
  })

  it("reports input, creation and read tokens that add up to count_tokens", async () => {
    const { fetch } = mockClaude()
    const ask = reader(fetch)
    for (const _ of ["cold", "warm"]) {
      const { usage } = await ask("How much?", { system: system(document, "1h") })
      const counted = await fetch("https://api.anthropic.com/v1/messages/count_tokens", {
        method: "POST",
        headers: { "x-api-key": "offline", "anthropic-version": "2026-10-21" },
        body: JSON.stringify({ ...body("How much?", { system: system(document, "1h") }), max_tokens: undefined })
      })
      const sum = usage.input_tokens + usage.cache_creation_input_tokens + usage.cache_read_input_tokens
      assert.strictEqual(sum, (await counted.json()).input_tokens)
      assert.strictEqual(usage.cache_creation.ephemeral_1h_input_tokens, usage.cache_creation_input_tokens)
    }
  })

  it("skips short prefixes, expires, and is separate for each model", async () => {
    const time = clock.manual(0)
    const ask = reader(mockClaude({ clock: time }).fetch)
    assert.deepInclude(await ask("1?", { system: system("short") }), { created: 0, read: 0 })
    await ask("2?", { system: system() })
    await time.advance(4 * 60_000)
    assert.isAbove((await ask("3?", { system: system() })).read, 0)
    assert.strictEqual((await ask("4?", { system: system(), model: "claude-sonnet-5" })).read, 0)
    await time.advance(5 * 60_000 + 1)
    assert.strictEqual((await ask("5?", { system: system() })).read, 0)
  })
})
