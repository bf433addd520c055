/** The fan-out under virtual time: policies, order, concurrency, and what must hold whatever happens. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import { Ask, Claude, Event, type Findings, Message, type Policy, Research } from "fanfold"
import { invalid, make, overloaded, questionOf, recorder, reply, type Sent } from "./FakeClaude.ts"

/** Answers `how about NAME?` after that name's time, or fails then. */
const timed =
  (times: Readonly<Record<string, number>>, failing: ReadonlyArray<string> = []) =>
  ({ request }: Sent) => {
    const name = questionOf(request)
    const result = failing.includes(name) ? Effect.fail(overloaded()) : Effect.succeed(reply(`re ${name}`))
    return Effect.delay(result, times[name] ?? 0)
  }

const asksOf = <Name extends string>(...names: ReadonlyArray<Name>) =>
  Object.fromEntries(names.map((name) => [name, Ask.text(name)])) as Record<Name, Ask.Ask<string>>

/** Runs an effect while virtual time passes, far beyond anything in these tests. */
const pass = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

const outcomesOf = ({ findings }: Findings.Findings) => findings.map(({ name, outcome }) => [name, outcome._tag].join(" "))

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
      assert.deepStrictEqual(findings.map(({ name }) => name), ["ask1", "ask2"])
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
      assert.deepStrictEqual(claude.sent.map(({ request }) => request.context), ["a document", "a document"])
      const call = { run, part: "ask", level: 0, asks: 2, attempt: 1 } as const
      assert.deepStrictEqual(claude.sent.map(({ call }) => call), [
        { ...call, ask: "a" },
        { ...call, ask: "b" }
      ])
      assert.isAbove(run.length, 0)
    })
  )
})

describe("policy", () => {
  const failing = <const P extends Policy.Policy>(policy: P, concurrency: Research.Concurrency = "unbounded") => {
    const claude = make(timed({ early: 100, bad: 200, late: 300, later: 400 }, ["bad"]))
    const run = Research.run(asksOf("early", "bad", "late", "later"), { policy, concurrency })
    return Effect.map(pass(Effect.result(Effect.provide(run, claude.layer))), (result) => ({ result, claude }))
  }

  it.effect(`"all" interrupts the rest at the first failure, and its error keeps every finished answer`, () =>
    Effect.gen(function* () {
      const { claude, result } = yield* failing("all")
      assert(result._tag === "Failure")
      const { error, findings, message } = result.failure
      assert.strictEqual(error?.reason._tag, "Overloaded")
      assert.deepStrictEqual(findings.answers, { early: "re early", bad: undefined, late: undefined, later: undefined })
      assert.deepStrictEqual(outcomesOf(findings), ["early Answered", "bad Failed", "late Interrupted", "later Interrupted"])
      assert.strictEqual(findings.durationMillis, 200)
      assert.strictEqual(claude.interrupted, 2)
      assert.strictEqual(
        message,
        "bad: overloaded: busy; 1 of 4 asks answered, 4 needed; the answers are kept in the error's findings"
      )
    })
  )

  it.effect(`"all" does not start what had not begun`, () =>
    Effect.gen(function* () {
      const { claude, result } = yield* failing("all", 2)
      assert(result._tag === "Failure")
      assert.deepStrictEqual(outcomesOf(result.failure.findings), [
        "early Answered",
        "bad Failed",
        "late Interrupted",
        "later Interrupted"
      ])
      assert.strictEqual(claude.sent.length, 3)
    })
  )

  it.effect(`"best-effort" runs every ask to its end and lists the gaps`, () =>
    Effect.gen(function* () {
      const { result } = yield* failing("best-effort")
      assert(result._tag === "Success")
      const { answers, durationMillis, gaps } = result.success
      assert.deepStrictEqual(answers, { early: "re early", bad: undefined, late: "re late", later: "re later" })
      assert.deepStrictEqual(gaps.map(({ name, outcome }) => `${name} ${outcome._tag}`), ["bad Failed"])
      assert.strictEqual(durationMillis, 400)
    })
  )

  it.effect(`"best-effort" is content with no answer at all`, () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.fail(invalid()))
      const run = Research.run(asksOf("a", "b"), { policy: "best-effort" })
      const { answers, gaps } = yield* Effect.provide(run, claude.layer)
      assert.deepStrictEqual(answers, { a: undefined, b: undefined })
      assert.strictEqual(gaps.length, 2)
    })
  )

  it.effect("{ atLeast: n } waits for all and fails under n", () =>
    Effect.gen(function* () {
      const enough = yield* failing({ atLeast: 3 })
      assert(enough.result._tag === "Success")
      assert.strictEqual(enough.result.success.durationMillis, 400)
      const { result } = yield* failing({ atLeast: 4 })
      assert(result._tag === "Failure")
      assert.strictEqual(result.failure.findings.durationMillis, 400)
      assert.strictEqual(result.failure.error?.reason._tag, "Overloaded")
      assert.strictEqual(result.failure.findings.gaps.length, 1)
    })
  )

  it.effect("{ first: n } returns at the nth answer, failures not counted, and interrupts the rest", () =>
    Effect.gen(function* () {
      const two = yield* failing({ first: 2 })
      assert(two.result._tag === "Success")
      assert.strictEqual(two.result.success.durationMillis, 300)
      assert.deepStrictEqual(outcomesOf(two.result.success), [
        "early Answered",
        "bad Failed",
        "late Answered",
        "later Interrupted"
      ])
      assert.strictEqual(two.claude.interrupted, 1)
      const { result } = yield* failing({ first: 4 })
      assert(result._tag === "Failure")
      assert.strictEqual(result.failure.findings.durationMillis, 400)
    })
  )

  it.effect("an interruption from outside ends every ask, and tells so", () =>
    Effect.gen(function* () {
      const claude = make(timed({ a: 100, b: 500, c: 500 }))
      const { events, listen, tagsOf } = recorder()
      const fiber = yield* Effect.forkChild(
        Research.run(asksOf("a", "b", "c"), { concurrency: 2 }).pipe(Effect.provide(claude.layer), listen)
      )
      yield* TestClock.adjust(50)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
      assert.strictEqual(claude.inFlight, 0)
      for (const name of ["a", "b"]) assert.deepStrictEqual(tagsOf(name), ["Started", "Interrupted"])
      assert.deepStrictEqual(tagsOf("c"), ["Interrupted"])
      assert.deepInclude(events.at(-1), { _tag: "ResearchEnded", answered: 0, failed: 0, interrupted: 3 })
    })
  )

  it.effect("a defect is nobody's finding: it ends the run", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.die(new Error("a bug")))
      for (const policy of ["all", "best-effort"] as const) {
        const exit = yield* Effect.exit(Effect.provide(Research.run(asksOf("a", "b"), { policy }), claude.layer))
        assert(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      }
      const exit = yield* Research.stream(asksOf("a")).pipe(Stream.runCollect, Effect.provide(claude.layer), Effect.exit)
      assert(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    })
  )
})

