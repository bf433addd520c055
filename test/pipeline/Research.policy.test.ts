/** What each policy returns, when, and what it does with the rest. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { type Findings, type Policy, Research } from "fanfold"
import { asksOf, invalid, make, pass, recorder, timed } from "../FakeClaude.ts"

const outcomesOf = ({ findings }: Findings.Findings) =>
  findings.map(({ name, outcome }) => [name, outcome._tag].join(" "))

const failing = <const P extends Policy.Policy>(policy: P, concurrency: Research.Concurrency = "unbounded") => {
  const claude = make(timed({ early: 100, bad: 200, late: 300, later: 400 }, ["bad"]))
  const run = Research.run(asksOf("early", "bad", "late", "later"), { policy, concurrency })
  return Effect.map(pass(Effect.result(Effect.provide(run, claude.layer))), (result) => ({ result, claude }))
}

describe("policy", () => {
  it.effect(`"all" interrupts the rest at the first failure, and its error keeps every finished answer`, () =>
    Effect.gen(function* () {
      const { claude, result } = yield* failing("all")
      assert(result._tag === "Failure")
      const { error, findings, message } = result.failure
      assert.strictEqual(error?.reason._tag, "Overloaded")
      assert.deepStrictEqual(findings.answers, { early: "re early", bad: undefined, late: undefined, later: undefined })
      assert.deepStrictEqual(outcomesOf(findings), [
        "early Answered",
        "bad Failed",
        "late Interrupted",
        "later Interrupted"
      ])
      assert.strictEqual(findings.durationMillis, 200)
      assert.strictEqual(claude.interrupted, 2)
      assert.strictEqual(message, "bad: overloaded: busy; 1 of 4 asks answered, 4 needed")
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
      assert.deepStrictEqual(
        gaps.map(({ name, outcome }) => `${name} ${outcome._tag}`),
        ["bad Failed"]
      )
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
      const exit = yield* Research.stream(asksOf("a")).pipe(
        Stream.runCollect,
        Effect.provide(claude.layer),
        Effect.exit
      )
      assert(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    })
  )
})
