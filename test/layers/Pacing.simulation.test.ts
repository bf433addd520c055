/** What a run takes, and how often it is refused, against the mock's own limits in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type * as Limits from "../../mocks/endpoints/Limits.ts"
import { latencyMillis, many, run, type Server } from "./Simulation.ts"

/** 20 requests a second, in bursts of 10. */
const twenty: Limits.Limits = { rpm: 1200, burstSeconds: 0.5 }
const ideal200 = ((200 + 1 - 10) / 20) * 1000 + latencyMillis

/** From 500 to 3,000 tokens. */
const tokensOf = (question: string): number => 500 + ((Number(/\d+/.exec(question)?.[0]) * 7919) % 2500)
const sumOfTokens = many(200).reduce((sum, question) => sum + tokensOf(question), 0)

const isOneInTen = (_at: number, nth: number) => nth % 10 === 3

describe("a run that is told nothing", () => {
  it.effect("reaches the limit that the headers tell, and is not refused", () =>
    Effect.gen(function* () {
      const { refused, wallMillis } = yield* run({ limits: () => twenty }, many(200))
      assert.isAtMost(wallMillis, 1.1 * ideal200)
      assert.isAtMost(refused, 4)
    })
  )

  it.effect("reaches it too where bursts are refused that the headers seem to allow", () =>
    Effect.gen(function* () {
      const { refused, wallMillis } = yield* run({ limits: () => twenty, headers: "of the minute" }, many(200))
      assert.isAtMost(wallMillis, 1.1 * ideal200)
      assert.isAtMost(refused, 5)
    })
  )

  it.effect("reaches it too where requests overtake each other on their way", () =>
    Effect.gen(function* () {
      for (const seed of ["1", "2", "3", "4", "5", "6"]) {
        const { refused, wallMillis } = yield* run({ limits: () => twenty, jitterMillis: 40 }, many(200), {}, seed)
        assert.isAtMost(wallMillis, 1.12 * ideal200)
        assert.isAtMost(refused, 4)
        // The first reply need not be that of the first request, which others may have preceded.
        const whole = yield* run({ limits: () => ({ rpm: 1000 }), jitterMillis: 40 }, many(100), {}, seed)
        assert.isAtMost(whole.wallMillis, 2500)
      }
    })
  )

  it.effect("sends one a second where 60 a minute are enforced as one a second", () =>
    Effect.gen(function* () {
      const { refused, wallMillis } = yield* run({ limits: () => ({ rpm: 60, burstSeconds: 1 }) }, many(30))
      assert.isAtMost(wallMillis, 1.1 * (29_000 + latencyMillis))
      // Of the first eight, which leave knowing nothing.
      assert.strictEqual(refused, 7)
    })
  )

  it.effect("fills the buckets of input and of output tokens", () =>
    Effect.gen(function* () {
      const perMinute = 200_000
      const ideal = ((sumOfTokens - perMinute) / perMinute) * 60_000 + latencyMillis
      const questions = many(200).map((question) => question.padEnd(tokensOf(question) * 4.4, " w"))
      const input = yield* run({ limits: () => ({ itpm: perMinute }), inputTokens: tokensOf }, questions)
      assert.isAtMost(input.wallMillis, 1.15 * ideal)
      assert.isAtMost(input.refused, 10)
      const output = yield* run({ limits: () => ({ otpm: perMinute }), outputTokens: tokensOf }, many(200))
      assert.isAtMost(output.wallMillis, 1.15 * ideal)
      assert.isAtMost(output.refused, 4)
    })
  )

  it.effect("follows a limit that is halved, and doubled again", () =>
    Effect.gen(function* () {
      const halved: Limits.Limits = { rpm: 600, burstSeconds: 0.5 }
      const limits = (at: number) => (at >= 8000 && at < 16_000 ? halved : twenty)
      const { leftIn, refused } = yield* run({ limits }, many(360))
      assert.isAtMost(refused, 8)
      assert.approximately(leftIn(10_000, 15_000), 50, 3)
      assert.approximately(leftIn(17_000, 20_000), 60, 3)
    })
  )

  it.effect("probes an outage at most three times a second, and is back within three seconds", () =>
    Effect.gen(function* () {
      const server: Server = { limits: () => twenty, isOverloaded: (at) => at >= 2000 && at < 12_000 }
      const { leftIn, overloaded } = yield* run(server, many(300))
      for (let second = 3000; second < 12_000; second += 1000) assert.isAtMost(leftIn(second, second + 1000), 3)
      assert.isAtMost(overloaded, 30)
      assert.approximately(leftIn(15_000, 18_000), 60, 3)
    })
  )

  it.effect("needs few requests for an answer where one in ten meets an overload, and hardly more time", () =>
    Effect.gen(function* () {
      for (const seed of ["1", "2", "3", "4", "5"]) {
        const { sent, wallMillis } = yield* run({ isOverloaded: isOneInTen }, many(200), {}, seed)
        assert.isAtMost(sent, 250)
        // Two or three latencies, and the backoffs of a second and a third try.
        assert.isAtMost(wallMillis, 2000)
      }
    })
  )

  it.effect("takes no time of a small run", () =>
    Effect.gen(function* () {
      const { wallMillis } = yield* run({ headers: "none" }, many(8))
      assert.strictEqual(wallMillis, latencyMillis)
    })
  )
})

describe("a run that is told its limit", () => {
  it.effect("reaches it without a refusal, whether or not there are headers", () =>
    Effect.gen(function* () {
      for (const headers of ["true", "none"] as const) {
        const told = { pacing: { limits: { rpm: 1200 } } }
        const { refused, wallMillis } = yield* run({ limits: () => twenty, headers }, many(200), told)
        assert.strictEqual(refused, 0)
        assert.isAtMost(wallMillis, 1.05 * ideal200)
      }
    })
  )

  it.effect("keeps within it where the account has more", () =>
    Effect.gen(function* () {
      const { wallMillis } = yield* run({ limits: () => twenty }, many(48), { pacing: { limits: { rpm: 600 } } })
      assert.isAtLeast(wallMillis, 4000)
    })
  )
})
