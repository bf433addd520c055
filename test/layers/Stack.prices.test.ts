/** Prices that a user states, with the stack or around it: events are stamped with them wherever they are told. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { Ask, Event, Message, Price, Research, Stack } from "fanfold"
import { mockClaude } from "fanfold/mocks"
import { run } from "fanfold/promise"
import { make, recorder, reply } from "../FakeClaude.ts"

const usage: Message.Usage = { ...Message.noUsage, inputTokens: 1000, outputTokens: 100 }
const claude = make(() => Effect.succeed(reply("yes", { model: "claude-next", usage })))
const price = (inputUsd: number): Price.Price => ({ inputUsd, outputUsd: 10 * inputUsd, cacheReadUsd: 0 })
const ask = Research.run({ a: Ask.text("a?") })

/** The costs of the attempts of one ask, and of an event that the program around it tells. */
const costs = Effect.fnUntraced(function* (options: Stack.Options, around?: Price.Prices) {
  const book = recorder()
  const own = { _tag: "Replied", attempt: 1, model: "claude-next", stopReason: null, usage, durationMillis: 1 } as const
  const stack = Stack.layerOver(options).pipe(Layer.provide(claude.layer))
  const program = Effect.provide(Effect.andThen(ask, Event.emit(own)), stack)
  const stated = around === undefined ? program : Effect.provideService(program, Price.Overrides, around)
  yield* book.listen(stated)
  return book.events.flatMap((event) => (event._tag === "Replied" ? [event.costUsd] : []))
})

describe("prices", () => {
  it.effect("of the stack count for its calls and for the program that it is provided to", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* costs({}), [undefined, undefined])
      assert.deepStrictEqual(yield* costs({ prices: { "claude-next": price(1) } }), [0.002, 0.002])
    })
  )

  it.effect("around the stack count too, where the stack states none of that model", () =>
    Effect.gen(function* () {
      const around = { "claude-next": price(2) }
      assert.deepStrictEqual(yield* costs({}, around), [0.004, 0.004])
      assert.deepStrictEqual(yield* costs({ prices: { other: price(1) } }, around), [0.004, 0.004])
      assert.deepStrictEqual(yield* costs({ prices: { "claude-next": price(1) } }, around), [0.002, 0.002])
    })
  )

  it.live("belong to a run, not to what the runs of a process share", () =>
    Effect.gen(function* () {
      const { fetch } = mockClaude()
      const options = { apiKey: Redacted.make("prices"), fetch }
      const spent = Effect.fnUntraced(function* (prices: Price.Prices) {
        const book = recorder()
        yield* book.listen(Effect.provide(ask, Stack.layer({ ...options, prices })))
        return book.events.flatMap((event) => (event._tag === "Replied" ? [event.costUsd] : []))
      })
      const [free] = yield* spent({ "claude-haiku-5-5": price(0) })
      const [dear] = yield* spent({ "claude-haiku-5-5": price(1) })
      assert.strictEqual(free, 0)
      assert.isAbove(dear!, 0)
    })
  )

  it("make the cost of a promised run known", async () => {
    const options = {
      asks: { a: Ask.text("a?", { model: "claude-opus-4-1" }) },
      apiKey: "k",
      // The model is retired: with an API version of its own, the mock accepts it.
      fetch: mockClaude({ apiVersion: "2023-06-01" }).fetch
    }
    const [unknown, known] = await Promise.all([
      run(options),
      run({ ...options, prices: { "claude-opus-4-1": price(1) } })
    ])
    assert.isUndefined(unknown.estimatedCostUsd)
    assert.isAbove(known.estimatedCostUsd!, 0)
    const budgeted = await run({ ...options, prices: { "claude-opus-4-1": price(1) }, budget: 1 })
    assert.isAbove(budgeted.estimatedCostUsd!, 0)
  })
})
