import { assert, describe, it } from "@effect/vitest"
import { clock, mockClaude } from "fanfold/mocks"
import { body, post } from "../ask.ts"

const start = Date.UTC(2026, 10, 22, 12)
const header = (response: Response, name: string): string | null => response.headers.get(`anthropic-ratelimit-${name}`)

describe("rate limits", () => {
  it("reject a request above the bucket's level, with retry-after in whole seconds, and refill continuously", async () => {
    const time = clock.manual(start)
    const { fetch } = mockClaude({ clock: time, limits: { rpm: 2 } })
    assert.strictEqual((await post(fetch, body("1"))).status, 200)
    const second = await post(fetch, body("2"))
    assert.strictEqual(header(second, "requests-remaining"), "0")
    assert.strictEqual(header(second, "requests-reset"), "2026-11-22T12:01:00Z")
    const third = await post(fetch, body("3"))
    assert.deepStrictEqual(
      [third.status, third.headers.get("retry-after"), third.headers.get("x-should-retry")],
      [429, "30", "true"]
    )
    assert.match((await third.json()).error.message, /rate limit of 2 requests per minute/)
    await time.advance(29_000)
    assert.strictEqual((await post(fetch, body("4"))).headers.get("retry-after"), "1")
    await time.advance(1000)
    assert.strictEqual((await post(fetch, body("5"))).status, 200)
  })

  it("report thousands of tokens, and 1970 for a bucket that a rejected request did not take from", async () => {
    const time = clock.manual(start)
    const { fetch } = mockClaude({ clock: time, limits: { rpm: 50, itpm: 30_000, otpm: 8_000 } })
    const long = "word ".repeat(20_000)
    assert.strictEqual(header(await post(fetch, body(long)), "input-tokens-remaining"), "7000")
    const rejected = await post(fetch, body(`${long}?`))
    assert.deepStrictEqual(
      [rejected.status, header(rejected, "input-tokens-limit"), header(rejected, "tokens-reset")],
      [429, "30000", "1970-01-01T00:00:00Z"]
    )
    const fresh = mockClaude({ clock: time, limits: { itpm: 1_000, otpm: 8_000 } })
    const untouched = await post(fresh.fetch, body(long))
    assert.strictEqual(header(untouched, "output-tokens-reset"), "1970-01-01T00:00:00Z")
    assert.strictEqual(header(untouched, "output-tokens-remaining"), "8000")
  })

  it("count output after the reply, so that a level may become negative", async () => {
    const time = clock.manual(start)
    const claude = mockClaude({ clock: time, limits: { otpm: 60 } })
    claude.when({}).reply("word ".repeat(100))
    assert.strictEqual((await post(claude.fetch, body("1"))).status, 200)
    const rejected = await post(claude.fetch, body("2"))
    assert.strictEqual(rejected.status, 429)
    assert.isAbove(Number(rejected.headers.get("retry-after")), 50)
  })

  it("are shared by a model class, not by classes", async () => {
    const { fetch } = mockClaude({ limits: { rpm: 1 } })
    assert.strictEqual((await post(fetch, body("1", { model: "claude-sonnet-4-5" }))).status, 200)
    assert.strictEqual((await post(fetch, body("2", { model: "claude-sonnet-4-6" }))).status, 429)
    assert.strictEqual((await post(fetch, body("3", { model: "claude-sonnet-5-5" }))).status, 200)
  })

  it("do not count tokens read from the cache", async () => {
    const time = clock.manual(start)
    const { fetch } = mockClaude({ clock: time, limits: { itpm: 30_000 } })
    const system = [{ type: "text", text: "word ".repeat(20_000), cache_control: { type: "ephemeral" } }]
    for (const question of ["1", "2", "3"])
      assert.strictEqual((await post(fetch, body(question, { system }))).status, 200)
  })

  it("reject a steep increase with `acceleration`, and bursts with `burstSeconds`", async () => {
    const { fetch } = mockClaude({ limits: { acceleration: { factor: 2, floor: 3 } } })
    const statuses = []
    for (let index = 0; index < 5; index++) statuses.push((await post(fetch, body(`${index}`))).status)
    assert.deepStrictEqual(statuses, [200, 200, 200, 429, 429])
    const bursty = mockClaude({ clock: clock.manual(start), limits: { rpm: 60, burstSeconds: 1 } })
    assert.deepStrictEqual(
      [(await post(bursty.fetch, body("1"))).status, (await post(bursty.fetch, body("2"))).status],
      [200, 429]
    )
  })

  it("do not count a use of the registered reply", async () => {
    const time = clock.manual(start)
    const claude = mockClaude({ clock: time, limits: { rpm: 1 } })
    claude.when({ user: "second" }).reply("kept").once()
    await post(claude.fetch, body("first"))
    assert.strictEqual((await post(claude.fetch, body("second"))).status, 429)
    await time.advance(60_000)
    assert.include(await (await post(claude.fetch, body("second"))).text(), "kept")
  })
})
