/** An ask is an Effect, for every combinator. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { Ask, AskError, Event, Retry } from "fanfold"
import { asked } from "../Asked.ts"
import { failure, invalid, make, recorder, reply } from "../FakeClaude.ts"

describe("an ask is an Effect", () => {
  it.effect("for Effect.all, retry, race, timeout and the rest", () =>
    Effect.gen(function* () {
      const claude = make((_sent, nth) => (nth === 1 ? Effect.fail(invalid()) : Effect.succeed(reply(`answer ${nth}`))))
      const ask = Ask.text("q")
      const program = Effect.gen(function* () {
        assert.strictEqual(yield* Effect.retry(ask, Schedule.recurs(1)), "answer 2")
        assert.deepStrictEqual(yield* Effect.all({ a: ask, b: ask }, { concurrency: 2 }), {
          a: "answer 3",
          b: "answer 4"
        })
        assert.strictEqual(yield* Effect.raceFirst(ask, Effect.never), "answer 5")
        assert.strictEqual(yield* Effect.map(ask, (text) => text.length), 8)
        assert.strictEqual(yield* ask.pipe(Effect.timeout("1 second")), "answer 7")
        return yield* ask
      })
      assert.strictEqual(yield* Effect.provide(program, claude.layer), "answer 8")
    })
  )

  it.effect("whose error is caught by its reason", () =>
    Effect.gen(function* () {
      const caught = Ask.text("q").pipe(
        Effect.catchReason("AskError", "RateLimited", ({ retryAfterMillis }) =>
          Effect.succeed(`in ${retryAfterMillis}`)
        )
      )
      const limited = failure(new AskError.RateLimited({ detail: "slow down", retryAfterMillis: 5 }))
      const { result } = yield* asked(caught, limited)
      assert(result._tag === "Success")
      assert.strictEqual(result.success, "in 5")
    })
  )

  it.effect("that can be interrupted, and tells so", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.never)
      const { events, listen } = recorder()
      const fiber = yield* Effect.forkChild(Ask.text("q").pipe(Effect.provide(claude.layer), listen))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(claude.interrupted, 1)
      assert.deepInclude(events.at(-1), { _tag: "Interrupted", durationMillis: 2000 })
    })
  )

  it.effect("whose time limit reaches the layer that keeps it", () =>
    Effect.gen(function* () {
      const claude = make(({ call }) =>
        Effect.gen(function* () {
          yield* Event.emit({ _tag: "Dispatched", attempt: call.attempt, model: "m" })
          return yield* Effect.never
        })
      )
      const fiber = yield* Ask.text("q", { timeout: "5 seconds" }).pipe(
        Effect.provide(Retry.layer().pipe(Layer.provide(claude.layer))),
        Effect.flip,
        Effect.forkChild
      )
      yield* TestClock.adjust("5 seconds")
      assert.deepInclude((yield* Fiber.join(fiber)).reason, { _tag: "TimedOut", scope: "ask", limitMillis: 5000 })
    })
  )

  it("which keeps its question and options readable", () => {
    const ask = Ask.text("why?", { maxTokens: 9 })
    assert.strictEqual(ask.question, "why?")
    assert.deepStrictEqual(ask.options, { maxTokens: 9 })
    assert.strictEqual(Ask.requestOf(ask, { context: "a document" }).context, "a document")
  })
})
