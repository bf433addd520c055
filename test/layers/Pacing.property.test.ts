/** What must hold of the gate whatever calls do: no limit exceeded, nobody overtaken, every place given back once. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Random } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { AskError, Call, Pacing } from "fanfold"
import * as RateLimitHeaders from "../../src/claude/RateLimitHeaders.ts"
import { failure, invalid, make, overloaded, questionOf, reply, request, send } from "../FakeClaude.ts"

interface Plan {
  readonly askedAt: number
  readonly millis: number
  readonly outcome: "answer" | "invalid" | "limited" | "overloaded" | "cut"
  readonly interruptAt: number | undefined
  readonly isRetry: boolean
  readonly inputTokens: number
}

const plan: fc.Arbitrary<Plan> = fc.record({
  askedAt: fc.integer({ min: 0, max: 300 }),
  millis: fc.integer({ min: 0, max: 400 }),
  outcome: fc.oneof(
    { weight: 8, arbitrary: fc.constant("answer" as const) },
    { weight: 2, arbitrary: fc.constantFrom("invalid" as const, "limited", "overloaded", "cut") }
  ),
  interruptAt: fc.option(fc.integer({ min: 0, max: 600 }), { nil: undefined, freq: 4 }),
  isRetry: fc.boolean(),
  inputTokens: fc.integer({ min: 1, max: 3000 })
})

const resultOf = ({ inputTokens, outcome }: Plan) => {
  switch (outcome) {
    case "answer":
      return Effect.succeed(reply("yes", { usage: { ...reply("").usage, inputTokens } }))
    case "invalid":
      return Effect.fail(invalid())
    case "limited":
      return Effect.fail(failure(new AskError.RateLimited({ detail: "slow down", retryAfterMillis: 700 })))
    case "overloaded":
      return Effect.fail(overloaded())
    case "cut":
      return Effect.fail(failure(new AskError.CutOff({ detail: "gone" })))
  }
}

/** Sends every plan's call at its time, interrupts some, and then as many calls at once as there are places. */
const play = Effect.fnUntraced(function* (plans: ReadonlyArray<Plan>, options: Pacing.Options, places: number) {
  const startedAt = yield* Clock.currentTimeMillis
  const claude = make(({ request }) => {
    const each = plans[Number(questionOf(request))]
    return each === undefined
      ? Effect.delay(Effect.succeed(reply("yes")), "5 minutes")
      : Effect.delay(resultOf(each), each.millis)
  })
  const one = (each: Plan, index: number) =>
    Effect.gen(function* () {
      yield* Effect.sleep(each.askedAt)
      const call = send(request(String(index))).pipe(
        Effect.updateService(Call.Current, (call) => ({ ...call, attempt: each.isRetry ? 2 : 1 })),
        Effect.result
      )
      const fiber = yield* Effect.forkChild(call)
      if (each.interruptAt !== undefined) {
        yield* Effect.sleep(Math.max(0, each.interruptAt - each.askedAt))
        yield* Fiber.interrupt(fiber)
      }
      return (yield* Fiber.await(fiber))._tag
    })
  const last = Effect.forEach(Array.from({ length: places }), () => send(request("last")), { concurrency: "unbounded" })
  const program = Effect.gen(function* () {
    const ends = yield* Effect.forEach(plans, one, { concurrency: "unbounded" })
    // Long enough for every bucket to be full again.
    yield* Effect.sleep("10 minutes")
    const sentBefore = claude.sent.length
    const peak = claude.peak
    claude.peak = 0
    yield* last
    return { ends, peak, lastPeak: claude.peak, lastAt: claude.sent.slice(sentBefore).map(({ at }) => at - startedAt) }
  })
  const fiber = yield* program.pipe(
    Effect.provide(Pacing.layer(options).pipe(Layer.provide(claude.layer))),
    Random.withSeed("gate"),
    Effect.forkChild
  )
  yield* TestClock.adjust("1 hour")
  return { claude, startedAt, ...(yield* Fiber.join(fiber)) }
})