describe("whatever happens", () => {
  type Plan = { readonly name: string; readonly millis: number; readonly fails: boolean }
  interface Scenario {
    readonly plans: ReadonlyArray<Plan>
    readonly isArray: boolean
    readonly concurrency: Research.Concurrency
    readonly policy: Policy.Policy
    readonly listenerMillis: number
    readonly interruptAt: number | undefined
  }

  const scenarios: fc.Arbitrary<Scenario> = fc
    .uniqueArray(
      fc.record({
        name: fc.oneof(
          fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_-]{0,6}$/),
          fc.constantFrom("__proto__", "constructor", "toString", "length")
        ),
        millis: fc.integer({ min: 0, max: 60 }),
        fails: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) })
      }),
      { selector: ({ name }) => name, minLength: 1, maxLength: 9 }
    )
    .chain((plans) => {
      const n = fc.integer({ min: 1, max: plans.length })
      return fc.record({
        plans: fc.constant(plans),
        isArray: fc.boolean(),
        concurrency: fc.oneof(fc.integer({ min: 1, max: 10 }), fc.constant("unbounded" as const)),
        policy: fc.oneof(
          fc.constantFrom("all" as const, "best-effort" as const),
          fc.record({ atLeast: n }),
          fc.record({ first: n })
        ),
        listenerMillis: fc.constantFrom(0, 0, 3),
        interruptAt: fc.option(fc.integer({ min: 0, max: 120 }), { nil: undefined, freq: 4 })
      })
    })

  /** The answer that is enough comes at once, while the fan-out is still about to start it. */
  const enoughAtOnce: Scenario = {
    plans: [
      { name: "slow", millis: 23, fails: false },
      { name: "bad", millis: 6, fails: true },
      { name: "next", millis: 0, fails: false }
    ],
    isArray: false,
    concurrency: 2,
    policy: { first: 1 },
    listenerMillis: 0,
    interruptAt: undefined
  }

  const isEvent = Schema.is(Event.Event)
  const ends = new Set(["Answered", "Failed", "Interrupted"])

  const simulate = Effect.fnUntraced(function* (scenario: Scenario) {
    const { concurrency, interruptAt, isArray, listenerMillis, plans, policy } = scenario
    const claude = make(({ request }) => {
      const { fails, millis } = plans.find(({ name }) => name === questionOf(request))!
      const result = fails ? Effect.fail(invalid()) : Effect.succeed(reply(`re ${questionOf(request)}`))
      return millis === 0 ? result : Effect.delay(result, millis)
    })
    const events: Array<Event.Event> = []
    const emit = (event: Event.Event) => {
      events.push(event)
      return listenerMillis === 0 ? Effect.void : Effect.sleep(listenerMillis)
    }
    const asks = isArray
      ? plans.map(({ name }) => Ask.text(name))
      : Object.fromEntries(plans.map(({ name }) => [name, Ask.text(name)]))
    const fiber = yield* Research.run(asks as Record<string, Ask.Ask<string>>, { concurrency, policy }).pipe(
      Effect.provide(claude.layer),
      Effect.provideService(Event.Listener, { emit }),
      Effect.result,
      Effect.forkChild
    )
    if (interruptAt !== undefined) {
      yield* TestClock.adjust(interruptAt)
      yield* Effect.forkChild(Fiber.interrupt(fiber))
    }
    yield* TestClock.adjust("1 minute")
    return { claude, events, exit: yield* Fiber.await(fiber) }
  })

  const check = ({ concurrency, isArray, listenerMillis, plans, policy }: Scenario, run: Effect.Success<ReturnType<typeof simulate>>) => {
    const { claude, events, exit } = run
    const names = plans.map(({ name }, index) => (isArray ? `ask${index + 1}` : name))
    assert.isAtMost(claude.peak, concurrency === "unbounded" ? plans.length : concurrency)
    assert.strictEqual(claude.inFlight, 0)
    assert.isTrue(events.every((event) => isEvent(event)))
    assert.strictEqual(new Set(events.map(({ run }) => run)).size, 1)

    const endOf = (name: string) => events.filter(({ _tag, ask }) => ask === name && ends.has(_tag))
    for (const name of names) assert.strictEqual(endOf(name).length, 1, `${name} ends once`)
    assert.strictEqual(events[0]?._tag, "ResearchStarted")
    const last = events.at(-1)
    assert(last?._tag === "ResearchEnded")
    assert.strictEqual(last.answered + last.failed + last.interrupted, plans.length)
    if (Exit.isFailure(exit)) return assert.isTrue(Exit.hasInterrupts(exit))

    const result = exit.value
    const found: Findings.Findings = result._tag === "Success" ? result.success : result.failure.findings
    assert.deepStrictEqual(found.findings.map(({ name }) => name), names)
    const answers = isArray ? Object.values(found.answers) : names.map((name) => found.answers[name])
    assert.strictEqual(Object.keys(found.answers).length, plans.length)
    let answered = 0
    for (const [index, { outcome, question }] of found.findings.entries()) {
      const { fails, name } = plans[index]!
      assert.strictEqual(question, name)
      assert.strictEqual(endOf(names[index]!)[0]!._tag, outcome._tag, `the event of ${name} tells its outcome`)
      if (outcome._tag === "Answered") answered++
      if (outcome._tag !== "Interrupted") assert.strictEqual(outcome._tag, fails ? "Failed" : "Answered")
      assert.strictEqual(answers[index], outcome._tag === "Answered" ? `re ${name}` : undefined)
    }
    assert.deepStrictEqual(found.gaps, found.findings.filter(({ outcome }) => outcome._tag !== "Answered") as never)
    assert.strictEqual(last.answered, answered)

    const failures = plans.filter(({ fails }) => fails).length
    const needed = policy === "all" ? plans.length : policy === "best-effort" ? 0 : Object.values(policy)[0]!
    assert.strictEqual(result._tag, plans.length - failures >= needed ? "Success" : "Failure")
    if (policy === "best-effort" || typeof policy === "object" && "atLeast" in policy) {
      assert.strictEqual(answered, plans.length - failures)
    }
    if (concurrency === "unbounded" && listenerMillis === 0) {
      const times = plans.map(({ fails, millis }) => ({ fails, millis })).toSorted((a, b) => a.millis - b.millis)
      const ready = times.filter(({ fails }) => !fails)
      const slowest = times.at(-1)!.millis
      const expected =
        policy === "all"
          ? (times.find(({ fails }) => fails)?.millis ?? slowest)
          : typeof policy === "object" && "first" in policy
            ? (ready[policy.first - 1]?.millis ?? slowest)
            : slowest
      assert.strictEqual(found.durationMillis, expected)
    }
  }

  it("every ask has one outcome under its own name and one event that tells it, within the concurrency", () =>
    fc.assert(
      fc.asyncProperty(scenarios, (scenario) =>
        simulate(scenario).pipe(
          Effect.map((run) => check(scenario, run)),
          Effect.provide(TestClock.layer()),
          Effect.runPromise
        )
      ),
      { numRuns: 1000, examples: [[enoughAtOnce]] }
    ))
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
      const [first] = yield* Research.stream(asksOf("a", "b", "c", "d"), { concurrency: 2, context: "a document" }).pipe(
        Stream.take(1),
        Stream.runCollect,
        Effect.provide(claude.layer),
        pass
      )
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
    ["concurrency: expected a whole number ≥ 1, or \"unbounded\", got \"many\"", asksOf("a"), { concurrency: "many" }],
    ["policy: expected \"all\"", asksOf("a"), { policy: "some" }],
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
          const exit = yield* Effect.exit(Effect.provide(effect as Effect.Effect<unknown, unknown, Claude.Claude>, claude.layer))
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
