/** The fan-out under virtual time: shapes, order, concurrency, streams, and wrong arguments. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Schema, Stream } from "effect"
import { Ask, type Claude, Message, Research } from "fanfold"
import { asksOf, make, pass, questionOf, reply, timed } from "./FakeClaude.ts"

describe("Research.run", () => {
  it.effect("gives the answers of a record by name, in the order asked, however fast they come", () =>
    Effect.gen(function* () {
      const claude = make(timed({ slow: 300, fast: 100, middle: 200 }))
      const { answers, findings, gaps, policy } = yield* pass(
        Effect.provide(Research.run(asksOf("slow", "fast", "middle")), claude.layer)
      )
      assert.deepStrictEqual(answers, { slow: "re slow", fast: "re fast", middle: "re middle" })
      assert.deepStrictEqual(Object.keys(answers), ["slow", "fast", "middle"])
      assert.deepStrictEqual(
        findings.map(({ index, name, question }) => [index, name, question]),
        [
          [0, "slow", "slow"],
          [1, "fast", "fast"],
          [2, "middle", "middle"]
        ]
      )
      assert.deepStrictEqual(gaps, [])
      assert.strictEqual(policy, "all")
    })
  )

  it.effect("gives the answers of an array in order, named ask1, ask2, …", () =>
    Effect.gen(function* () {
      const claude = make(timed({ a: 300, b: 100 }))
      const { answers, findings } = yield* pass(
        Effect.provide(Research.run([Ask.text("a"), Ask.text("b")]), claude.layer)
      )
      assert.deepStrictEqual(answers, ["re a", "re b"])
      assert.deepStrictEqual(
        findings.map(({ name }) => name),
        ["ask1", "ask2"]
      )
    })
  )

  it.effect("gives typed values, with reply, usage and time", () =>
    Effect.gen(function* () {
      const claude = make(({ request }) =>
        Effect.succeed(reply(request.answerSchema === undefined ? "words" : `{"euro":12}`))
      )
      const { answers, findings } = yield* Effect.provide(
        Research.run([Ask.object("how much?", Schema.Struct({ euro: Schema.Finite })), Ask.text("why?")]),
        claude.layer
      )
      assert.deepStrictEqual(answers, [{ euro: 12 }, "words"])
      const [first] = findings
      assert.deepInclude(first!.outcome, { _tag: "Answered", durationMillis: 0, usage: reply("").usage })
    })
  )

  it.effect("takes as long as the slowest answer when nothing bounds it, and the sum one at a time", () =>
    Effect.gen(function* () {
      const times = { a: 800, b: 1000, c: 1200 }
      const durationAt = (concurrency: Research.Concurrency) =>
        Effect.provide(Research.run(asksOf("a", "b", "c"), { concurrency }), make(timed(times)).layer).pipe(
          pass,
          Effect.map(({ durationMillis }) => durationMillis)
        )
      assert.strictEqual(yield* durationAt("unbounded"), 1200)
      assert.strictEqual(yield* durationAt(2), 2000)
      assert.strictEqual(yield* durationAt(1), 3000)
    })
  )

  it.effect("of nothing gives nothing, and sends nothing", () =>
    Effect.gen(function* () {
      const claude = make()
      assert.deepStrictEqual((yield* Effect.provide(Research.run({}), claude.layer)).answers, {})
      assert.deepStrictEqual((yield* Effect.provide(Research.run([]), claude.layer)).answers, [])
      assert.strictEqual(claude.sent.length, 0)
    })
  )

  it.effect("hands the shared context to every ask, and the call says on whose behalf it is sent", () =>
    Effect.gen(function* () {
      const claude = make()
      const { run } = yield* Effect.provide(Research.run(asksOf("a", "b"), { context: "a document" }), claude.layer)
      assert.deepStrictEqual(
        claude.sent.map(({ request }) => request.context),
        ["a document", "a document"]
      )
      const call = { run, part: "ask", level: 0, asks: 2, attempt: 1 } as const
      assert.deepStrictEqual(
        claude.sent.map(({ call }) => call),
        [
          { ...call, ask: "a" },
          { ...call, ask: "b" }
        ]
      )
      assert.isAbove(run.length, 0)
    })
  )
})

describe("Research.stream", () => {
  it.effect("gives each finding as it comes, the fastest first, failures too", () =>
    Effect.gen(function* () {
      const claude = make(timed({ slow: 300, fast: 100, bad: 200 }, ["bad"]))
      const found = yield* Research.stream(asksOf("slow", "fast", "bad")).pipe(
        Stream.map(({ index, name, outcome }) => [name, index, outcome._tag]),
        Stream.runCollect,
        Effect.provide(claude.layer),
        pass
      )
      assert.deepStrictEqual(found, [
        ["fast", 1, "Answered"],
        ["bad", 2, "Failed"],
        ["slow", 0, "Answered"]
      ])
    })
  )

  it.effect("keeps the concurrency, and stops the rest when its reader stops", () =>
    Effect.gen(function* () {
      const claude = make(timed({ a: 100, b: 200, c: 300, d: 400 }))
      const [first] = yield* Research.stream(asksOf("a", "b", "c", "d"), {
        concurrency: 2,
        context: "a document"
      }).pipe(Stream.take(1), Stream.runCollect, Effect.provide(claude.layer), pass)
      assert.strictEqual(first?.name, "a")
      assert.strictEqual(claude.peak, 2)
      assert.strictEqual(claude.inFlight, 0)
      assert.strictEqual(claude.sent[0]?.request.context, "a document")
      assert.strictEqual(claude.sent[0]?.call.asks, 4)
    })
  )
})

describe("a wrong argument", () => {
  const wrong: ReadonlyArray<readonly [string, unknown, unknown]> = [
    ["concurrency: expected a whole number ≥ 1, got 0", asksOf("a"), { concurrency: 0 }],
    ["concurrency: expected a whole number ≥ 1, got -1", asksOf("a"), { concurrency: -1 }],
    ["concurrency: expected a whole number ≥ 1, got 1.5", asksOf("a"), { concurrency: 1.5 }],
    ['concurrency: expected a whole number ≥ 1, or "unbounded", got "many"', asksOf("a"), { concurrency: "many" }],
    ['policy: expected "all"', asksOf("a"), { policy: "some" }],
    ["policy", asksOf("a"), { policy: { first: 0 } }],
    ["policy: expected at most 1 answers", asksOf("a"), { policy: { atLeast: 2 } }],
    ["policy: expected at most 1 answers", asksOf("a"), { policy: { first: 2 } }],
    ["name: expected a name of 1 to 64 letters", asksOf("1"), {}],
    ["name: expected a name of 1 to 64 letters", asksOf("a b"), {}],
    ["name: expected a name of 1 to 64 letters", asksOf("a".repeat(65)), {}]
  ]
  for (const [message, asks, options] of wrong) {
    it.effect(`is a defect that shows it, and nothing is sent: ${message} ${JSON.stringify(options)}`, () =>
      Effect.gen(function* () {
        const claude = make()
        const run = Research.run(asks as Record<string, Ask.Ask<string>>, options as Research.Options)
        const { policy, ...rest } = options as Research.Options
        const stream = Stream.runDrain(Research.stream(asks as Record<string, Ask.Ask<string>>, rest))
        for (const effect of policy === undefined ? [run, stream] : [run]) {
          const exit = yield* Effect.exit(
            Effect.provide(effect as Effect.Effect<unknown, unknown, Claude.Claude>, claude.layer)
          )
          assert(Exit.isFailure(exit))
          const defect = Cause.squash(exit.cause)
          assert(defect instanceof RangeError && Cause.hasDies(exit.cause))
          assert.include(defect.message, message)
        }
        assert.strictEqual(claude.sent.length, 0)
      })
    )
  }
})

describe("findings", () => {
  it.effect("keep reply and usage of each answer, and the error of each gap", () =>
    Effect.gen(function* () {
      const truncated = reply("half", { stopReason: "max_tokens" })
      const claude = make(({ request }) =>
        questionOf(request) === "bad" ? Effect.succeed(truncated) : Effect.succeed(reply("whole", { id: "msg_7" }))
      )
      const run = Research.run(asksOf("good", "bad"), { policy: "best-effort" })
      const [good, bad] = (yield* Effect.provide(run, claude.layer)).findings
      assert(good?.outcome._tag === "Answered" && bad?.outcome._tag === "Failed")
      assert.strictEqual(good.outcome.reply.id, "msg_7")
      assert.strictEqual(Message.inputTokensOf(good.outcome.usage), 10)
      assert.strictEqual(bad.outcome.error.reason._tag, "Truncated")
      assert.strictEqual(bad.outcome.error.partialText, "half")
      assert.deepStrictEqual(bad.outcome.error.usage, truncated.usage)
    })
  )
})