const check = (assertion: (plans: ReadonlyArray<Plan>, limit: number) => Effect.Effect<void, unknown>) =>
  Effect.promise(() =>
    fc.assert(
      fc.asyncProperty(
        fc.array(plan, { minLength: 1, maxLength: 25 }),
        fc.integer({ min: 1, max: 5 }),
        (plans, limit) => Effect.runPromise(Effect.provide(assertion(plans, limit), TestClock.layer()))
      ),
      { numRuns: 150 }
    )
  )

describe("whatever calls do", () => {
  it.effect("no more than `inFlight` are on their way, and every place is given back once", () =>
    check((plans, inFlight) =>
      Effect.gen(function* () {
        const { claude, ends, lastPeak, peak } = yield* play(plans, { inFlight }, inFlight)
        assert.isAtMost(peak, inFlight)
        assert.strictEqual(claude.inFlight, 0)
        for (const [index, each] of plans.entries()) {
          if (each.interruptAt === undefined) assert.strictEqual(ends[index], "Success")
        }
        assert.strictEqual(lastPeak, inFlight)
      })
    )
  )

  it.effect("no more leave than a bucket holds and what flows into it, and nobody is overtaken", () =>
    check((plans, limit) =>
      Effect.gen(function* () {
        const rpm = limit * 60
        const answered = plans.map((each) => ({ ...each, isRetry: false, outcome: "answer" as const }))
        const { claude, lastAt, startedAt } = yield* play(answered, { limits: { rpm } }, 8)
        const times = claude.sent.map(({ at }) => at - startedAt)
        for (const [from, first] of times.entries()) {
          for (const [to, last] of times.entries()) {
            if (to >= from) assert.isAtMost(to - from + 1, 8 + ((last - first) * rpm) / 60_000 + 1e-6)
          }
        }
        const asked = claude.sent.slice(0, -8).map(({ request }) => answered[Number(questionOf(request))]!.askedAt)
        assert.deepStrictEqual(
          asked,
          asked.toSorted((a, b) => a - b)
        )
        // The bucket is full again: nothing leaked, however many were interrupted.
        assert.strictEqual(new Set(lastAt).size, 1)
      })
    )
  )
})

describe("whatever headers hold", () => {
  const value = fc.oneof(
    fc.string(),
    fc.double().map(String),
    fc.bigInt().map(String),
    fc.integer({ min: -10, max: 10 }).map(String),
    fc.constantFrom("", "1e400", "-1", "0x10", "１２", "9".repeat(400), "1970-01-01T00:00:00Z", "2026-11-22T20:00:00Z")
  )
  const names = ["requests", "input-tokens", "output-tokens"].flatMap((family) =>
    ["limit", "remaining", "reset"].map((part) => `anthropic-ratelimit-${family}-${part}`)
  )
  const headers = fc.dictionary(fc.constantFrom(...names), value)

  it("only counts that can be true are read", () =>
    fc.assert(
      fc.property(headers, (headers) => {
        const { invalid: _, ...reported } = RateLimitHeaders.read(headers, Date.UTC(2026, 10, 22))
        for (const { limit, remaining } of Object.values(reported)) {
          assert.isTrue(Number.isInteger(limit) && limit >= 1 && limit <= 1e12, String(limit))
          assert.isTrue(Number.isInteger(remaining) && remaining >= 0 && remaining <= limit, String(remaining))
        }
      })
    ))

  it.effect("every call is answered", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(fc.array(headers, { minLength: 1, maxLength: 5 }), (all) =>
          Effect.runPromise(
            Effect.gen(function* () {
              const claude = make((_sent, nth) =>
                Effect.delay(Effect.succeed(reply("yes", { headers: all[nth % all.length]! })), 50)
              )
              const fiber = yield* Effect.forEach(Array.from({ length: 12 }), () => send(), {
                concurrency: "unbounded"
              }).pipe(Effect.provide(Pacing.layer().pipe(Layer.provide(claude.layer))), Effect.forkChild)
              yield* TestClock.adjust("6 hours")
              assert.strictEqual((yield* Fiber.join(fiber)).length, 12)
            }).pipe(Effect.provide(TestClock.layer()))
          )
        ),
        { numRuns: 100 }
      )
    )
  )
})
