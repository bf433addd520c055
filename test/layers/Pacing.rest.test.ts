/** How a class of models rests after a refusal, who is held by that for how long, and what headers tell early. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Logger, References } from "effect"
import { TestClock } from "effect/testing"
import { AskError, Call, Event, type Message, Pacing, Stack } from "fanfold"
import { attempt, failure, make, overloaded, reply, request, send } from "../FakeClaude.ts"

type Claude = ReturnType<typeof make>
const paced = (claude: Claude, options: Pacing.Options = {}) => Pacing.layer(options).pipe(Layer.provide(claude.layer))

const sendAll = (n: number) =>
  Effect.forEach(
    Array.from({ length: n }, (_, index) => request(`question ${index}`)),
    (each) => Effect.result(send(each)),
    { concurrency: "unbounded" }
  )

const limitedFor = (retryAfterMillis: number) =>
  failure(new AskError.RateLimited({ detail: "slow down", retryAfterMillis }))

const yes = (fields: Partial<Message.Reply> = {}) => Effect.succeed(reply("yes", fields))

const within = (timeoutMillis: number) =>
  Effect.updateService(Call.Current, (call: Call.Call) => ({ ...call, timeoutMillis }))

const timesOf = (claude: Claude) => claude.sent.map(({ at }) => at)

const allowing = (limit: number, remaining: number) => ({
  "anthropic-ratelimit-requests-limit": String(limit),
  "anthropic-ratelimit-requests-remaining": String(remaining)
})

describe("a class of models", () => {
  it.effect("does not rest after a single 529, nor after two, and for a second where they go on", () =>
    Effect.gen(function* () {
      const claude = make((_sent, nth) => (nth <= 6 ? Effect.delay(Effect.fail(overloaded()), 10) : yes()))
      const layer = paced(claude)
      const one = Effect.result(send())
      const fiber = yield* Effect.forEach(Array.from({ length: 8 }), () => one).pipe(
        Effect.provide(layer),
        Effect.forkChild
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      const times = timesOf(claude)
      const rests = times.slice(1, 7).map((at, index) => at - times[index]! - 10)
      for (const [index, least] of [0, 0, 1000, 1000, 1000, 1000].entries()) {
        assert.isAtLeast(rests[index]!, least)
        assert.isAtMost(rests[index]!, least * 1.25 + 1)
      }
      // No second has more than three of those that were rejected.
      for (const at of times) assert.isAtMost(times.slice(0, 6).filter((t) => t >= at && t < at + 1000).length, 3)
    })
  )

  it.effect("does not rest while one call in ten meets an overload, and only that call is sent again", () =>
    Effect.gen(function* () {
      const claude = make((_sent, nth) =>
        nth % 10 === 3 ? Effect.delay(Effect.fail(overloaded()), 30) : Effect.delay(yes(), 300)
      )
      const startedAt = yield* Clock.currentTimeMillis
      const fiber = yield* sendAll(200).pipe(
        Effect.provide(paced(claude, { limits: { rpm: 60_000 } })),
        Effect.forkChild
      )
      yield* TestClock.adjust("1 minute")
      const results = yield* Fiber.join(fiber)
      assert.strictEqual(results.filter(({ _tag }) => _tag === "Success").length, 180)
      assert.strictEqual(claude.sent.length, 200)
      assert.isAtMost(timesOf(claude).at(-1)! - startedAt, 20)
    })
  )

  it.effect("rests after the third 529 in a row of calls, though replies to earlier ones still arrive", () =>
    Effect.gen(function* () {
      // Twenty a second; those that leave from a second on meet an overload.
      const claude = make(({ at }) =>
        at < 1000 ? Effect.delay(yes(), 300) : Effect.delay(Effect.fail(overloaded()), 30)
      )
      const all = Effect.forEach(
        Array.from({ length: 60 }, (_, index) => index),
        (index) => Effect.delay(Effect.result(send()), 50 * index),
        { concurrency: "unbounded" }
      )
      const fiber = yield* all.pipe(Effect.provide(paced(claude, { limits: { rpm: 60_000 } })), Effect.forkChild)
      yield* TestClock.adjust(2000)
      assert.strictEqual(timesOf(claude).filter((at) => at >= 1000).length, 3)
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("rests once, though all who had left are refused", () =>
    Effect.gen(function* () {
      const claude = make(({ at }) => (at === 0 ? Effect.delay(Effect.fail(overloaded()), 10) : yes()))
      const fiber = yield* Effect.andThen(sendAll(8), sendAll(1)).pipe(Effect.provide(paced(claude)), Effect.forkChild)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.isAtMost(timesOf(claude)[8]!, 200)
    })
  )

  it.effect("turns calls away at once where it would rest for longer than a minute, with the time that is left", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.delay(Effect.fail(limitedFor(3_600_000)), 1000))
      const program = Effect.gen(function* () {
        const results = yield* sendAll(3)
        const later = yield* Effect.result(Effect.delay(send(), 5000))
        return [...results, later].map((result) =>
          result._tag === "Failure" && result.failure.reason._tag === "RateLimited"
            ? result.failure.reason.retryAfterMillis
            : result._tag
        )
      })
      const fiber = yield* program.pipe(Effect.provide(paced(claude, { inFlight: 1 })), Effect.forkChild)
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* Fiber.join(fiber), [3_600_000, 3_600_000, 3_600_000, 3_595_000])
      assert.strictEqual(claude.sent.length, 1)
    })
  )
})

describe("a call that is held", () => {
  it.effect("ends with the limit of its ask, where that is shorter than the rest", () =>
    Effect.gen(function* () {
      const claude = make((_sent, nth) => (nth === 1 ? Effect.fail(limitedFor(30_000)) : yes()))
      yield* Effect.gen(function* () {
        yield* Effect.flip(send())
        const short = yield* Effect.forkChild(Effect.result(within(5000)(send(request("short")))))
        const long = yield* Effect.forkChild(Effect.result(within(40_000)(send(request("long")))))
        yield* TestClock.adjust(4999)
        assert.isUndefined(short.pollUnsafe())
        yield* TestClock.adjust(1)
        const result = yield* Fiber.join(short)
        assert(result._tag === "Failure" && result.failure.reason._tag === "TimedOut")
        assert.deepInclude(result.failure.reason, { limitMillis: 5000, scope: "ask" })
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* Fiber.join(long))._tag, "Success")
      }).pipe(Effect.provide(paced(claude)))
      assert.deepStrictEqual(timesOf(claude), [0, 30_000])
    })
  )

  it.effect("waits for its turn as long as that takes, where nobody was refused", () =>
    Effect.gen(function* () {
      const claude = make()
      const fiber = yield* within(2000)(sendAll(20)).pipe(
        Effect.provide(paced(claude, { limits: { rpm: 6 } })),
        Effect.forkChild
      )
      yield* TestClock.adjust("10 minutes")
      assert.isTrue((yield* Fiber.join(fiber)).every(({ _tag }) => _tag === "Success"))
    })
  )

  it.effect("is measured from the refusal, not from when it asked", () =>
    Effect.gen(function* () {
      const claude = make((_sent, nth) => (nth === 1 ? Effect.delay(Effect.fail(limitedFor(30_000)), 8000) : yes()))
      const fiber = yield* within(10_000)(sendAll(2)).pipe(
        Effect.tap(() => Effect.map(Clock.currentTimeMillis, (now) => assert.strictEqual(now, 18_000))),
        Effect.provide(paced(claude, { inFlight: 1 })),
        Effect.forkChild
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
    })
  )

  it.effect("is not tried again by the stack after its limit", () =>
    Effect.gen(function* () {
      const claude = make((_sent, nth) => (nth === 1 ? Effect.fail(limitedFor(30_000)) : yes()))
      const program = Effect.all([Effect.result(within(60_000)(send())), Effect.result(within(5000)(send()))], {
        concurrency: 2
      })
      const layer = Stack.layerOver({ pacing: { inFlight: 1 } }).pipe(Layer.provide(claude.layer))
      const fiber = yield* program.pipe(Effect.provide(layer), Effect.forkChild)
      yield* TestClock.adjust("2 minutes")
      const [first, second] = yield* Fiber.join(fiber)
      assert.strictEqual(first._tag, "Success")
      assert(second._tag === "Failure")
      assert.strictEqual(second.failure.message, "timed out: the ask took longer than 5 s")
      assert.strictEqual(claude.sent.length, 2)
    })
  )
})

describe("headers", () => {
  it.effect("of a stream are learned from as soon as they arrive, though the reply takes longer", () =>
    Effect.gen(function* () {
      const claude = make(() =>
        Effect.flatMap(attempt, (current) =>
          Effect.sleep(200).pipe(
            Effect.andThen(Effect.sync(() => current.headers(allowing(60_000, 59_999)))),
            Effect.andThen(Effect.delay(yes({ headers: allowing(60_000, 59_999) }), 10_000))
          )
        )
      )
      const streaming = Effect.provideService(Event.Listener, { emit: () => Effect.void, delta: () => {} })
      const fiber = yield* sendAll(30).pipe(Effect.provide(paced(claude)), streaming, Effect.forkChild)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.isTrue(timesOf(claude).every((at, index) => at === (index < 8 ? 0 : 200)))
    })
  )

  it.effect("that make no sense are told of once, at debug level", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => void lines.push(`${logLevel} ${String(message)}`))
      const claude = make(() => yes({ headers: allowing(10, -1) }))
      yield* sendAll(3).pipe(
        Effect.provide(Layer.merge(paced(claude), Logger.layer([logger]))),
        Effect.provideService(References.MinimumLogLevel, "Debug")
      )
      assert.deepStrictEqual(lines, [
        "Debug Rate-limit headers that make no sense are not heeded: requests: limit 10, remaining -1, reset none"
      ])
    })
  )
})
