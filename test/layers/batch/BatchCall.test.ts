/** Calls about a batch while the API is away: how long they are repeated, what is reported, and what ends them, in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { AskError, Event, Research, Stack } from "fanfold"
import { repeated } from "../../../src/layers/batch/BatchCall.ts"
import { asksOf, failure, make, overloaded, recorder } from "../../FakeClaude.ts"
import * as FakeBatches from "../../FakeBatches.ts"

const hour = 60 * 60_000
const day = 24 * hour

const refused = () => failure(new AskError.Unreachable({ detail: "connect ECONNREFUSED", isPassing: true }))
const unknown = () =>
  failure(new AskError.Unreachable({ detail: "getaddrinfo ENOTFOUND", isPassing: true, isAddressSuspect: true }))
const rejected = () => failure(new AskError.Authentication({ detail: "no such key" }))

/** Two asks in a batch, and what was reported of it. */
const run = Effect.fnUntraced(function* (settings: FakeBatches.Settings, options: Stack.Options["batch"] = {}) {
  const [claude, batches] = [make(), FakeBatches.make(settings)]
  const { events, listen } = recorder()
  const stack = Stack.layerOver({ batch: options }).pipe(Layer.provide([claude.layer, batches.layer]))
  const fiber = yield* Effect.forkChild(
    listen(Research.run(asksOf("a", "b"), { policy: "best-effort" }).pipe(Effect.provide(stack)))
  )
  return { batches, claude, events, fiber, ofBatch: () => events.filter(Event.isBatchEvent) }
})

/** The events of these failures, in hours since the first of their row. */
const told = (events: ReadonlyArray<Event.Event>) =>
  events.flatMap((event) => (event._tag === "BatchCallFailed" ? [Math.floor((event.at - event.since) / hour)] : []))

