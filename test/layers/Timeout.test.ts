/** The limits of one attempt, under virtual time: first token, silence, and the whole. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { type AskError, Attempt, Call, Event, Message, Pacing, Timeout } from "fanfold"
import { attempt as current, make, reply, request, send } from "../FakeClaude.ts"

const usage: Message.Usage = { ...Message.noUsage, inputTokens: 12, outputTokens: 1 }
const soFar = (): Attempt.PartialReply => ({ model: "claude-haiku-5-5", usage, partialText: "Par" })

/** A Claude of whose reply a piece (or a ping) arrives after each of these times; then it is silent, or ends. */
const arriving = (waits: ReadonlyArray<Duration.Input>, ends = false) =>
  make(() =>
    Effect.gen(function* () {
      const attempt = yield* current
      for (const wait of waits) {
        yield* Effect.sleep(wait)
        attempt.chunk(soFar)
      }
      return ends ? reply("Paris") : yield* Effect.never
    })
  )

const streaming = Effect.provideService(Event.Listener, { emit: () => Effect.void, delta: () => {} })

/** Sends once; gives the result and the virtual second it came at, at most a day later. */
const attempt = (claude: ReturnType<typeof make>, options: Timeout.Options = {}, one = request()) =>
  Effect.gen(function* () {
    const startedAt = yield* Clock.currentTimeMillis
    let seconds: number | undefined
    const fiber = yield* send(one).pipe(
      Effect.provide(Timeout.layer(options).pipe(Layer.provide(claude.layer))),
      Effect.result,
      Effect.tap(() => Effect.map(Clock.currentTimeMillis, (now) => void (seconds = (now - startedAt) / 1000))),
      Effect.forkChild
    )
    yield* TestClock.adjust("1 day")
    const result = seconds === undefined ? undefined : yield* Fiber.join(fiber)
    yield* Fiber.interrupt(fiber)
    return { result, seconds }
  })

const errorOf = (result: { readonly _tag: string; readonly failure?: AskError.AskError } | undefined) => {
  assert(result?._tag === "Failure" && result.failure !== undefined)
  return result.failure
}

describe("Timeout", () => {
  it.effect("lets a reply in time through as it is", () =>
    Effect.gen(function* () {
      const { result, seconds } = yield* streaming(attempt(arriving(["119 seconds", "89 seconds"], true)))
      assert(result?._tag === "Success")
      assert.deepStrictEqual(result.success, reply("Paris"))
      assert.strictEqual(seconds, 208)
    })
  )

  it.effect("ends a stream that never begins after 120 s, and stops the request", () =>
    Effect.gen(function* () {
      const claude = arriving([])
      const { result, seconds } = yield* streaming(attempt(claude))
      assert.deepInclude(errorOf(result).reason, { _tag: "Stalled", phase: "first token", silentMillis: 120_000 })
      assert.isUndefined(errorOf(result).partialText)
      assert.strictEqual(seconds, 120)
      assert.strictEqual(claude.interrupted, 1)
    })
  )

  it.effect("ends a stream that falls silent for 90 s, and keeps what had come", () =>
    Effect.gen(function* () {
      const { result, seconds } = yield* streaming(attempt(arriving(["100 seconds", "80 seconds"])))
      const error = errorOf(result)
      assert.deepInclude(error.reason, { _tag: "Stalled", phase: "stream", silentMillis: 90_000 })
      assert.strictEqual(seconds, 270)
      assert.strictEqual(error.partialText, "Par")
      assert.deepStrictEqual(error.usage, usage)
      assert.strictEqual(error.model, "claude-haiku-5-5")
    })
  )

  it.effect(
    "heeds a stall from the first chunk on, also where it is shorter than what is left of the first token",
    () =>
      Effect.gen(function* () {
        const { result, seconds } = yield* streaming(attempt(arriving(["1 second"]), { stall: "5 seconds" }))
        assert.deepInclude(errorOf(result).reason, { _tag: "Stalled", phase: "stream", silentMillis: 5000 })
        assert.strictEqual(seconds, 6)
      })
  )

  it.effect("takes pings for signs of life, until the whole attempt took ten minutes", () =>
    Effect.gen(function* () {
      const { result, seconds } = yield* streaming(attempt(arriving(Array(100).fill("60 seconds"))))
      const error = errorOf(result)
      assert.deepInclude(error.reason, { _tag: "TimedOut", scope: "attempt", limitMillis: 600_000 })
      assert.isTrue(error.isRetryable)
      assert.strictEqual(error.partialText, "Par")
      assert.strictEqual(seconds, 600)
    })
  )

  it.effect("hands every sign of life on to who watches from outside", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const watching = <A, E>(effect: Effect.Effect<A, E>) =>
        Effect.withFiber<A, E>(({ context }) =>
          Effect.provideContext(
            effect,
            Attempt.observing(context, { onChunk: ({ partial }) => void seen.push(partial) })
          )
        )
      yield* streaming(watching(attempt(arriving(["1 second", "1 second"], true))))
      assert.deepStrictEqual(seen, [soFar(), soFar()])
    })
  )

  it.effect("bounds a plain request by the whole attempt alone", () =>
    Effect.gen(function* () {
      const { result, seconds } = yield* attempt(arriving([]))
      assert.deepInclude(errorOf(result).reason, { _tag: "TimedOut", scope: "attempt" })
      assert.strictEqual(seconds, 600)
    })
  )

  it.effect("watches the stream of a synthesis and of a very long answer too", () =>
    Effect.gen(function* () {
      const synthesis = yield* attempt(arriving([])).pipe(
        Effect.updateService(Call.Current, (call) => ({ ...call, part: "synthesis" as const }))
      )
      const long = yield* attempt(arriving([]), {}, request("why?", { maxTokens: 50_000 }))
      for (const { result, seconds } of [synthesis, long]) {
        assert.strictEqual(errorOf(result).reason._tag, "Stalled")
        assert.strictEqual(seconds, 120)
      }
    })
  )

  it.effect("takes limits of your own, one of them for ever", () =>
    Effect.gen(function* () {
      const options = { firstToken: "2 seconds", stall: "1 second", attempt: "3 seconds" } as const
      const at = (waits: ReadonlyArray<Duration.Input>, more: Timeout.Options = {}) =>
        Effect.map(streaming(attempt(arriving(waits), { ...options, ...more })), ({ seconds }) => seconds)
      assert.strictEqual(yield* at([]), 2)
      assert.strictEqual(yield* at(["1 second"]), 2)
      assert.strictEqual(yield* at(Array(9).fill("800 millis")), 3)
      assert.isUndefined(
        yield* at(Array(9).fill("800 millis"), { attempt: Duration.infinity, stall: Duration.infinity })
      )
    })
  )

  it.effect("starts its clock when the request leaves, not while it queues", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.delay(Effect.succeed(reply("yes")), "400 seconds"))
      const stack = Pacing.layer({ inFlight: 1 }).pipe(Layer.provide(Timeout.layer()), Layer.provide(claude.layer))
      const one = Effect.result(send())
      const fiber = yield* Effect.all([one, one], { concurrency: 2 }).pipe(Effect.provide(stack), Effect.forkChild)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(
        (yield* Fiber.join(fiber)).map(({ _tag }) => _tag),
        ["Success", "Success"]
      )
    })
  )
})
