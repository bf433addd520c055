/** What must hold of second copies whatever calls do: no more than may be, one end of each, one answer of every ask. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { AskError } from "fanfold"
import { failure, overloaded, questionOf, reply } from "../FakeClaude.ts"
import { assertEnded, names, run } from "./Hedged.ts"

type Outcome = "answer" | "cut" | "overloaded" | "invalid" | "limited" | "dies"

const passing: fc.WeightedArbitrary<Outcome> = { weight: 12, arbitrary: fc.constant("answer") }
const failing = fc.constantFrom<Outcome>("cut", "overloaded", "invalid", "limited")
const outcome = fc.oneof(passing, { weight: 1, arbitrary: failing })

/** An original that dies ends the whole run; a copy must not. */
const outcomeOfCopy = fc.oneof(passing, { weight: 1, arbitrary: fc.oneof(failing, fc.constant<Outcome>("dies")) })

const attempt = (outcome: fc.Arbitrary<Outcome>) =>
  fc.record({
    millis: fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 0, max: 300 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 3000 }) }
    ),
    outcome
  })

const resultOf = (kind: Outcome) => {
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
  asks: fc.array(fc.tuple(attempt(outcome), attempt(outcomeOfCopy)), { minLength: 1, maxLength: 60 }),
  after: fc.constantFrom("p95" as const, "200 millis" as const, "1 second" as const),
  max: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
  inFlight: fc.constantFrom(5, 20, 1000),
  fullUntil: fc.constantFrom(0, 0, 800),
  stopAt: fc.option(fc.integer({ min: 0, max: 2000 }), { nil: undefined, freq: 4 })
})

describe("second copies", () => {
  it.effect("are few, end once each, and never cost or double an answer", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(plan, (plan) => Effect.runPromise(Effect.provide(check(plan), TestClock.layer()))),
        { numRuns: 100 }
      )
    )
  )
})

type Plan = typeof plan extends fc.Arbitrary<infer A> ? A : never

const check = Effect.fnUntraced(function* ({ after, asks, fullUntil, inFlight, max, stopAt }: Plan) {
  const { copies, events, sent } = yield* run(
    asks.length,
    ({ call, request }) => {
      // Trying again helps in the end.
      if (call.attempt > 2) return Effect.succeed(reply("yes"))
      const [original, copy] = asks[Number(questionOf(request).slice(1))]!
      const { millis, outcome } = call.hedge === true ? copy : original
      return Effect.delay(resultOf(outcome), millis)
    },
    { after, max, pacing: { inFlight }, isFull: (at) => at < fullUntil, stopAt }
  )
  assert.isAtMost(copies.length, max ?? Math.max(3, Math.floor(asks.length / 20)))
  const left = events.filter((event) => event._tag === "Dispatched")
  assert.lengthOf(left, sent.length)
  assert.lengthOf(
    left.filter(({ hedge }) => hedge === true),
    copies.length
  )
  const outcomeOf = (name: string) => asks[Number(name.slice(1))]?.[0].outcome
  assertEnded(events)
  for (const name of names(asks.length)) {
    const ends = events.flatMap(({ _tag, ask }) =>
      ask === name && (_tag === "Answered" || _tag === "Failed" || _tag === "Interrupted") ? [_tag] : []
    )
    if (stopAt !== undefined) assert.isAtMost(ends.length, 1, name)
    else if (outcomeOf(name) === "invalid") assert.lengthOf(ends, 1, name)
    else assert.deepStrictEqual(ends, ["Answered"], name)
  }
})
