/** What must hold of second copies whatever calls do: no more than may be, one end of each, one answer of every ask. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"
import { AskError } from "fanfold"
import { failure, overloaded, questionOf, reply } from "../FakeClaude.ts"
import { assertEnded, names, run } from "./Hedged.ts"

const outcome = fc.oneof(
  { weight: 12, arbitrary: fc.constant("answer" as const) },
  { weight: 1, arbitrary: fc.constantFrom("cut" as const, "overloaded", "invalid", "limited", "dies") }
)
const attempt = fc.record({
  millis: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 0, max: 300 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 3000 }) }
  ),
  outcome
})

const resultOf = (kind: typeof outcome extends fc.Arbitrary<infer A> ? A : never) => {
  switch (kind) {
    case "answer":
      return Effect.succeed(reply("yes"))
    case "cut":
      return Effect.fail(failure(new AskError.CutOff({ detail: "gone" })))
    case "overloaded":
      return Effect.fail(overloaded())
    case "invalid":
      return Effect.fail(failure(new AskError.InvalidRequest({ detail: "wrong" })))
    case "limited":
      return Effect.fail(failure(new AskError.RateLimited({ detail: "slow down", retryAfterMillis: 300 })))
    case "dies":
      return Effect.die("oops")
  }
}

const plan = fc.record({
  asks: fc.array(fc.tuple(attempt, attempt), { minLength: 1, maxLength: 60 }),
  after: fc.constantFrom("p95", "200 millis", "1 second"),
  max: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
  inFlight: fc.constantFrom(5, 20, 1000),
  fullUntil: fc.constantFrom(0, 0, 800),
  stopAt: fc.option(fc.integer({ min: 0, max: 2000 }), { nil: undefined, freq: 4 })
})

describe("second copies", () => {
  it.effect.prop(
    "are few, end once each, and never cost or double an answer",
    [plan],
    ([{ after, asks, fullUntil, inFlight, max, stopAt }]) =>
      Effect.gen(function* () {
        const { copies, events, sent } = yield* run(
          asks.length,
          ({ call, request }) => {
            const [original, copy] = asks[Number(questionOf(request).slice(1))]!
            // Trying again helps.
            if (call.attempt > 2) return Effect.succeed(reply("yes"))
            const { millis, outcome } = call.hedge === true ? copy : original
            return Effect.delay(resultOf(outcome), millis)
          },
          { after, max, pacing: { inFlight }, isFull: (at) => at < fullUntil, stopAt } as Parameters<typeof run>[2]
        )
        assert.isAtMost(copies.length, max ?? Math.max(3, Math.floor(asks.length / 20)))
        assert.strictEqual(
          events.filter((event) => event._tag === "Dispatched" && event.hedge === true).length,
          copies.length
        )
        assert.strictEqual(events.filter(({ _tag }) => _tag === "Dispatched").length, sent.length)
        const died = new Set(names(asks.length).filter((_, n) => asks[n]!.some(({ outcome }) => outcome === "dies")))
        assertEnded(events.filter(({ ask }) => !died.has(ask)))
        for (const name of names(asks.length)) {
          const ends = events.filter(
            ({ _tag, ask }) => ask === name && (_tag === "Answered" || _tag === "Failed" || _tag === "Interrupted")
          )
          if (ends.length === 0 && stopAt !== undefined) continue
          assert.lengthOf(ends, 1, name)
          const [end] = ends
          const isHelpless = ["invalid", "dies"].includes(asks[Number(name.slice(1))]![0].outcome)
          if (!isHelpless && stopAt === undefined) assert.strictEqual(end!._tag, "Answered", name)
        }
      }),
    { fastCheck: { numRuns: 60 } }
  )
})
