/** The limit of one ask, under virtual time: from when it counts, what it ends, and when it is no use to wait. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Random } from "effect"
import { TestClock } from "effect/testing"
import { Ask, AskError, Pacing, Retry, Stack } from "fanfold"
import { failure, make, overloaded, pass, reply, request, script, send } from "../FakeClaude.ts"
import { attempts, failureOf, limited } from "./Attempts.ts"

const unreachable = () => failure(new AskError.Unreachable({ detail: "refused", isPassing: true }))

/** How many tries an error gets where there is another model. */
const triesOf = (error: AskError.AskError, options: Retry.Options = {}) =>
  Effect.map(attempts(options, script(error), { fallback: ["other"] }), ({ claude }) => claude.sent.length)

const sentBy = (...faults: ReadonlyArray<AskError.AskError>) =>
  Effect.map(attempts({}, script(...faults)), ({ claude, result }) => [claude.sent.length, result._tag])

describe("Retry", () => {
  it.effect("gives up at once where retry-after exceeds the time left, and tells the real reason", () =>
    Effect.gen(function* () {
      const { claude, events, result } = yield* attempts({ within: "50 seconds" }, script(limited(55_000)))
      assert.strictEqual(failureOf({ result }).reason._tag, "RateLimited")
      assert.strictEqual(claude.sent.length, 1)
      assert.isFalse(events.some(({ _tag }) => _tag === "Retrying"))
    })
  )

  it.effect("ends an ask that is still at it when its time is over", () =>
    Effect.gen(function* () {
      const { claude, events, result } = yield* attempts({ within: "10 seconds" }, () => Effect.never)
      const { reason } = failureOf({ result })
      assert.deepInclude(reason, { _tag: "TimedOut", scope: "ask", limitMillis: 10_000 })
      assert.isFalse(failureOf({ result }).isRetryable)
      assert.strictEqual(claude.interrupted, 1)
      assert.deepStrictEqual(
        events.map(({ _tag }) => _tag),
        ["Dispatched", "AttemptFailed"]
      )
    })
  )

  it.effect("says of a synthesis that it was the synthesis which ran out of time", () =>
    Effect.gen(function* () {
      const { result } = yield* attempts({ within: "10 seconds" }, () => Effect.never, { part: "synthesis" })
      assert.strictEqual(failureOf({ result }).message, "timed out: the synthesis took longer than 10 s")
    })
  )

  it.effect("prefers the ask's own limit", () =>
    Effect.gen(function* () {
      const { result } = yield* attempts({ within: "10 seconds" }, () => Effect.never, { timeoutMillis: 3000 })
      assert.deepInclude(failureOf({ result }).reason, { scope: "ask", limitMillis: 3000 })
    })
  )

  it.effect("counts the ask's time from its dispatch, not from the queue", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.delay(Effect.succeed(reply("yes")), "8 seconds"))
      const stack = Retry.layer({ within: "10 seconds" }).pipe(
        Layer.provide(Pacing.layer({ inFlight: 1 })),
        Layer.provide(claude.layer)
      )
      const one = Effect.result(send())
      const fiber = yield* Effect.all([one, one, one], { concurrency: 3 }).pipe(Effect.provide(stack), Effect.forkChild)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(
        (yield* Fiber.join(fiber)).map(({ _tag }) => _tag),
        ["Success", "Success", "Success"]
      )
      assert.deepStrictEqual(
        claude.sent.map(({ at }) => at),
        [0, 8000, 16_000]
      )
    })
  )

  it.effect("gives up a reply that is broken five times in a row, and counts from one after another fault", () =>
    Effect.gen(function* () {
      const broken = failure(new AskError.BrokenStream({ detail: "a second message began" }))
      const foreign = failure(new AskError.NotJson({ contentType: "application/json", excerpt: '{"id' }))
      assert.deepStrictEqual(yield* sentBy(broken), [5, "Failure"])
      assert.deepStrictEqual(yield* sentBy(foreign, broken, foreign, broken), [5, "Failure"])
      assert.deepStrictEqual(yield* sentBy(broken, broken, overloaded(), broken), [8, "Failure"])
    })
  )

  it.effect("gives up after a minute where nobody has ever answered", () =>
    Effect.gen(function* () {
      for (let n = 0; n < 20; n++) {
        const { claude, result } = yield* attempts({}, script(unreachable()))
        assert.strictEqual(failureOf({ result }).reason._tag, "Unreachable")
        assert.isAtLeast(claude.sent.length, 7)
        assert.isAtMost(claude.sent.at(-1)!.at - claude.sent[0]!.at, 60_000)
      }
    }).pipe(Random.withSeed(1))
  )

  it.effect("gives up after ten seconds where the address is likely to be wrong", () =>
    Effect.gen(function* () {
      const unknown = new AskError.Unreachable({ detail: "ENOTFOUND", isPassing: true, isAddressSuspect: true })
      for (let n = 0; n < 20; n++) {
        const { claude, result } = yield* attempts({}, script(failure(unknown)))
        assert.strictEqual(failureOf({ result }).reason._tag, "Unreachable")
        assert.isAtLeast(claude.sent.length, 4)
        assert.isAtMost(claude.sent.at(-1)!.at - claude.sent[0]!.at, 10_000)
      }
    }).pipe(Random.withSeed(1))
  )

  it.effect("gives an ask all its time where some call has come through, though to a failure or to silence", () =>
    Effect.gen(function* () {
      const refusal = failure(new AskError.Overloaded({ detail: "busy" }), { headers: {} })
      const hung = failure(new AskError.TimedOut({ limitMillis: 30_000, scope: "attempt" }))
      for (const met of [refusal, hung]) {
        const { claude } = yield* attempts({}, script(unreachable(), met, unreachable()))
        const duration = claude.sent.at(-1)!.at - claude.sent[0]!.at
        assert.isAbove(duration, 18 * 60_000)
        assert.isAtMost(duration, 20 * 60_000)
      }

      const other = make(({ request }, nth) =>
        nth > 1 && request.model !== "up" ? Effect.fail(unreachable()) : Effect.succeed(reply("yes"))
      )
      const stack = Retry.layer().pipe(Layer.provide(Pacing.layer()), Layer.provide(other.layer))
      const both = Effect.andThen(send(request("a", { model: "up" })), send())
      const result = yield* pass(both.pipe(Effect.provide(stack), Effect.result))
      assert.strictEqual(failureOf({ result }).reason._tag, "Unreachable")
      assert.isAbove(other.sent.at(-1)!.at, 18 * 60_000)
    })
  )

  it.effect("gives up an overloaded model after three tries where there is another", () =>
    Effect.gen(function* () {
      const away = failure(new AskError.ServerError({ detail: "away", status: 503 }))
      const broken = failure(new AskError.ServerError({ detail: "oops", status: 500 }))
      assert.strictEqual(yield* triesOf(overloaded()), 3)
      assert.strictEqual(yield* triesOf(away), 3)
      assert.strictEqual(yield* triesOf(overloaded(), { attempts: 2 }), 2)
      assert.isAbove(yield* triesOf(broken), 8)
    })
  )

  it.effect("keeps one limit for all turns of an ask", () =>
    Effect.gen(function* () {
      const paused = Effect.delay(Effect.succeed(reply("…", { stopReason: "pause_turn" })), "4 seconds")
      const claude = make(() => paused)
      const fiber = yield* Ask.text("Long?", { timeout: "10 seconds" }).pipe(
        Effect.provide(Stack.layerOver().pipe(Layer.provide(claude.layer))),
        Effect.result,
        Effect.timed,
        Effect.forkChild
      )
      yield* TestClock.adjust("1 hour")
      const [duration, result] = yield* Fiber.join(fiber)
      assert.strictEqual(failureOf({ result }).reason._tag, "TimedOut")
      assert.strictEqual(Duration.toMillis(duration), 10_000)
      assert.strictEqual(claude.sent.length, 3)
    })
  )
})
