/** How long Retry waits, under virtual time: what the API names, and its own backoff otherwise. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { overloaded, reply, script } from "../FakeClaude.ts"
import { attempts, limited } from "./Attempts.ts"

const between = (value: number | undefined, least: number, most: number) => {
  assert.isDefined(value)
  assert.isAtLeast(value, least)
  assert.isAtMost(value, most)
}

describe("Retry", () => {
  it.effect("never comes back before retry-after is over, and at most a tenth later", () =>
    Effect.gen(function* () {
      for (let n = 0; n < 20; n++) {
        const { events, gaps } = yield* attempts({}, script(limited(16_000), reply("yes")))
        between(gaps[0], 16_000, 17_600)
        const retrying = events.find(({ _tag }) => _tag === "Retrying")
        assert(retrying?._tag === "Retrying")
        assert.strictEqual(retrying.delayMillis, gaps[0])
        assert.strictEqual(retrying.reason, "RateLimited")
      }
    })
  )

  it.effect("backs off from half a second, doubling, with jitter, up to the longest wait", () =>
    Effect.gen(function* () {
      const seen = new Set<number>()
      for (let n = 0; n < 20; n++) {
        const { gaps } = yield* attempts({ attempts: 12 }, script(overloaded()))
        assert.strictEqual(gaps.length, 11)
        for (const [index, gap] of gaps.entries()) {
          const step = Math.min(500 * 2 ** index, 60_000)
          between(gap, step * 0.8, step * 1.2)
        }
        seen.add(gaps[0]!)
      }
      assert.isAbove(seen.size, 10)
      const { gaps } = yield* attempts({ attempts: 6, maxWait: "2 seconds" }, script(overloaded()))
      for (const gap of gaps.slice(2)) between(gap, 1600, 2400)
    })
  )

  it.effect("a 429 without a time waits the backoff", () =>
    Effect.gen(function* () {
      const { gaps } = yield* attempts({}, script(limited(), reply("yes")))
      between(gaps[0], 400, 600)
    })
  )
})
