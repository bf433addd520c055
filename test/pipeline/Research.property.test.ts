/** What must hold of a fan-out whatever its asks, times, failures, policy and listener do. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { Ask, Event, type Findings, type Policy, Research } from "fanfold"
import { invalid, make, questionOf, reply } from "../FakeClaude.ts"

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

  const check = (
    { concurrency, isArray, listenerMillis, plans, policy }: Scenario,
    run: Effect.Success<ReturnType<typeof simulate>>
  ) => {
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
    assert.deepStrictEqual(
      found.findings.map(({ name }) => name),
      names
    )
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
    if (policy === "best-effort" || (typeof policy === "object" && "atLeast" in policy)) {
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
