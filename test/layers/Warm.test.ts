/** Who leads, who waits and until when, under virtual time. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { AskError, Call, Research, Stack, Warm } from "fanfold"
import { asksOf, failure, invalid, make, overloaded, questionOf, reply, request, send } from "../FakeClaude.ts"
import { begun, continued, message, stopped } from "../Loopback.ts"
import { asking, document, stackOver, timely, timesOf } from "./Warmed.ts"

/** Unlike a 429 or 529 it lets nobody rest at the gate. */
const cut = failure(new AskError.CutOff({ detail: "gone" }))

/** The leader is slow beyond any cap. */
const slow = timely((question) => (question === "a" ? { begins: 60_000, ends: 61_000 } : {}))

/** Each with a detail of its own, as two equal failures of that kind would stop the research. */
const wrong = (question: string) => ({
  ends: 400,
  result: failure(new AskError.NotFound({ detail: `no such model for ${question}` }))
})

const late = (question: string, millis: number) =>
  Effect.delay(Effect.result(send(request(question, { context: document }))), millis)

const sending = (question: string) =>
  Effect.forkChild(send(request(question, { context: document })), { startImmediately: true })

/** A stream that has begun, and the rest of which comes when `finish` is called, once. */
const held = () => {
  const encoder = new TextEncoder()
  const rest = Promise.withResolvers<void>()
  const body = new ReadableStream({
    start: (controller) => {
      controller.enqueue(encoder.encode(begun))
      void rest.promise.then(() => {
        controller.enqueue(encoder.encode(continued + stopped))
        controller.close()
      })
    }
  })
  return { response: new Response(body, { headers: { "content-type": "text/event-stream" } }), finish: rest.resolve }
}

describe("asks that share a context", () => {
  it.effect("wait for the first one to begin, and leave then, all at once and in order", () =>
    Effect.gen(function* () {
      const claude = make(timely())
      const { answers } = yield* asking(claude, asksOf("a", "b", "c", "d"))
      assert.deepStrictEqual(
        claude.sent.map(({ at, request }) => [questionOf(request), at]),
        [
          ["a", 0],
          ["b", 1000],
          ["c", 1000],
          ["d", 1000]
        ]
      )
      assert.deepStrictEqual(answers, { a: "re a", b: "re b", c: "re c", d: "re d" })
      assert.deepStrictEqual(
        claude.sent.map(({ call }) => call.streamed),
        [true, undefined, undefined, undefined]
      )
    })
  )

  it.effect("take one time to first token longer than without waiting, and no more", () =>
    Effect.gen(function* () {
      const claude = make(timely())
      const { durationMillis } = yield* asking(claude, asksOf(...Array.from({ length: 20 }, (_, n) => `q${n}`)))
      assert.strictEqual(durationMillis, 3000 + 1000)
    })
  )

  it.effect("leave when the leader's reply is there, where nobody saw it begin", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.delay(Effect.succeed(reply("yes")), 700))
      yield* asking(claude, asksOf("a", "b"))
      assert.deepStrictEqual(timesOf(claude), { a: 0, b: 700 })
    })
  )

  it.effect("leave after the cap, which counts from the moment when the leader left", () =>
    Effect.gen(function* () {
      const byDefault = make(slow)
      yield* asking(byDefault, asksOf("a", "b", "c"))
      assert.deepStrictEqual(timesOf(byDefault), { a: 0, b: 5000, c: 5000 })
      const chosen = make(slow)
      yield* asking(chosen, asksOf("a", "b", "c"), { maxWait: "2 seconds" })
      assert.deepStrictEqual(timesOf(chosen), { a: 0, b: 2000, c: 2000 })
    })
  )

  it.effect("do not count the time for which the leader waits at the gate", () =>
    Effect.gen(function* () {
      const claude = make(timely((question) => (question === "before" ? { ends: 20_000 } : {})))
      const stack = stackOver(claude, {}, 1)
      const fiber = yield* Effect.all(
        [send(request("before")), Research.run(asksOf("a", "b"), { context: document })],
        {
          concurrency: 2
        }
      ).pipe(Effect.provide(stack), Effect.forkChild)
      yield* TestClock.adjust("5 minutes")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(timesOf(claude), { before: 0, a: 20_000, b: 23_000 })
      assert.strictEqual(claude.peak, 1)
    })
  )

  it.effect("that come after the cap do not wait either, and wait again where that leader fails", () =>
    Effect.gen(function* () {
      const claude = make(
        timely((question) => (question === "a" ? { begins: 20_000, ends: 30_000, result: overloaded() } : {}))
      )
      const fiber = yield* Effect.all([late("a", 0), late("b", 10_000), late("c", 31_000), late("d", 31_500)], {
        concurrency: "unbounded"
      }).pipe(
        Effect.updateService(Call.Current, (call) => ({ ...call, asks: 4 })),
        Effect.provide(stackOver(claude)),
        Effect.forkChild
      )
      yield* TestClock.adjust("5 minutes")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(timesOf(claude), { a: 0, b: 10_000, c: 31_000, d: 32_000 })
    })
  )
})

