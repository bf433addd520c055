/** Hedge over layers that send more than once themselves: no copy outlives its call, and no timer stays set. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { Call, Claude, Hedge, Message, Pacing } from "fanfold"
import { invalid, make, questionOf, recorder, reply, request, send, type Sent } from "../FakeClaude.ts"
import { counted } from "../scheduling/CountedClock.ts"
import { assertEnded } from "./Hedged.ts"

type Around = Layer.Layer<Claude.Claude, never, Claude.Claude>

/** Sends each request twice at once, and takes the first reply. */
const race = Claude.layerAround((send) => (request) => Effect.race(send(request), send(request)))

const stack = (claude: ReturnType<typeof make>, ...layers: ReadonlyArray<Around>) =>
  layers.reduceRight<Layer.Layer<Claude.Claude>>((inner, outer) => Layer.provide(outer, inner), claude.layer)

/** Sends once; gives the reply's text, `undefined` after `stopAt`, and what is left: fibers asleep, and later requests. */
const sending = Effect.fnUntraced(function* (
  claude: ReturnType<typeof make>,
  layers: ReadonlyArray<Around>,
  stopAt = 3_600_000
) {
  const { events, listen } = recorder()
  const { book, count } = yield* counted
  const startedAt = yield* Clock.currentTimeMillis
  const program = Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(send())
    yield* TestClock.adjust(stopAt)
    const exit = fiber.pollUnsafe()
    yield* Fiber.interrupt(fiber)
    yield* Effect.repeat(Effect.yieldNow, { times: 100 })
    const left = { asleep: book.asleep, inFlight: claude.inFlight }
    const sent = claude.sent.map(({ at, call }) => [at - startedAt, call.hedge === true] as const)
    yield* TestClock.adjust("1 hour")
    assert.lengthOf(claude.sent, sent.length)
    return { text: exit?._tag === "Success" ? Message.textOf(exit.value) : undefined, left, sent }
  })
  const ended = yield* program.pipe(Effect.provide(stack(claude, ...layers)), listen, count)
  return { ...ended, events }
})

const nothingLeft = { asleep: 0, inFlight: 0 }
const naming = ({ call }: Sent) => reply(call.hedge === true ? "copy" : "original")

describe("Hedge over a layer that races two sends", () => {
  it.effect("sends no copy of a call that is over", () =>
    Effect.gen(function* () {
      const claude = make((sent) => Effect.delay(Effect.succeed(naming(sent)), "1 second"))
      const { events, left, sent, text } = yield* sending(claude, [Hedge.layer({ after: "5 seconds" }), race])
      assert.strictEqual(text, "original")
      assert.deepStrictEqual(sent, [
        [0, false],
        [0, false]
      ])
      assert.deepStrictEqual(left, nothingLeft)
      assert.lengthOf(
        events.filter(({ _tag }) => _tag === "Dispatched"),
        2
      )
    })
  )

  it.effect("sends one copy of it, and stops all of them once one has replied", () =>
    Effect.gen(function* () {
      const claude = make((sent) =>
        sent.call.hedge === true ? Effect.delay(Effect.succeed(naming(sent)), "1 second") : Effect.never
      )
      const { left, sent, text } = yield* sending(claude, [Hedge.layer({ after: "2 seconds" }), race])
      assert.strictEqual(text, "copy")
      assert.deepStrictEqual(sent, [
        [0, false],
        [0, false],
        [2000, true],
        [2000, true]
      ])
      assert.deepStrictEqual(left, nothingLeft)
      assert.strictEqual(claude.interrupted, 3)
    })
  )

  it.effect("leaves nothing in flight where the call is interrupted", () =>
    Effect.gen(function* () {
      for (const stopAt of [1000, 10_000]) {
        const claude = make(() => Effect.never)
        const { left, sent, text } = yield* sending(claude, [Hedge.layer({ after: "2 seconds" }), race], stopAt)
        assert.isUndefined(text)
        assert.lengthOf(sent, stopAt === 1000 ? 2 : 4)
        assert.deepStrictEqual(left, nothingLeft)
        assert.strictEqual(claude.interrupted, sent.length)
      }
    })
  )

  it.effect("takes no place of Pacing for good", () =>
    Effect.gen(function* () {
      const claude = make(({ request }) =>
        questionOf(request) === "hang" ? Effect.never : Effect.succeed(reply("later"))
      )
      const program = Effect.gen(function* () {
        for (let n = 0; n < 4; n++) {
          assert(Option.isNone(yield* Effect.timeoutOption(send(request("hang")), "10 seconds")))
          assert.strictEqual(claude.inFlight, 0)
        }
        return yield* send(request("later"))
      })
      const layers = [Hedge.layer({ after: "2 seconds", max: 10 }), race, Pacing.layer({ inFlight: 4 })]
      const fiber = yield* Effect.forkChild(Effect.provide(program, stack(claude, ...layers)))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(Message.textOf(yield* Fiber.join(fiber)), "later")
    })
  )
})

