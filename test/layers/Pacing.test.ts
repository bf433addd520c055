/** The gate under virtual time: how many pass, when it opens, and when it closes for a model. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { AskError, Event, type Message, Pacing } from "fanfold"
import { failure, invalid, make, recorder, reply, request, send } from "../FakeClaude.ts"

const one: Event.Event["_tag"] = "Dispatched"

const sendAll = (requests: ReadonlyArray<Message.Request>) =>
  Effect.forEach(requests, (each) => Effect.result(send(each)), { concurrency: "unbounded" })

const many = (n: number, model = "claude-haiku-5-5") =>
  Array.from({ length: n }, (_, index) => request(`question ${index}`, { model }))

const slow =
  (headers: Record<string, string> = {}) =>
  () =>
    Effect.delay(Effect.succeed(reply("yes", { headers })), 1000)

const allowing = (limit: unknown, remaining: unknown) => ({
  "anthropic-ratelimit-requests-limit": String(limit),
  "anthropic-ratelimit-requests-remaining": String(remaining),
  "anthropic-ratelimit-requests-reset": "1970-01-01T00:00:01Z"
})

const limitedFor = (retryAfterMillis: number) =>
  failure(new AskError.RateLimited({ detail: "slow down", retryAfterMillis }))

describe("Pacing", () => {
  it.effect("keeps the calls in flight under its limit", () =>
    Effect.gen(function* () {
      const claude = make(slow())
      const { events, listen } = recorder()
      const fiber = yield* sendAll(many(10)).pipe(
        Effect.provide(Pacing.layer({ inFlight: 3 }).pipe(Layer.provide(claude.layer))),
        listen,
        Effect.forkChild
      )
      yield* TestClock.adjust(999)
      assert.strictEqual(claude.sent.length, 3)
      assert.strictEqual(events.filter(({ _tag }) => _tag === one).length, 3)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.strictEqual(claude.peak, 3)
      assert.deepStrictEqual(
        claude.sent.map(({ at }) => at),
        [0, 0, 0, 1000, 1000, 1000, 2000, 2000, 2000, 3000]
      )
    })
  )

  it.effect("keeps its limit whatever the headers allow, where it was given one", () =>
    Effect.gen(function* () {
      const claude = make(slow(allowing(1000, 999)))
      const fiber = yield* sendAll(many(30)).pipe(
        Effect.provide(Pacing.layer({ inFlight: 2 }).pipe(Layer.provide(claude.layer))),
        Effect.forkChild
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.strictEqual(claude.peak, 2)
    })
  )

  it.effect("starts with eight, and opens to what the first reply's headers allow, without a cliff", () =>
    Effect.gen(function* () {
      // All eight had come before the first was answered.
      const claude = make(slow(allowing(1000, 992)))
      const fiber = yield* sendAll(many(60)).pipe(
        Effect.provide(Pacing.layer().pipe(Layer.provide(claude.layer))),
        Effect.forkChild
      )
      yield* TestClock.adjust(999)
      assert.strictEqual(claude.inFlight, 8)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      // Eight at once, and then five times faster than the limit's 1,000 a minute: 12 ms.
      const times = claude.sent.slice(8).map(({ at }) => at)
      assert.strictEqual(times.filter((at) => at === 1000).length, 8)
      assert.deepStrictEqual(times.slice(8, 11), [1012, 1024, 1036])
      assert.strictEqual(times.at(-1), 1528)
    })
  )

  it.effect("spreads requests where the headers say that more is gone than was taken", () =>
    Effect.gen(function* () {
      const claude = make(slow(allowing(600, 500)))
      const fiber = yield* sendAll(many(20)).pipe(
        Effect.provide(Pacing.layer().pipe(Layer.provide(claude.layer))),
        Effect.forkChild
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      const times = claude.sent.slice(8).map(({ at }) => at)
      assert.isAtMost(times.filter((at) => at < 1100).length, 5)
      assert.deepStrictEqual(new Set(times.slice(6).map((at, index) => at - times[index + 5]!)), new Set([100]))
    })
  )

  it.effect("lets others leave ever faster once one has passed, where the headers say nothing or make no sense", () =>
    Effect.gen(function* () {
      for (const headers of [{}, allowing(-5, 3), allowing(1000, 2000), allowing("many", "?")]) {
        const claude = make(slow(headers))
        const fiber = yield* sendAll(many(30)).pipe(
          Effect.provide(Pacing.layer().pipe(Layer.provide(claude.layer))),
          Effect.forkChild
        )
        yield* TestClock.adjust(1000)
        assert.strictEqual(claude.sent.length, 8)
        yield* TestClock.adjust(100)
        assert.isBelow(claude.sent.length, 16)
        yield* TestClock.adjust(50)
        assert.isAbove(claude.sent.length, 16)
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(fiber)
        assert.strictEqual(claude.sent.length, 30)
      }
    })
  )

  it.effect("holds a model's calls back after a 429 until its time is over, and no other model's", () =>
    Effect.gen(function* () {
      const claude = make(({ request }, nth) =>
        nth === 1 ? Effect.fail(limitedFor(16_000)) : Effect.succeed(reply(request.model))
      )
      const program = Effect.gen(function* () {
        yield* Effect.flip(send(request("first", { model: "limited" })))
        return yield* sendAll([...many(12, "limited"), ...many(2, "free")])
      })
      const fiber = yield* program.pipe(
        Effect.provide(Pacing.layer({ inFlight: 4 }).pipe(Layer.provide(claude.layer))),
        Effect.forkChild
      )
      yield* TestClock.adjust(15_999)
      assert.deepStrictEqual(
        claude.sent.map(({ request }) => request.model),
        ["limited", "free", "free"]
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      // One by one, and ever faster.
      const times = claude.sent.slice(3).map(({ at }) => at)
      assert.deepStrictEqual(times.slice(0, 5), [16_000, 16_100, 16_150, 16_175, 16_188])
      assert.isBelow(times.at(-1)!, 16_250)
    })
  )

  it.effect("holds back who stands in the queue already", () =>
    Effect.gen(function* () {
      const claude = make((_sent, nth) =>
        nth === 1 ? Effect.delay(Effect.fail(limitedFor(16_000)), 100) : Effect.succeed(reply("yes"))
      )
      const { events, listen } = recorder()
      const fiber = yield* sendAll(many(3)).pipe(
        Effect.provide(Pacing.layer({ inFlight: 1 }).pipe(Layer.provide(claude.layer))),
        listen,
        Effect.forkChild
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        claude.sent.map(({ at }) => at),
        [0, 16_100, 16_200]
      )
      assert.strictEqual(events.filter(({ _tag }) => _tag === one).length, 3)
    })
  )

  it.effect("lets a later 429 extend the time, and a shorter one not cut it", () =>
    Effect.gen(function* () {
      const waits = [10_000, 20_000, 1000]
      const claude = make((_sent, nth) => {
        const wait = waits[nth - 1]
        return wait === undefined ? Effect.succeed(reply("yes")) : Effect.delay(Effect.fail(limitedFor(wait)), nth * 10)
      })
      const fiber = yield* Effect.andThen(sendAll(many(3)), send()).pipe(
        Effect.provide(Pacing.layer({ inFlight: 4 }).pipe(Layer.provide(claude.layer))),
        Effect.forkChild
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.strictEqual(claude.sent[3]?.at, 20_020)
    })
  )

  it.effect("frees the place of a call that failed or was interrupted", () =>
    Effect.gen(function* () {
      const claude = make((_sent, nth) =>
        nth === 1 ? Effect.never : nth === 2 ? Effect.fail(invalid()) : Effect.succeed(reply("yes"))
      )
      yield* Effect.gen(function* () {
        const stuck = yield* Effect.forkChild(send())
        yield* TestClock.adjust(10)
        const rest = yield* Effect.forkChild(sendAll(many(2)))
        yield* TestClock.adjust(10)
        assert.strictEqual(claude.sent.length, 1)
        yield* Fiber.interrupt(stuck)
        assert.deepStrictEqual(
          (yield* Fiber.join(rest)).map(({ _tag }) => _tag),
          ["Failure", "Success"]
        )
      }).pipe(Effect.provide(Pacing.layer({ inFlight: 1 }).pipe(Layer.provide(claude.layer))))
    })
  )

  it.effect("tells what each attempt took, and the usage of one that failed", () =>
    Effect.gen(function* () {
      const usage = { ...reply("").usage, outputTokens: 1 }
      const cut = failure(new AskError.CutOff({ detail: "gone" }), { usage, model: "claude-haiku-5-5" })
      const claude = make((_sent, nth) =>
        Effect.delay(nth === 1 ? Effect.fail(cut) : Effect.succeed(reply("yes", { requestId: "req_1" })), 250)
      )
      const { events, listen } = recorder()
      const fiber = yield* Effect.andThen(Effect.flip(send()), send()).pipe(
        Effect.provide(Pacing.layer().pipe(Layer.provide(claude.layer))),
        listen,
        Effect.forkChild
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.deepInclude(events[1], {
        _tag: "AttemptFailed",
        reason: "CutOff",
        model: "claude-haiku-5-5",
        usage,
        durationMillis: 250
      } as never)
      assert.deepInclude(events[3], {
        _tag: "Replied",
        requestId: "req_1",
        stopReason: "end_turn",
        durationMillis: 250
      } as never)
    })
  )

  it.effect("refuses a limit that nothing could pass", () =>
    Effect.gen(function* () {
      for (const inFlight of [0, -1, 1.5, Number.NaN]) {
        const exit = yield* Effect.suspend(() =>
          Effect.provide(send(), Pacing.layer({ inFlight }).pipe(Layer.provide(make().layer)))
        ).pipe(
          Effect.timeout("1 minute"),
          Effect.exit,
          Effect.forkChild,
          Effect.tap(() => TestClock.adjust("2 minutes")),
          Effect.flatMap(Fiber.join)
        )
        assert(Exit.isFailure(exit))
        assert.include(String(Cause.squash(exit.cause)), `inFlight: expected a whole number ≥ 1, got ${inFlight}`)
      }
    })
  )

  it("refuses an option that it does not have, and takes an undefined one as not set", () => {
    assert.throws(() => Pacing.layer({ inflight: 1 } as never), "inflight")
    assert.throws(() => Pacing.layer({ limits: { rps: 1 } } as never), "rps")
    Pacing.layer({ inFlight: undefined, limits: { rpm: undefined } })
  })
})
