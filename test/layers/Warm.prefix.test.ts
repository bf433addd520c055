/** What counts as shared, for how long, and who need not wait at all. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Ask, Call } from "fanfold"
import { asksOf, make, reply, request, send } from "../FakeClaude.ts"
import { asking, document, stackOver, timely, timesOf } from "./Warmed.ts"

describe("there is no waiting", () => {
  const atOnce = Effect.fnUntraced(function* (
    asks: Readonly<Record<string, Ask.Ask<unknown>>>,
    context: string | undefined = document
  ) {
    const claude = make(timely())
    yield* asking(claude, asks, { context })
    const first = claude.sent.slice(0, Object.keys(asks).length)
    assert.strictEqual(new Set(first.map(({ at }) => at)).size, 1)
    return first.map(({ call }) => call.streamed)
  })

  it.effect("for a context too short for the model to cache, nor is anything streamed", () =>
    Effect.gen(function* () {
      const short = "x".repeat(512 * 4 - 4)
      assert.deepStrictEqual(yield* atOnce(asksOf("a", "b"), short), [undefined, undefined])
      const claude = make(timely())
      yield* asking(claude, asksOf("a", "b"), { context: `${short}xxxx` })
      assert.deepStrictEqual(timesOf(claude), { a: 0, b: 1000 })
    })
  )

  const minimums = { "claude-sonnet-5": 1024, "claude-opus-4-7": 2048, "claude-haiku-4-5-20251001": 4096, other: 4096 }
  for (const [model, minimum] of Object.entries(minimums)) {
    it.effect(`for a context of fewer than ${minimum} tokens, which ${model} does not cache`, () =>
      Effect.gen(function* () {
        const asks = { a: Ask.text("a", { model }), b: Ask.text("b", { model }) }
        const short = "x".repeat(4 * (minimum - 1))
        assert.deepStrictEqual(yield* atOnce(asks, short), [undefined, undefined])
        const claude = make(timely())
        yield* asking(claude, asks, { context: `${short}xxxx` })
        assert.deepStrictEqual(timesOf(claude), { a: 0, b: 1000 })
      })
    )
  }

  it.effect("for another model, effort, schema or other tools, each of which makes a prefix of its own", () =>
    atOnce({
      a: Ask.text("a"),
      b: Ask.text("b", { model: "claude-opus-5-5" }),
      c: Ask.text("c", { effort: "low" }),
      d: Ask.text("d", { webSearch: true }),
      e: Ask.object("e", Schema.Struct({ n: Schema.Finite }))
    })
  )

  it.effect("for another context, and for another system prompt there is", () =>
    Effect.gen(function* () {
      const claude = make(timely())
      const other = { context: `${document}!` }
      const fiber = yield* Effect.forEach(
        [
          request("a", { context: document, system: "Be brief." }),
          request("b", { context: document, system: "Be long." }),
          request("c", other)
        ],
        (each) => send(each),
        { concurrency: "unbounded" }
      ).pipe(
        Effect.updateService(Call.Current, (call) => ({ ...call, asks: 3 })),
        Effect.provide(stackOver(claude)),
        Effect.forkChild
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(timesOf(claude), { a: 0, b: 1000, c: 0 })
    })
  )

  it.effect("for a lone ask, which is not streamed either, for a synthesis, and for the copy of a straggler", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* atOnce(asksOf("a")), [undefined])
      for (const call of [{ part: "synthesis" }, { hedge: true }, { asks: 1 }] as const) {
        const claude = make(timely())
        const fiber = yield* Effect.all(
          [1, 2].map(() => send(request("a", { context: document }))),
          {
            concurrency: "unbounded"
          }
        ).pipe(
          Effect.updateService(Call.Current, (current) => ({ ...current, asks: 2, ...call })),
          Effect.provide(stackOver(claude)),
          Effect.forkChild
        )
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(fiber)
        const [one, two] = claude.sent
        assert.deepStrictEqual([two!.at - one!.at, one!.call.streamed, two!.call.streamed], [0, undefined, undefined])
      }
    })
  )
})

describe("structured asks", () => {
  const Size = Schema.Struct({ n: Schema.Finite })
  const answer = (question: string) => Ask.object(question, Size)

  it.effect("with one schema wait for the first of them, whatever else they share", () =>
    Effect.gen(function* () {
      const claude = make(timely())
      const others = { c: Ask.object("c", Schema.Struct({ text: Schema.String })), d: Ask.text("d") }
      const asks = { a: answer("a"), b: answer("b"), ...others }
      yield* asking(claude, asks, { context: "short" })
      // Prose is no answer to them, so that each is asked again, once.
      assert.deepStrictEqual(
        claude.sent.slice(0, 4).map(({ at, request: { messages } }) => [messages[0]?.content, at]),
        [
          ["a", 0],
          ["c", 0],
          ["d", 0],
          ["b", 1000]
        ]
      )
    })
  )

  it.effect("that share a context too lead once for both", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.delay(Effect.succeed(reply('{"n":1}')), 1000))
      yield* asking(claude, { a: answer("a"), b: answer("b") })
      assert.deepStrictEqual(timesOf(claude), { a: 0, b: 1000 })
    })
  )
})

const one = (question: string, context: string) => send(request(question, { context }))

describe("what is shared", () => {
  /** Pairs of asks that come together, each pair at its time; gives whether the second of a pair had to wait. */
  const waited = Effect.fnUntraced(function* (
    minutes: ReadonlyArray<number>,
    more: { readonly answerSchema?: object }
  ) {
    const claude = make(timely())
    const pair = (minute: number) =>
      Effect.delay(
        Effect.forEach(
          ["first", "second"],
          (word) => send(request(`${word} ${minute}`, more as { answerSchema: {} })),
          { concurrency: 2 }
        ),
        minute * 60_000
      )
    const fiber = yield* Effect.forEach(minutes, pair, { concurrency: "unbounded" }).pipe(
      Effect.updateService(Call.Current, (call) => ({ ...call, asks: 2 })),
      Effect.provide(stackOver(claude)),
      Effect.forkChild
    )
    yield* TestClock.adjust("3 days")
    yield* Fiber.join(fiber)
    const times = timesOf(claude)
    return minutes.map((minute) => times[`second ${minute}`]! > times[`first ${minute}`]!)
  })

  it.effect("lives for five minutes from its latest use, and then one leads again", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* waited([0, 4.9, 9.8, 14.9], { context: document } as {}), [
        true,
        false,
        false,
        true
      ])
    })
  )

  it.effect("is a day for a schema", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* waited([0, 60, 1439, 4000], { answerSchema: {} }), [true, false, false, true])
    })
  )

  it.effect("is forgotten where there is very much of it, but for what somebody waits for", () =>
    Effect.gen(function* () {
      const claude = make(timely((question) => (question === "slow" ? { begins: 4000, ends: 5000 } : { ends: 10 })))
      const fiber = yield* Effect.gen(function* () {
        const slow = yield* Effect.forkChild(one("slow", document), { startImmediately: true })
        for (let n = 0; n < 200; n++) yield* one("other", `${document}${n}`)
        const follower = yield* Effect.forkChild(one("follower", document), { startImmediately: true })
        yield* Effect.forEach(["again 1", "again 2"], (each) => one(each, `${document}0`), { concurrency: 2 })
        yield* Effect.all([Fiber.join(slow), Fiber.join(follower)])
      }).pipe(
        Effect.updateService(Call.Current, (call) => ({ ...call, asks: 2 })),
        Effect.provide(stackOver(claude)),
        Effect.forkChild
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      const { "again 1": first, "again 2": second, follower } = timesOf(claude)
      assert.strictEqual(follower, 4000)
      assert.isAbove(second!, first!)
    })
  )
})
