/** How long Retry waits, under virtual time: what the API names, and its own backoff otherwise. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import { AskError, type Event, type Retry } from "fanfold"
import { failure, overloaded, reply, script } from "../FakeClaude.ts"
import { attempts, failureOf, limited } from "./Attempts.ts"

const between = (value: number | undefined, least: number, most: number) => {
  assert.isDefined(value)
  assert.isAtLeast(value, least)
  assert.isAtMost(value, most)
}

const delaysIn = (events: ReadonlyArray<Event.Event>) =>
  events.flatMap((event) => (event._tag === "Retrying" ? [event.delayMillis] : []))

/** What each try waits after the one before, where all of them fail. */
const delaysOf = (options: Retry.Options) =>
  Effect.map(attempts(options, script(overloaded())), ({ events }) => delaysIn(events))

const messageOf = (events: ReadonlyArray<Event.Event>) =>
  events.find((event) => event._tag === "Retrying")?.message ?? ""

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

  it.effect("heeds a retry-after that stands on an overload, too", () =>
    Effect.gen(function* () {
      for (const reason of [new AskError.Overloaded({ detail: "busy" }), new AskError.ServerError({ detail: "x" })]) {
        const told = failure(reason, { headers: { "retry-after": "16" } })
        const { events, gaps } = yield* attempts({}, script(told, reply("yes")))
        between(gaps[0], 16_000, 17_600)
        assert.match(messageOf(events), /; free again in 16 s$/)
      }
    })
  )

  it.effect("fails at once where the API asks for more than the longest wait, and names the time", () =>
    Effect.gen(function* () {
      const overload = failure(new AskError.Overloaded({ detail: "busy" }), { headers: { "retry-after": "61" } })
      const cases = [
        [limited(61_000), {}, /^rate limited, free again in 61 s: slow down$/],
        [overload, {}, /^overloaded: busy; free again in 61 s$/],
        [limited(3000), { maxWait: "2 seconds" }, /free again in 3 s/]
      ] as const
      for (const [error, options, message] of cases) {
        const { claude, events, result } = yield* attempts(options, script(error, reply("yes")))
        assert.strictEqual(failureOf({ result }), error)
        assert.match(failureOf({ result }).message, message)
        assert.strictEqual(claude.sent.length, 1)
        assert.isFalse(events.some(({ _tag }) => _tag === "Retrying"))
      }
      const { claude } = yield* attempts({ maxWait: "61 seconds" }, script(overload, reply("yes")))
      assert.strictEqual(claude.sent.length, 2)
    })
  )

  it.effect("backs off by anything up to half a second, doubling, up to the longest wait", () =>
    Effect.gen(function* () {
      const parts: Array<number> = []
      for (let n = 0; n < 20; n++) {
        const delays = yield* delaysOf({ attempts: 12 })
        assert.strictEqual(delays.length, 11)
        for (const [index, delay] of delays.entries()) {
          const step = Math.min(500 * 2 ** index, 60_000)
          between(delay, 100, step)
          parts.push((delay - 100) / (step - 100))
        }
      }
      // Evenly: as many in each fifth, give or take.
      for (const fifth of [0, 1, 2, 3, 4]) {
        between(parts.filter((part) => Math.floor(part * 5) === fifth).length, 26, 62)
      }
      for (const delay of (yield* delaysOf({ attempts: 8, maxWait: "2 seconds" })).slice(2)) between(delay, 100, 2000)
      assert.deepStrictEqual(yield* delaysOf({ attempts: 3, maxWait: "5 millis" }), [5, 5])
    }).pipe(Random.withSeed(1))
  )

  it.effect("a 429 without a time waits the backoff", () =>
    Effect.gen(function* () {
      const { events } = yield* attempts({}, script(limited(), reply("yes")))
      between(delaysIn(events)[0], 100, 500)
    })
  )
})