describe("a batch that cannot be looked at", () => {
  it.effect("is looked at until the API is back; that it is away is reported at once, and then once an hour", () =>
    Effect.gen(function* () {
      const { events, fiber, ofBatch } = yield* run({
        takes: () => 4 * hour,
        away: (now) => (now > hour && now < 6 * hour ? refused() : undefined)
      })
      yield* TestClock.adjust("5 hours")
      const first = ofBatch().find((event) => event._tag === "BatchCallFailed")!
      assert.deepStrictEqual(
        [first.batch, first.reason, first.since, first.at],
        ["batch1", "Unreachable", first.at, first.at]
      )
      assert.include(first.message, "ECONNREFUSED")
      assert.approximately(first.delayMillis, 1000, 200)
      yield* TestClock.adjust("2 hours")
      const { answers } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(answers, { a: "batched answer to a", b: "batched answer to b" })
      assert.deepStrictEqual(told(events), [0, 1, 2, 3, 4])
      assert.strictEqual(ofBatch().at(-1)!._tag, "BatchEnded")
    })
  )

  it.effect("is reported as it stands once the API is back, though nothing has changed", () =>
    Effect.gen(function* () {
      const { fiber, ofBatch } = yield* run({
        takes: () => 4 * hour,
        away: (now) => (now > hour && now < 2 * hour ? overloaded() : undefined)
      })
      yield* TestClock.adjust("3 hours")
      assert.deepStrictEqual(
        ofBatch()
          .slice(2)
          .map(({ _tag }) => _tag),
        ["BatchPolled", "BatchCallFailed", "BatchPolled"]
      )
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("goes on where its run is interrupted meanwhile, which looks at it no more", () =>
    Effect.gen(function* () {
      const { batches, fiber } = yield* run({
        takes: () => hour,
        away: (now) => (now > 60_000 ? refused() : undefined)
      })
      yield* TestClock.adjust("10 minutes")
      yield* Fiber.interrupt(fiber)
      const looks = batches.retrieved.length
      yield* TestClock.adjust("1 day")
      assert.strictEqual(batches.retrieved.length, looks)
      assert.strictEqual(batches.cancellations, 0)
    })
  )

  it.effect("has its results read once they can be, which is reported", () =>
    Effect.gen(function* () {
      let looks = 0
      const { fiber, ofBatch } = yield* run({
        takes: () => 1000,
        // The end is seen, and the results are not.
        away: (now) => (now >= 5000 && now < 3 * hour && looks++ > 0 ? overloaded() : undefined)
      })
      yield* TestClock.adjust("4 hours")
      const { answers } = yield* Fiber.join(fiber)
      assert.strictEqual(answers["a"], "batched answer to a")
      assert.deepStrictEqual(
        ofBatch()
          .slice(-5)
          .map(({ _tag }) => _tag),
        ["BatchEnded", "BatchCallFailed", "BatchCallFailed", "BatchCallFailed", "BatchEnded"]
      )
    })
  )

  it.effect("ends its asks at once where the key is not accepted, and nothing is sent instead", () =>
    Effect.gen(function* () {
      const { claude, fiber, ofBatch } = yield* run({
        takes: () => hour,
        away: (now) => (now > 60_000 ? rejected() : undefined)
      })
      yield* TestClock.adjust("10 minutes")
      const { gaps } = yield* Fiber.join(fiber)
      // The other one is interrupted, as it would fail alike.
      const { outcome } = gaps[0]!
      assert.strictEqual(outcome._tag === "Failed" && outcome.error.reason._tag, "Authentication")
      assert.lengthOf(gaps, 2)
      assert.notInclude(
        ofBatch().map(({ _tag }) => _tag),
        "BatchCallFailed"
      )
      assert.lengthOf(claude.sent, 0)
    })
  )

  it.effect("is canceled at its deadline as soon as the API is back, and asked live", () =>
    Effect.gen(function* () {
      const { batches, fiber } = yield* run(
        { takes: () => 20 * hour, away: (now) => (now > hour && now < 4 * hour ? refused() : undefined) },
        { deadline: "2 hours" }
      )
      yield* TestClock.adjust("5 hours")
      const { answers } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(answers, { a: "answer to a", b: "answer to b" })
      assert.approximately(batches.all[0]!.canceledAt!, 4 * hour, 120_000)
    })
  )

  it.effect("whose creation was lost is looked for as long, without a batch to name", () =>
    Effect.gen(function* () {
      const { events, fiber, ofBatch } = yield* run({
        takes: () => 1000,
        creation: (nth) => (nth === 1 ? { error: overloaded(), isCreated: true } : undefined),
        away: (now) => (now < 2 * hour ? refused() : undefined)
      })
      yield* TestClock.adjust("3 hours")
      const { answers } = yield* Fiber.join(fiber)
      assert.strictEqual(answers["b"], "batched answer to b")
      assert.deepStrictEqual(told(events), [0, 1])
      assert.isTrue(ofBatch().every((event) => event._tag !== "BatchCallFailed" || event.batch === undefined))
    })
  )
})

describe("an address that has never answered", () => {
  for (const [what, error, seconds] of [
    ["is given up after a minute", refused(), 60],
    ["that no host has is given up after ten seconds", unknown(), 10]
  ] as const) {
    it.effect(`${what}, and nothing is sent live, as a batch may be there`, () =>
      Effect.gen(function* () {
        let creations = 0
        const { batches, claude, events, fiber } = yield* run({
          creation: () => ((creations += 1), { error, isCreated: false }),
          away: () => error
        })
        yield* TestClock.adjust(seconds * 500)
        assert.isUndefined(fiber.pollUnsafe())
        assert.deepStrictEqual(told(events), [0])
        yield* TestClock.adjust(seconds * 500 + 2000)
        assert.isDefined(fiber.pollUnsafe())
        const { gaps } = yield* Fiber.join(fiber)
        const { outcome } = gaps[0]!
        assert.lengthOf(gaps, 2)
        assert.strictEqual(outcome._tag === "Failed" && outcome.error.message, error.message)
        assert.deepStrictEqual([creations, batches.all.length, claude.sent.length], [1, 0, 0])
      })
    )
  }

  it.effect("is tried on once anything has come from there", () =>
    Effect.gen(function* () {
      const { fiber } = yield* run({
        takes: () => 1000,
        creation: (nth) => (nth === 1 ? { error: refused(), isCreated: true } : undefined),
        away: (now) => (now < 30_000 ? overloaded() : now < 2 * hour ? refused() : undefined)
      })
      yield* TestClock.adjust("3 hours")
      const { answers } = yield* Fiber.join(fiber)
      assert.strictEqual(answers["b"], "batched answer to b")
    })
  )
})

/** Fails for ever, and keeps when it was made. */
const failing = (error: AskError.AskError) => {
  const times: Array<number> = []
  const call = Effect.flatMap(
    Effect.clockWith(({ currentTimeMillis }) => currentTimeMillis),
    (now) => {
      times.push(now)
      return Effect.fail(error)
    }
  )
  return { call, times }
}

describe("a call about a batch", () => {
  it.effect(
    "is given up with its last error when the API keeps the results no longer: 29 days after the creation",
    () =>
      Effect.gen(function* () {
        const { call, times } = failing(overloaded())
        const fiber = yield* Effect.forkChild(Effect.flip(repeated(call, { batch: "b", createdAt: 0 })))
        yield* TestClock.adjust("28 days")
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust("2 days")
        assert.strictEqual((yield* Fiber.join(fiber)).reason._tag, "Overloaded")
        assert.approximately(times.at(-1)!, 29 * day, 80_000)
      })
  )

  it.effect("is repeated after pauses that double up to a minute, or after the time that the API names", () =>
    Effect.gen(function* () {
      const { call, times } = failing(overloaded())
      const fiber = yield* Effect.forkChild(repeated(call, { createdAt: 0 }))
      yield* TestClock.adjust("1 hour")
      const pauses = times.slice(1).map((at, n) => at - times[n]!)
      for (const [n, base] of [1, 2, 4, 8, 16, 32, 60, 60].entries()) {
        assert.isAtLeast(pauses[n]!, base * 800)
        assert.isAtMost(pauses[n]!, base * 1200)
      }
      yield* Fiber.interrupt(fiber)

      const asked = failing(failure(new AskError.RateLimited({ detail: "slow", retryAfterMillis: 90_000 })))
      const waiting = yield* Effect.forkChild(repeated(asked.call, { createdAt: 0 }))
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(
        asked.times.slice(1).map((at, n) => at - asked.times[n]!),
        [90_000, 90_000, 90_000]
      )
      yield* Fiber.interrupt(waiting)
    })
  )
})
