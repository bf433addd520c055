/** A creation whose reply is lost, where the batch cannot be recognized at the first look. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Batches, Research, Stack } from "fanfold"
import { asksOf, make, overloaded } from "../../FakeClaude.ts"
import * as FakeBatches from "../../FakeBatches.ts"

const asks = asksOf("a", "b", "c")

/** Runs the asks for a day over batches with some other calls, and gives their answers and how many batches there are. */
const runOver = (change: (service: Batches.Batches) => Partial<Batches.Batches>, settings: FakeBatches.Settings) =>
  Effect.gen(function* () {
    const batches = FakeBatches.make(settings)
    const service = { ...batches.service, ...change(batches.service) }
    const stack = Stack.layerOver({ batch: {} }).pipe(
      Layer.provide([make().layer, Layer.succeed(Batches.Current, service)])
    )
    const fiber = yield* Effect.forkChild(Research.run(asks).pipe(Effect.provide(stack)))
    yield* TestClock.adjust("1 day")
    const { answers } = yield* Fiber.join(fiber)
    return { answers: Object.values(answers), batches: batches.all.length }
  })

const lostOnce: FakeBatches.Settings = {
  creation: (nth) => (nth === 1 ? { error: overloaded(), isCreated: true } : undefined)
}

const expected = { answers: ["a", "b", "c"].map((name) => `batched answer to ${name}`), batches: 1 }

describe("a batch whose creation was cut off is not created again", () => {
  it.effect("where a gateway gave up after a minute, and the batch is listed after that", () =>
    Effect.gen(function* () {
      const seen = yield* runOver(
        ({ create, list }) => ({
          create: (requests) => Effect.delay(create(requests), "60 seconds"),
          list: (since) =>
            Effect.flatMap(Clock.currentTimeMillis, (now) =>
              Effect.map(list(since), (all) => all.filter(({ createdAt }) => createdAt <= now - 20_000))
            )
        }),
        lostOnce
      )
      assert.deepStrictEqual(seen, expected)
    })
  )

  it.effect("where its results end early without an error at the first reading", () =>
    Effect.gen(function* () {
      let readings = 0
      const seen = yield* runOver(
        ({ results }) => ({
          results: (id) => (++readings === 1 ? Stream.take(results(id), 2) : results(id))
        }),
        lostOnce
      )
      assert.deepStrictEqual(seen, expected)
    })
  )
})
