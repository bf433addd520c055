/** The fan-out under virtual time: shapes, order, concurrency, streams, and wrong arguments. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Schema, Stream } from "effect"
import { Ask, type Claude, type Event, Message, Research } from "fanfold"
import { asksOf, make, pass, questionOf, recorder, reply, timed } from "../FakeClaude.ts"

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

describe("asks that wait for their turn", () => {
  it.effect("are sent once each, though the beginning of one ends another", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const claude = make(({ request }) => {
        const name = questionOf(request)
        const answered = Effect.succeed(reply(name))
        if (name === "a") return Effect.andThen(Deferred.await(gate), answered)
        if (name === "b") return Effect.delay(answered, 100)
        return name === "c" ? Effect.andThen(Deferred.succeed(gate, undefined), answered) : answered
      })
      const asks = asksOf("a", "b", "c", "d", "e")
      const { answers } = yield* pass(Effect.provide(Research.run(asks, { concurrency: 2 }), claude.layer))
      assert.deepStrictEqual(answers, { a: "a", b: "b", c: "c", d: "d", e: "e" })
      assert.deepStrictEqual(
        claude.sent.map(({ call }) => call.ask),
        ["a", "b", "c", "d", "e"]
      )
    })
  )
})

/** The events of a stream of which `take` findings are read. */
const told = (asks: Record<string, Ask.Ask<string>>, take: number) =>
  Effect.gen(function* () {
    const claude = make(timed({ a: 100, b: 200, c: 300, bad: 50 }, ["bad"]))
    const { events, listen } = recorder()
    const stream = Research.stream(asks, { concurrency: 3 })
    yield* stream.pipe(Stream.take(take), Stream.runDrain, listen, Effect.provide(claude.layer), pass)
    return events
  })

/** Events of one run, without what differs from run to run. */
const plain = (all: ReadonlyArray<Event.Event>) => {
  assert.lengthOf(new Set(all.map(({ run }) => run)), 1)
  assert.isAbove(all[0]!.run.length, 0)
  return all.map((event) => ({ ...event, at: event.at - all[0]!.at, run: "" }))
}

describe("the events of Research.stream", () => {
  it.effect("begin and end like those of run", () =>
    Effect.gen(function* () {
      const asks = asksOf("a", "bad")
      const events = yield* told(asks, 9)
      const claude = make(timed({ a: 100, bad: 50 }, ["bad"]))
      const { events: expected, listen } = recorder()
      yield* Research.run(asks, { policy: "best-effort", concurrency: 3 }).pipe(
        listen,
        Effect.provide(claude.layer),
        pass
      )
      assert.deepStrictEqual(plain(events), plain(expected))
      assert.strictEqual(events[0]?._tag, "ResearchStarted")
      assert.strictEqual(events.at(-1)?._tag, "ResearchEnded")
    })
  )

  it.effect("tell of each ask one end where the reader stops", () =>
    Effect.gen(function* () {
      const events = yield* told(asksOf("a", "b", "c", "d", "e"), 1)
      const ends = events.filter(({ _tag }) => _tag === "Answered" || _tag === "Interrupted")
      assert.deepStrictEqual(ends.map(({ _tag, ask }) => `${ask} ${_tag}`).toSorted(), [
        "a Answered",
        "b Interrupted",
        "c Interrupted",
        "d Interrupted",
        "e Interrupted"
      ])
      const last = events.at(-1)
      assert(last?._tag === "ResearchEnded")
      assert.deepInclude(last, { answered: 1, failed: 0, interrupted: 4, durationMillis: 100 })
    })
  )
})

describe("a defect", () => {
  it.effect("is no interruption: the ask's event says that it failed, and so does the count", () =>
    Effect.gen(function* () {
      const claude = make(({ request }) =>
        questionOf(request) === "b" ? Effect.die(new TypeError("a layer's own")) : Effect.never
      )
      const both = [Research.run(asksOf("a", "b")), Stream.runDrain(Research.stream(asksOf("a", "b")))]
      for (const research of both as ReadonlyArray<Effect.Effect<unknown, unknown, Claude.Claude>>) {
        const { events, listen } = recorder()
        const exit = yield* Effect.exit(research).pipe(listen, Effect.provide(claude.layer), pass)
        assert(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
        const failed = events.find(({ ask, _tag }) => ask === "b" && _tag === "Failed")
        assert(failed?._tag === "Failed")
        assert.deepInclude(failed, { reason: "Defect", message: "TypeError: a layer's own" })
        const last = events.at(-1)
        assert(last?._tag === "ResearchEnded")
        assert.deepInclude(last, { answered: 0, failed: 1, interrupted: 1 })
      }
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
    ["deadline: expected a time longer than zero", asksOf("a"), { deadline: -1 }],
    ["deadline: expected a time longer than zero", asksOf("a"), { deadline: "60s" }],
    [
      "deadline: expected at least 90 seconds, the shortest timeout (asks.b.timeout), got 60 seconds",
      { a: Ask.text("a"), b: Ask.text("b", { timeout: "90 seconds" }), c: Ask.text("c", { timeout: "2 minutes" }) },
      { deadline: "1 minute" }
    ],
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
