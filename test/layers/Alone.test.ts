/** Each layer alone over a bare Claude, in virtual time: none needs another layer to tell it what happens. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { type AskError, Budget, Call, Claude, Hedge, Pacing, Retry, Timeout, Warm } from "fanfold"
import { attempt, make, questionOf, recorder, reply, request, send } from "../FakeClaude.ts"
import { document } from "./Warmed.ts"

type Around = Layer.Layer<Claude.Claude, never, Claude.Claude>

/** Sends these questions together, with one context, through one layer; gives each result and when it came. */
const through = Effect.fnUntraced(function* (
  layer: Around,
  claude: ReturnType<typeof make>,
  ...questions: Array<string>
) {
  const { listen, tagsOf } = recorder()
  const startedAt = yield* Clock.currentTimeMillis
  const one = (question: string) =>
    Effect.gen(function* () {
      const result = yield* Effect.result(send(request(question, { context: document })))
      return { result, at: (yield* Clock.currentTimeMillis) - startedAt }
    })
  const fiber = yield* Effect.forEach(questions, one, { concurrency: "unbounded" }).pipe(
    Effect.updateService(Call.Current, (call) => ({ ...call, run: "run", asks: questions.length })),
    Effect.provide(layer.pipe(Layer.provide(claude.layer))),
    listen,
    Effect.forkChild
  )
  yield* TestClock.adjust("2 hours")
  return { ends: yield* Fiber.join(fiber), tagsOf }
})

const reasonOf = (result: { readonly _tag: string; readonly failure?: AskError.AskError }) =>
  result.failure?.reason._tag

describe("alone", () => {
  it.effect("Retry ends a hanging call within its time, and tells what became of its attempt", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.never)
      const { ends, tagsOf } = yield* through(Retry.layer({ within: "10 seconds" }), claude, "q")
      assert.deepStrictEqual([reasonOf(ends[0]!.result), ends[0]!.at], ["TimedOut", 10_000])
      assert.strictEqual(claude.interrupted, 1)
      assert.deepStrictEqual(tagsOf("ask"), ["Dispatched", "AttemptFailed"])
    })
  )

  it.effect("Timeout ends a hanging call", () =>
    Effect.gen(function* () {
      const { ends } = yield* through(
        Timeout.layer({ attempt: "3 minutes" }),
        make(() => Effect.never),
        "q"
      )
      assert.deepStrictEqual([reasonOf(ends[0]!.result), ends[0]!.at], ["TimedOut", 180_000])
    })
  )

  it.effect("Hedge sends its copy", () =>
    Effect.gen(function* () {
      const claude = make(({ call }) =>
        call.hedge === true ? Effect.delay(Effect.succeed(reply("copy")), "1 second") : Effect.never
      )
      const { ends, tagsOf } = yield* through(Hedge.layer({ after: "2 seconds" }), claude, "q")
      assert.deepStrictEqual([ends[0]!.result._tag, ends[0]!.at], ["Success", 3000])
      assert.deepStrictEqual(tagsOf("ask"), ["Dispatched", "Dispatched", "Replied", "AttemptFailed"])
    })
  )

  it.effect("Warm lets the others go once the first has begun, or is late", () =>
    Effect.gen(function* () {
      const begins = make(() =>
        Effect.gen(function* () {
          const current = yield* attempt
          yield* Effect.sleep("1 second")
          current.chunk(() => ({}))
          return yield* Effect.delay(Effect.succeed(reply("yes")), "9 seconds")
        })
      )
      const hangs = make(({ request }) => (questionOf(request) === "a" ? Effect.never : Effect.succeed(reply("yes"))))
      const startedAt = yield* Clock.currentTimeMillis
      yield* through(Warm.layer({ maxWait: "5 seconds" }), begins, "a", "b", "c")
      assert.deepStrictEqual(
        begins.sent.map(({ at }) => at - startedAt),
        [0, 1000, 1000]
      )
      const stack = Timeout.layer({ attempt: "1 minute" }).pipe(Layer.provide(Warm.layer({ maxWait: "5 seconds" })))
      const restartedAt = yield* Clock.currentTimeMillis
      yield* through(stack, hangs, "a", "b", "c")
      assert.deepStrictEqual(
        hangs.sent.map(({ at }) => at - restartedAt),
        [0, 5000, 5000]
      )
    })
  )

  it.effect("Budget counts, and gives back what was not spent", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.delay(Effect.succeed(reply("yes")), "1 second"))
      // Each may take its own length of up to 80,000 tokens, and takes 15: one after the other they fit.
      const { ends } = yield* through(Budget.layer({ tokens: 81_000 }), claude, "a", "b", "c")
      assert.deepStrictEqual(
        ends.map(({ at, result }) => [result._tag, at]),
        [
          ["Success", 1000],
          ["Success", 2000],
          ["Success", 3000]
        ]
      )
    })
  )

  it.effect("Pacing keeps its places", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.delay(Effect.succeed(reply("yes")), "1 second"))
      const { ends } = yield* through(Pacing.layer({ inFlight: 2 }), claude, "a", "b", "c")
      assert.strictEqual(claude.peak, 2)
      assert.strictEqual(ends[2]!.at, 2000)
    })
  )
})

/** A layer as users write it without knowing of attempts: it waits, and sends then. */
const delaying = (millis: number): Around =>
  Layer.effect(
    Claude.Claude,
    Effect.map(Claude.Claude, ({ send }) =>
      Claude.Claude.of({ send: (request) => Effect.delay(send(request), millis) })
    )
  )

describe("a layer that was made without layerAround", () => {
  it.effect("is one attempt for the layers around it, from the moment it is called", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.delay(Effect.succeed(reply("yes")), "1 second"))
      const stack = Timeout.layer({ attempt: "5 seconds" }).pipe(
        Layer.provide(delaying(4500)),
        Layer.provide(Retry.layer())
      )
      const { listen, tagsOf } = recorder()
      const fiber = yield* Effect.all([Effect.result(send()), Effect.result(send())]).pipe(
        Effect.provide(stack.pipe(Layer.provide(claude.layer))),
        listen,
        Effect.forkChild
      )
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(
        (yield* Fiber.join(fiber)).map(({ _tag }) => _tag),
        ["Failure", "Failure"]
      )
      assert.deepStrictEqual(tagsOf("ask"), ["Dispatched", "AttemptFailed", "Dispatched", "AttemptFailed"])
    })
  )
})