describe("a leader that fails before it began", () => {
  it.effect("hands the lead to the next in order, and keeps its failure to itself", () =>
    Effect.gen(function* () {
      const claude = make(timely((question) => (question < "c" ? { ends: 400, result: cut } : {})))
      const { answers, gaps } = yield* asking(claude, asksOf("a", "b", "c", "d", "e"))
      assert.deepStrictEqual(timesOf(claude), { a: 0, b: 400, c: 800, d: 1800, e: 1800 })
      assert.deepStrictEqual(answers, { a: undefined, b: undefined, c: "re c", d: "re d", e: "re e" })
      assert.deepStrictEqual(
        gaps.map(({ name }) => name),
        ["a", "b"]
      )
      assert.deepStrictEqual(
        claude.sent.map(({ call }) => call.streamed),
        [true, true, true, undefined, undefined]
      )
    })
  )

  it.effect("whom no other try helps lets the next one lead, and two of them let all go", () =>
    Effect.gen(function* () {
      const once = make(timely((question) => (question === "a" ? { ends: 400, result: invalid() } : {})))
      yield* asking(once, asksOf("a", "b", "c", "d"))
      assert.deepStrictEqual(timesOf(once), { a: 0, b: 400, c: 1400, d: 1400 })
      const always = make(timely(wrong))
      const { gaps } = yield* asking(always, asksOf("a", "b", "c", "d", "e"))
      assert.deepStrictEqual(timesOf(always), { a: 0, b: 400, c: 800, d: 800, e: 800 })
      assert.strictEqual(gaps.length, 5)
    })
  )

  it.effect("hands the lead on when it is interrupted, and so does a sibling that was about to lead", () =>
    Effect.gen(function* () {
      const claude = make(timely((question) => (question === "c" ? {} : { begins: 60_000, ends: 60_000 })))
      yield* Effect.gen(function* () {
        const [a, b, c, d] = yield* Effect.all([sending("a"), sending("b"), sending("c"), sending("d")])
        yield* TestClock.adjust(500)
        // Of `b` nothing has left when the lead comes to it.
        a.interruptUnsafe()
        b.interruptUnsafe()
        yield* Fiber.await(b)
        yield* TestClock.adjust("2 minutes")
        yield* Effect.all([Fiber.join(c), Fiber.join(d)])
      }).pipe(
        Effect.updateService(Call.Current, (call) => ({ ...call, asks: 4 })),
        Effect.provide(stackOver(claude))
      )
      assert.deepStrictEqual(timesOf(claude), { a: 0, c: 500, d: 1500 })
    })
  )

  it.effect("is retried as an ordinary call", () =>
    Effect.gen(function* () {
      const claude = make(timely((_, nth) => (nth === 1 ? { ends: 400, result: overloaded() } : {})))
      const fiber = yield* Research.run(asksOf("a", "b", "c"), { context: document }).pipe(
        Effect.provide(Stack.layerOver().pipe(Layer.provide(claude.layer))),
        Effect.forkChild
      )
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual((yield* Fiber.join(fiber)).answers, { a: "re a", b: "re b", c: "re c" })
      assert.deepStrictEqual(
        claude.sent.map(({ call, request }) => [questionOf(request), call.attempt, call.streamed]),
        [
          ["a", 1, true],
          ["b", 1, true],
          ["c", 1, undefined],
          ["a", 2, undefined]
        ]
      )
    })
  )
})

describe("a wrong option", () => {
  it("is told where the layer is made", () => {
    const time = 'expected a time longer than zero, such as "90 seconds"'
    assert.throws(() => Warm.layer({ maxWait: 0 }), RangeError, `warm.maxWait: ${time}, got 0`)
    assert.throws(() => Warm.layer({ wait: 1 } as Warm.Options), RangeError, "warm.wait: unknown key")
  })
})

describe("over the wire", () => {
  it.live("the first bytes of the leader's stream let its siblings go", () =>
    Effect.gen(function* () {
      const plain: Array<boolean> = []
      const { finish, response } = held()
      const fetch: typeof globalThis.fetch = (_, init) => {
        const isPlain = JSON.parse(init?.body as string).stream !== true
        plain.push(isPlain)
        if (!isPlain) return Promise.resolve(response)
        // The leader's reply ends no sooner than a sibling has come.
        finish()
        return Promise.resolve(Response.json(message("plain")))
      }
      const layer = Stack.layer({ apiKey: Redacted.make("wire"), fetch, warm: { maxWait: "1 hour" } })
      const { answers } = yield* Research.run(asksOf("a", "b", "c"), { context: document }).pipe(
        Effect.provide(layer),
        Effect.timeout("10 seconds")
      )
      assert.deepStrictEqual(plain, [false, true, true])
      assert.deepStrictEqual([answers.b, answers.c], ["plain", "plain"])
    })
  )
})