describe("Hedge over Hedge", () => {
  it.effect("sends a copy for each, and leaves nothing behind", () =>
    Effect.gen(function* () {
      const claude = make((sent) => Effect.delay(Effect.succeed(naming(sent)), "8 seconds"))
      const layers = [Hedge.layer({ after: "5 seconds" }), Hedge.layer({ after: "2 seconds" })]
      const { left, sent, text } = yield* sending(claude, layers)
      assert.strictEqual(text, "original")
      assert.deepStrictEqual(sent, [
        [0, false],
        [2000, true],
        [5000, true]
      ])
      assert.deepStrictEqual(left, nothingLeft)
    })
  )

  it.effect("leaves nothing behind, either, where the call is interrupted", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.never)
      const layers = [Hedge.layer({ after: "5 seconds" }), Hedge.layer({ after: "2 seconds" })]
      const { events, left } = yield* sending(claude, layers, 60_000)
      assert.deepStrictEqual(left, nothingLeft)
      assert.strictEqual(claude.interrupted, claude.sent.length)
      assert.lengthOf(events, 2 * claude.sent.length)
    })
  )
})

/** Sends a failed request again after `millis`. */
const again = (millis: number) =>
  Claude.layerAround((send) => (request) => Effect.catch(send(request), () => Effect.delay(send(request), millis)))

/** Cannot be interrupted. */
const uninterruptible = Claude.layerAround((send) => (request) => Effect.uninterruptible(send(request)))

describe("Hedge over a layer that tries again", () => {
  it.effect("counts from the dispatch of the next attempt, too", () =>
    Effect.gen(function* () {
      const claude = make((sent, nth) => {
        if (nth === 1) return Effect.delay(Effect.fail(invalid()), "1 second")
        return sent.call.hedge === true ? Effect.succeed(naming(sent)) : Effect.never
      })
      const { left, sent, text } = yield* sending(claude, [Hedge.layer({ after: "2 seconds" }), again(500)])
      assert.strictEqual(text, "copy")
      assert.deepStrictEqual(sent, [
        [0, false],
        [1500, false],
        [3500, true]
      ])
      assert.deepStrictEqual(left, nothingLeft)
    })
  )

  it.effect("sends no second copy while the first is under way", () =>
    Effect.gen(function* () {
      const claude = make((sent, nth) => {
        if (nth === 1) return Effect.delay(Effect.fail(invalid()), "3 seconds")
        return sent.call.hedge === true ? Effect.never : Effect.delay(Effect.succeed(naming(sent)), "9 seconds")
      })
      const { events, left, sent, text } = yield* sending(claude, [Hedge.layer({ after: "2 seconds" }), again(1)])
      assert.strictEqual(text, "original")
      assert.deepStrictEqual(sent, [
        [0, false],
        [2000, true],
        [3001, false]
      ])
      assert.deepStrictEqual(left, nothingLeft)
      assertEnded(events)
    })
  )

  it.effect("sends no copy of an attempt that is made after the call was decided", () =>
    Effect.gen(function* () {
      const claude = make((sent, nth) => {
        if (nth === 1) return Effect.delay(Effect.fail(invalid()), "3 seconds")
        return Effect.delay(Effect.succeed(naming(sent)), sent.call.hedge === true ? "2 seconds" : "9 seconds")
      })
      const layers = [Hedge.layer({ after: "2 seconds" }), uninterruptible, again(2000)]
      const { events, left, sent, text } = yield* sending(claude, layers)
      assert.strictEqual(text, "copy")
      assert.deepStrictEqual(sent, [
        [0, false],
        [2000, true],
        [5000, false]
      ])
      assert.deepStrictEqual(left, nothingLeft)
      assertEnded(events)
    })
  )
})

/** Holds copies back, so that they are queued and not dispatched, while `isFull`. */
const queueing = (isFull: () => boolean) =>
  Claude.layerAround(
    (send) => (request) =>
      Effect.flatMap(Call.Current, (call) =>
        call.hedge === true && isFull() ? Effect.andThen(Effect.sleep("1 minute"), send(request)) : send(request)
      )
  )

const one = (question: string) =>
  Effect.updateService(send(request(question)), Call.Current, (call) => ({ ...call, ask: question }))

describe("a copy that is queued when its call ends", () => {
  it.effect("is not counted: another call may have it", () =>
    Effect.gen(function* () {
      const millis: Record<string, number> = { first: 2500, second: 20_000 }
      const claude = make((sent) =>
        Effect.delay(Effect.succeed(naming(sent)), sent.call.hedge === true ? 1000 : millis[questionOf(sent.request)]!)
      )
      let isFull = true
      const { events, listen } = recorder()
      const startedAt = yield* Clock.currentTimeMillis
      const both = Effect.all([Effect.tap(one("first"), () => Effect.sync(() => (isFull = false))), one("second")], {
        concurrency: 2
      })
      const layers = [Hedge.layer({ after: "2 seconds", max: 1 }), queueing(() => isFull)]
      const fiber = yield* both.pipe(Effect.provide(stack(claude, ...layers)), listen, Effect.forkChild)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual((yield* Fiber.join(fiber)).map(Message.textOf), ["original", "copy"])
      // A second after the first call's copy was given up.
      assert.deepStrictEqual(
        claude.sent.map(({ at, request }) => [questionOf(request), at - startedAt]),
        [
          ["first", 0],
          ["second", 0],
          ["second", 3500]
        ]
      )
      assertEnded(events)
    })
  )
})
