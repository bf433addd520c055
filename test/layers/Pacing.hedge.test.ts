/** A second copy of a straggler at the gate: it leaves at once or not at all, and leaves no trace where it does not. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { AskError, Call, type Message, Pacing } from "fanfold"
import { failure, make, overloaded, recorder, reply, request, send } from "../FakeClaude.ts"

type Claude = ReturnType<typeof make>
const paced = (claude: Claude, options: Pacing.Options = {}) => Pacing.layer(options).pipe(Layer.provide(claude.layer))

const copyOf = (one: Message.Request) =>
  Effect.updateService(send(one), Call.Current, (call) => ({ ...call, hedge: true }))

const slow = () => Effect.delay(Effect.succeed(reply("yes")), 1000)

/** Sends a copy, which has to be back without time having passed. */
const turnedAway = Effect.fnUntraced(function* (one = request("copy")) {
  const fiber = yield* Effect.forkChild(Effect.flip(copyOf(one)))
  yield* TestClock.adjust(0)
  const error = fiber.pollUnsafe()
  assert(error?._tag === "Success" && error.value instanceof AskError.AskError)
  assert.deepStrictEqual(
    error.value.reason,
    new AskError.RateLimited({ detail: "a second copy was not sent, as it could not leave at once" })
  )
})

const fork = (n: number, one = request()) =>
  Effect.forkChild(
    Effect.forEach(
      Array.from({ length: n }, () => one),
      (one) => Effect.result(send(one)),
      { concurrency: "unbounded" }
    )
  )

describe("a second copy", () => {
  it.effect("leaves at once where there is a place, and says on its events what it is", () =>
    Effect.gen(function* () {
      const claude = make()
      const { events, listen } = recorder()
      yield* copyOf(request()).pipe(Effect.provide(paced(claude)), listen)
      assert.deepStrictEqual(
        events.map((event) => [event._tag, "hedge" in event && event.hedge]),
        [
          ["Dispatched", true],
          ["Replied", true]
        ]
      )
    })
  )

  it.effect("is turned away without an event where every place is taken, and takes none", () =>
    Effect.gen(function* () {
      const claude = make(slow)
      const { events, listen } = recorder()
      yield* Effect.gen(function* () {
        const first = yield* fork(2)
        yield* TestClock.adjust(100)
        const told = events.length
        yield* turnedAway()
        assert.strictEqual(events.length, told)
        const second = yield* fork(2)
        yield* TestClock.adjust("1 minute")
        yield* Effect.all([Fiber.join(first), Fiber.join(second)])
      }).pipe(Effect.provide(paced(claude, { inFlight: 2 })), listen)
      assert.deepStrictEqual(
        claude.sent.map(({ at }) => at),
        [0, 0, 1000, 1000]
      )
    })
  )

  it.effect("is turned away where a bucket is empty, and takes nothing of it", () =>
    Effect.gen(function* () {
      const claude = make()
      yield* Effect.gen(function* () {
        yield* Fiber.join(yield* fork(8))
        yield* TestClock.adjust(500)
        yield* turnedAway()
        const last = yield* fork(1)
        yield* TestClock.adjust(500)
        yield* Fiber.join(last)
      }).pipe(Effect.provide(paced(claude, { limits: { rpm: 60 } })))
      assert.strictEqual(claude.sent.at(-1)?.at, 1000)
    })
  )

  it.effect("overtakes nobody who waits", () =>
    Effect.gen(function* () {
      const claude = make(slow)
      yield* Effect.gen(function* () {
        yield* fork(1, request("first", { system: "word".repeat(500) }))
        yield* fork(1, request("large", { system: "word".repeat(900) }))
        yield* TestClock.adjust(0)
        yield* turnedAway(request("small"))
      }).pipe(Effect.provide(paced(claude, { limits: { itpm: 1000 } })))
    })
  )

  it.effect("is not let out while its class rests after a 429 or an outage; that of another class is", () =>
    Effect.gen(function* () {
      const limited = failure(new AskError.RateLimited({ detail: "slow down", retryAfterMillis: 1000 }))
      // A single 529 costs no other call anything; three in a row are an outage.
      for (const [rejections, rejection] of [
        [1, limited],
        [3, overloaded()]
      ] as const) {
        const claude = make((_sent, nth) =>
          nth <= rejections ? Effect.delay(Effect.fail(rejection), 10) : Effect.succeed(reply("yes"))
        )
        yield* Effect.gen(function* () {
          for (let n = 1; n <= rejections; n++) {
            const rejected = yield* Effect.forkChild(Effect.flip(send()))
            yield* TestClock.adjust(20)
            yield* Fiber.join(rejected)
          }
          yield* TestClock.adjust(100)
          yield* turnedAway()
          yield* copyOf(request("copy", { model: "claude-opus-5-5" }))
          yield* TestClock.adjust(1250)
          yield* copyOf(request("copy"))
        }).pipe(Effect.provide(paced(claude)))
        assert.strictEqual(claude.sent.length, rejections + 2)
      }
    })
  )
})
