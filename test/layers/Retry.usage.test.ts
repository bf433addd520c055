/** What an ask that fails has paid, and what had come of its answer: nothing of it is lost or told twice. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { AskError, type Attempt, Call, Message, Pacing, Retry } from "fanfold"
import * as RunState from "../../src/report/RunState.ts"
import { attempt, failure, invalid, make, overloaded, recorder, request, script, send } from "../FakeClaude.ts"
import { attempts, failureOf } from "./Attempts.ts"

const paid = { ...Message.noUsage, inputTokens: 12, outputTokens: 3 }
const cut = failure(new AskError.CutOff({ detail: "gone" }), {
  usage: paid,
  model: "claude-haiku-5-5",
  partialText: "The first"
})
const soFar = (): Attempt.PartialReply => ({ model: "claude-haiku-5-5", usage: paid, partialText: "Par" })

describe("Retry", () => {
  it.effect("keeps what an ask whose time is over has paid, and what had come of its answer", () =>
    Effect.gen(function* () {
      const hanging = Effect.gen(function* () {
        const current = yield* attempt
        current.chunk(soFar)
        return yield* Effect.never
      })
      const { events, result } = yield* attempts({ within: "10 seconds" }, (_sent, nth) =>
        nth <= 2 ? Effect.fail(cut) : hanging
      )
      const error = failureOf({ result })
      assert.deepInclude(error.reason, { _tag: "TimedOut", scope: "ask" })
      assert.deepStrictEqual(error.usage, { ...Message.noUsage, inputTokens: 36, outputTokens: 9 })
      assert.strictEqual(error.partialText, "Par")
      assert.strictEqual(error.model, "claude-haiku-5-5")
      const tally = RunState.make()
      for (const event of events) tally.add(event)
      assert.deepStrictEqual(tally.usage, error.usage)
      assert.isAbove(tally.costUsd!, 0)
      const ended = events.at(-1)
      assert(ended?._tag === "AttemptFailed")
      assert.deepInclude(ended, { attempt: 3, reason: "TimedOut", usage: paid })
      assert.strictEqual(ended.durationMillis, ended.at - events.findLast(({ _tag }) => _tag === "Dispatched")!.at)
    })
  )

  it.effect("tells what an attempt has cost that is interrupted from outside", () =>
    Effect.gen(function* () {
      const claude = make(({ request }) =>
        Effect.flatMap(attempt, (current) => {
          if (request.model === "streaming") current.chunk(soFar)
          return Effect.never
        })
      )
      const { events, listen } = recorder()
      const stack = Retry.layer().pipe(Layer.provide(Pacing.layer({ inFlight: 8 })), Layer.provide(claude.layer))
      const both = Effect.all([send(request("a", { model: "streaming" })), send(request("b", { model: "plain" }))], {
        concurrency: 2
      })
      const fiber = yield* both.pipe(Effect.provide(stack), listen, Effect.forkChild)
      yield* TestClock.adjust("7 seconds")
      yield* Fiber.interrupt(fiber)
      const failed = events.filter(({ _tag }) => _tag === "AttemptFailed")
      assert.lengthOf(failed, 2)
      const [streaming, plain] = failed
      assert.deepInclude(streaming, { attempt: 1, reason: "Interrupted", usage: paid, durationMillis: 7000 })
      assert.deepInclude(plain, { attempt: 1, reason: "Interrupted", durationMillis: 7000 })
      assert.notProperty(plain, "usage")
    })
  )

  it.effect("keeps the text of an earlier try where nothing has come of the last", () =>
    Effect.gen(function* () {
      const { result } = yield* attempts({ within: "10 seconds" }, (_sent, nth) =>
        nth === 1 ? Effect.flatMap(attempt, (current) => Effect.fail((current.chunk(soFar), cut))) : Effect.never
      )
      assert.deepInclude(failureOf({ result }).reason, { _tag: "TimedOut", scope: "ask" })
      assert.strictEqual(failureOf({ result }).partialText, "The first")
      assert.deepStrictEqual(failureOf({ result }).usage, paid)
    })
  )

  it.effect("tells of no attempt where the time is over in the queue", () =>
    Effect.gen(function* () {
      const claude = make(({ request }) => (request.model === "busy" ? Effect.never : Effect.fail(cut)))
      const { events, listen } = recorder()
      const stack = Retry.layer({ within: "10 seconds" }).pipe(
        Layer.provide(Pacing.layer({ inFlight: 1 })),
        Layer.provide(claude.layer)
      )
      const one = send().pipe(
        listen,
        Effect.updateService(Call.Current, (call) => ({ ...call, timeoutMillis: 5000 }))
      )
      const both = Effect.all([one, send(request("b", { model: "busy" }))], { concurrency: 2, mode: "result" })
      const fiber = yield* both.pipe(Effect.provide(stack), Effect.forkChild)
      yield* TestClock.adjust("1 minute")
      const [result] = yield* Fiber.join(fiber)
      assert.deepInclude(failureOf({ result }).reason, { _tag: "TimedOut", scope: "ask" })
      assert.deepStrictEqual(failureOf({ result }).usage, paid)
      assert.deepStrictEqual(
        events.map(({ _tag }) => _tag),
        ["Dispatched", "AttemptFailed", "Retrying"]
      )
    })
  )

  it.effect("adds up what all failed tries have paid", () =>
    Effect.gen(function* () {
      const { result } = yield* attempts({}, script(cut, overloaded(), cut, invalid()))
      assert.strictEqual(failureOf({ result }).reason._tag, "InvalidRequest")
      assert.deepStrictEqual(failureOf({ result }).usage, { ...Message.noUsage, inputTokens: 24, outputTokens: 6 })
    })
  )
})
