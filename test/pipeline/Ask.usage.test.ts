/** The usage of an ask's error is that of all its attempts, second copies and failed tries of earlier turns included. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Ask, AskError, type Claude, Continue, Event, Message, Retry, Stack } from "fanfold"
import { attempt, failure, invalid, make, recorder, reply, send } from "../FakeClaude.ts"

const model = "claude-haiku-5-5"
const used = (outputTokens: number): Message.Usage => ({ ...Message.noUsage, outputTokens })
const paused = (outputTokens: number) => reply("so far", { stopReason: "pause_turn", usage: used(outputTokens) })
const cut = (outputTokens: number) =>
  failure(new AskError.CutOff({ detail: "gone" }), { model, usage: used(outputTokens) })

/** The usage of all events of attempts. */
const usageOf = (events: ReadonlyArray<Event.Event>): Message.Usage | undefined =>
  events
    .map((event) => (event._tag === "Replied" || event._tag === "AttemptFailed" ? event.usage : undefined))
    .reduce(Message.addPaid, undefined)

/** Runs an effect that fails; gives its error, and its events. */
const failing = Effect.fnUntraced(function* <A>(
  effect: Effect.Effect<A, AskError.AskError, Claude.Claude>,
  layer: Layer.Layer<Claude.Claude>
) {
  const { events, listen } = recorder()
  const fiber = yield* Effect.flip(effect).pipe(Effect.provide(layer), listen, Effect.forkChild)
  yield* TestClock.adjust("1 hour")
  return { error: yield* Fiber.join(fiber), events }
})

/** Hangs after it has reported so many output tokens. */
const hangingAt = (outputTokens: number) =>
  Effect.gen(function* () {
    const current = yield* attempt
    current.chunk(() => ({ model, usage: used(outputTokens), partialText: "Par" }))
    return yield* Effect.never
  })

describe("the usage of an error", () => {
  it.effect("has that of a second copy, where the time of a hedged call is over", () =>
    Effect.gen(function* () {
      const claude = make(({ call }) =>
        call.hedge === true ? Effect.delay(Effect.fail(cut(7)), "1 second") : hangingAt(5)
      )
      const options = { hedge: { after: "2 seconds" }, retry: { within: "20 seconds", maxWait: "5 seconds" } } as const
      const layer = Stack.layerOver(options).pipe(Layer.provide(claude.layer))
      for (const effect of [Effect.asVoid(send()), Effect.asVoid(Ask.text("q"))]) {
        const { error, events } = yield* failing(effect, layer)
        assert.deepInclude(error.reason, { _tag: "TimedOut", scope: "ask" })
        assert.deepStrictEqual(error.usage, used(12))
        assert.deepStrictEqual(usageOf(events), used(12))
      }
    })
  )

  it.effect("has that of the copy, too, where both requests of a hedged call fail for good", () =>
    Effect.gen(function* () {
      const claude = make(({ call }) =>
        call.hedge === true
          ? Effect.delay(Effect.fail(cut(7)), "1 second")
          : Effect.delay(Effect.fail(failure(new AskError.InvalidRequest({ detail: "no" }), { usage: used(5) })), 4000)
      )
      const layer = Stack.layerOver({ hedge: { after: "2 seconds" } }).pipe(Layer.provide(claude.layer))
      for (const effect of [Effect.asVoid(send()), Effect.asVoid(Ask.text("q"))]) {
        const { error, events } = yield* failing(effect, layer)
        assert.strictEqual(error.reason._tag, "InvalidRequest")
        assert.deepStrictEqual(error.usage, used(12))
        assert.deepStrictEqual(usageOf(events), used(12))
      }
    })
  )

  it.effect("has that of the tries that failed before a turn that paused", () =>
    Effect.gen(function* () {
      const claude = make((_sent, nth) =>
        nth === 1 ? Effect.fail(cut(3)) : nth === 2 ? Effect.succeed(paused(9)) : Effect.fail(invalid())
      )
      const layer = Stack.layerOver().pipe(Layer.provide(claude.layer))
      const { error, events } = yield* failing(Ask.text("q"), layer)
      assert.strictEqual(error.reason._tag, "InvalidRequest")
      assert.lengthOf(claude.sent, 3)
      assert.deepStrictEqual(error.usage, used(12))
      assert.deepStrictEqual(usageOf(events), used(12))
    })
  )

  it.effect("has what a request is assumed to have cost that lost to its copy", () =>
    Effect.gen(function* () {
      const claude = make((sent, nth) => {
        if (nth > 2) return Effect.fail(invalid())
        return sent.call.hedge === true ? Effect.delay(Effect.succeed(paused(9)), "1 second") : Effect.never
      })
      const layer = Stack.layerOver({ hedge: { after: "2 seconds" } }).pipe(Layer.provide(claude.layer))
      const { error, events } = yield* failing(Ask.text("q"), layer)
      assert.strictEqual(error.reason._tag, "InvalidRequest")
      assert.deepStrictEqual(error.usage, used(18))
      assert.deepStrictEqual(usageOf(events), used(18))
      const outrun = events.find((event) => event._tag === "AttemptFailed" && event.reason === "Outrun")
      assert.deepInclude(outrun, { usage: used(9), estimated: true })
    })
  )

  it.effect("has that of all turns, where Retry is around Continue and the time is over", () =>
    Effect.gen(function* () {
      const claude = make((_sent, nth) => (nth === 1 ? Effect.succeed(paused(9)) : hangingAt(4)))
      const layer = Retry.layer({ within: "20 seconds", maxWait: "5 seconds" }).pipe(
        Layer.provide(Continue.layer()),
        Layer.provide(claude.layer)
      )
      const startedAt = yield* Clock.currentTimeMillis
      const { error, events } = yield* failing(send(), layer)
      assert.deepInclude(error.reason, { _tag: "TimedOut", scope: "ask" })
      assert.deepStrictEqual(error.usage, used(13))
      assert.deepStrictEqual(usageOf(events), used(13))
      assert.strictEqual(events.at(-1)!.at - startedAt, 20_000)
    })
  )

  it.effect("has that of both replies, and of failed tries between them, where neither fits the schema", () =>
    Effect.gen(function* () {
      const claude = make((_sent, nth) =>
        nth === 2 ? Effect.fail(cut(3)) : Effect.succeed(reply("no JSON", { usage: used(nth) }))
      )
      const layer = Stack.layerOver().pipe(Layer.provide(claude.layer))
      const { error, events } = yield* failing(Ask.object("q", Schema.Struct({ a: Schema.String })), layer)
      assert.strictEqual(error.reason._tag, "Undecodable")
      assert.deepStrictEqual(error.usage, used(1 + 3 + 3))
      assert.deepStrictEqual(usageOf(events), used(7))
    })
  )
})

describe("a reply that arrives just before the ask's time is over", () => {
  it.effect("is delivered, however long its listener takes", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.delay(Effect.succeed(reply("yes")), 9900))
      const events: Array<string> = []
      const emit = ({ _tag }: Event.Event) =>
        Effect.andThen(
          Effect.sync(() => void events.push(_tag)),
          _tag === "Replied" ? Effect.sleep(500) : Effect.void
        )
      const layer = Retry.layer({ within: "10 seconds" }).pipe(Layer.provide(claude.layer))
      const fiber = yield* send().pipe(
        Effect.provide(layer),
        Effect.provideService(Event.Listener, { emit }),
        Effect.forkChild
      )
      yield* TestClock.adjust(10_399)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.strictEqual(Message.textOf(yield* Fiber.join(fiber)), "yes")
      assert.deepStrictEqual(events, ["Dispatched", "Replied"])
    })
  )
})
