import { assert, describe, it } from "@effect/vitest"
import { clock, latency, mockClaude } from "fanfold/mocks"
import * as SeededRandom from "../../../mocks/time/SeededRandom.ts"
import { body, post } from "../ask.ts"

/** Times to first token of 4,000 calls, sorted, with network and stalls. */
const firstTokens = (profile: latency.Latency, model = "m"): ReadonlyArray<number> =>
  Array.from({ length: 4000 }, (_, index) => {
    const random = SeededRandom.make(1, index, 1)
    return latency.times(profile, { model, user: "", inputTokens: 10, outputTokens: 100, random }).firstTokenMillis
  }).toSorted((a, b) => a - b)

const quantile = (sorted: ReadonlyArray<number>, share: number): number => sorted[Math.floor(sorted.length * share)]!

const median = (model: string): number => quantile(firstTokens(latency.byModel, model), 0.5)

describe("latency", () => {
  it.each([
    ["haiku45", latency.haiku45, 455],
    ["sonnet4", latency.sonnet4, 1110],
    ["sonnet45", latency.sonnet45, 1270]
  ] as const)("%s has the measured median plus the network", (_, profile, median) => {
    const sorted = firstTokens(profile)
    assert.isAtMost(Math.abs(quantile(sorted, 0.5) - (median + 174)) / median, 0.06)
    assert.isAbove(quantile(sorted, 0.99) / quantile(sorted, 0.5), 1.9)
  })

  it("uses the profile of the model", () => {
    assert.isBelow(median("claude-haiku-4-5"), median("claude-sonnet-4-5"))
    assert.isBelow(median("claude-sonnet-5-5"), median("claude-opus-5-5"))
  })

  it("spreads a stream over its tokens, with the total of the plain reply", async () => {
    const times: Array<number> = []
    for (const stream of [false, true]) {
      const time = clock.manual(0)
      const claude = mockClaude({
        latency: latency.fixed(1000, { firstTokenMillis: 400 }),
        clock: time,
        timeScale: 1 / 2
      })
      let arrived = 0
      let atHalf = 0
      const reading = post(claude.fetch, body("How long?", { stream })).then(async (response) => {
        for await (const chunk of response.body!) {
          arrived += chunk.length
          if (time.now() <= 350) atHalf = arrived
        }
        times.push(time.now())
      })
      for (let step = 0; step < 100; step++) await time.advance(10)
      await reading
      if (stream)
        assert.isTrue(atHalf > arrived * 0.4 && atHalf < arrived * 0.75, `${atHalf} of ${arrived} at half-time`)
      else assert.strictEqual(atHalf, 0)
    }
    assert.deepStrictEqual(times, [500, 500])
  })

  it("accepts any function, and is 0 by default", async () => {
    const claude = mockClaude({ latency: ({ outputTokens }) => outputTokens * 1000, timeScale: 0 })
    claude.when({}).reply("ok")
    await (await post(claude.fetch, body("Any?"))).text()
    assert.strictEqual(claude.journal.entries[0]?.plannedMillis, claude.journal.entries[0]!.outputTokens * 1000)
    const idle = mockClaude()
    await (await post(idle.fetch, body("Any?"))).text()
    assert.strictEqual(idle.journal.entries[0]?.plannedMillis, 0)
  })
})
