/** What a user may change of a run while it is under way, and what is refused without changing anything. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Budget, Synthesis } from "fanfold"
import * as Interventions from "../../src/interventions/Interventions.ts"
import * as Pipeline from "../../src/pipeline/Pipeline.ts"
import * as RunState from "../../src/report/RunState.ts"
import { asksOf, make, recorder, reply, timed } from "../FakeClaude.ts"
import { dear, usage } from "../layers/Budgeted.ts"

/** A run whose asks take 1, 2, 3 … seconds, and what it was sent; `failing` fail the first time. */
const begun = (
  names: ReadonlyArray<string>,
  options: Partial<Pipeline.Pipeline> & { readonly failing?: ReadonlyArray<string> } = {}
) =>
  Effect.gen(function* () {
    const { failing = [], ...given } = options
    const left = new Set(failing)
    const times = Object.fromEntries(names.map((name, index) => [name, (index + 1) * 1000]))
    const claude = make((sent) => {
      const { ask, part } = sent.call
      if (part === "synthesis") return Effect.delay(Effect.succeed(reply("Folded.")), 1000)
      return timed(times, left.delete(ask) ? [ask] : [])(sent)
    })
    const events = recorder()
    const startedAt = yield* Clock.currentTimeMillis
    const interventions = new Interventions.Interventions()
    const fiber = yield* Pipeline.run({
      asks: asksOf(...names),
      synthesis: Synthesis.text("Fold"),
      policy: "best-effort",
      concurrency: "unbounded",
      context: undefined,
      deadline: undefined,
      ...given
    }).pipe(
      events.listen,
      Effect.provide(claude.layer),
      Effect.provideService(Interventions.Current, interventions),
      Effect.forkChild
    )
    const made = () => events.events.flatMap((event) => (event._tag === "Intervened" ? [event.intervention] : []))
    const ended = Effect.gen(function* () {
      yield* TestClock.adjust("1 hour")
      return yield* Fiber.join(fiber)
    })
    const asked = () => claude.sent.map(({ at, call }) => [call.ask, at - startedAt] as const)
    const wanted = (...given: Parameters<Interventions.Interventions["intervene"]>[0]) =>
      Effect.match(interventions.intervene(given), {
        onFailure: ({ message }) => message,
        onSuccess: (done) => done
      })
    const refused = (...given: Parameters<Interventions.Interventions["intervene"]>[0]) =>
      Effect.map(Effect.flip(interventions.intervene(given)), ({ message }) => message)
    return { asked, claude, ended, events, made, refused, wanted }
  })

const stop = { _tag: "Stop" } as const

describe("stopping", () => {
  it.effect("interrupts what has no answer, and folds what is there, under every policy", () =>
    Effect.gen(function* () {
      for (const policy of ["best-effort", "all", { atLeast: 3 }] as const) {
        const run = yield* begun(["a", "b", "c"], { policy })
        yield* TestClock.adjust(1500)
        assert.deepStrictEqual(yield* run.wanted(stop), [stop])
        const { document, error, findings, shortfall } = yield* run.ended
        assert.deepStrictEqual([document?.value, error], ["Folded.", undefined])
        assert.deepStrictEqual(findings.answers, { a: "re a", b: undefined, c: undefined })
        assert.strictEqual(shortfall?.endedBy, policy === "best-effort" ? undefined : "stop")
        assert.deepStrictEqual(run.made(), [stop])
        assert.strictEqual(run.claude.interrupted, 2)
      }
    })
  )

  it.effect("is an event of the run between those of its asks", () =>
    Effect.gen(function* () {
      const run = yield* begun(["a", "b"])
      yield* TestClock.adjust(1500)
      yield* run.wanted(stop)
      yield* run.ended
      const tags = run.events.events.map(({ _tag }) => _tag)
      assert.isBelow(tags.indexOf("Intervened"), tags.indexOf("Interrupted"))
      const state = RunState.make()
      for (const event of run.events.events) state.add(event)
      assert.deepStrictEqual(
        state.interventions.map(({ at, intervention }) => [at, intervention]),
        [[1500, stop]]
      )
      assert.strictEqual(state.total, 2)
    })
  )

  it.effect("is refused once the asks have ended, and before they begin", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* Effect.match(new Interventions.Interventions().intervene([stop]), {
          onFailure: ({ message }) => message,
          onSuccess: () => ""
        }),
        "nothing of the run can be changed"
      )
      const run = yield* begun(["a"])
      yield* TestClock.adjust(1500)
      assert.strictEqual(yield* run.wanted(stop), "no ask is under way")
      yield* run.ended
      assert.deepStrictEqual(run.made(), [])
      assert.strictEqual(yield* run.wanted(stop), "nothing of the run can be changed")
    })
  )
})

const again = (...asks: ReadonlyArray<string>) => ({ _tag: "AskAgain", asks }) as const

describe("asking a gap again", () => {
  it.effect("takes its answer into the findings, and names the gaps where no ask is named", () =>
    Effect.gen(function* () {
      for (const asks of [["a"], []]) {
        const run = yield* begun(["a", "b", "c"], { failing: ["a"] })
        yield* TestClock.adjust(1500)
        assert.deepStrictEqual(yield* run.wanted(again(...asks)), [again("a")])
        const { findings } = yield* run.ended
        assert.deepStrictEqual(findings.answers, { a: "re a", b: "re b", c: "re c" })
        assert.deepStrictEqual(findings.gaps, [])
        assert.deepStrictEqual(run.asked().slice(0, 4), [
          ["a", 0],
          ["b", 0],
          ["c", 0],
          ["a", 1500]
        ])
        assert.strictEqual(run.claude.sent[3]?.call.again, true)
      }
    })
  )

  it.effect("is waited for after all others have ended", () =>
    Effect.gen(function* () {
      const run = yield* begun(["a", "b"], { failing: ["a"] })
      yield* TestClock.adjust(1900)
      yield* run.wanted(again("a"))
      const { findings } = yield* run.ended
      assert.deepStrictEqual(findings.answers, { a: "re a", b: "re b" })
      assert.deepStrictEqual(run.asked().at(-1), ["synthesis", 2900])
    })
  )

  it.effect("is refused of an ask that is none, has its answer, or has not ended", () =>
    Effect.gen(function* () {
      const run = yield* begun(["a", "b"])
      yield* TestClock.adjust(1500)
      assert.strictEqual(yield* run.wanted(again("c")), "c: the run has no such ask")
      assert.strictEqual(yield* run.wanted(again("a")), "a has its answer")
      assert.strictEqual(yield* run.wanted(again("b")), "b has not ended")
      assert.strictEqual(yield* run.wanted(again()), "no ask has ended without an answer")
      yield* run.ended
      assert.deepStrictEqual([run.made(), run.claude.sent.length], [[], 3])
    })
  )
})

describe("raising the concurrency", () => {
  it.effect("lets as many more leave at once, and doubles what there is", () =>
    Effect.gen(function* () {
      const run = yield* begun(["a", "b", "c", "d", "e"], { concurrency: 1 })
      yield* TestClock.adjust(500)
      const three = { _tag: "RaiseConcurrency", concurrency: 3 } as const
      assert.deepStrictEqual(yield* run.wanted({ _tag: "Double", limit: "concurrency" }), [
        { ...three, concurrency: 2 }
      ])
      assert.deepStrictEqual(yield* run.wanted(three), [three])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(run.asked(), [
        ["a", 0],
        ["b", 500],
        ["c", 500]
      ])
      assert.strictEqual(yield* run.wanted(three), "concurrency: expected more than 3, got 3")
      const { findings } = yield* run.ended
      assert.strictEqual(findings.gaps.length, 0)
      assert.strictEqual(run.claude.peak, 3)
    })
  )
})

const to = (askingMillis: number) => ({ _tag: "RaiseDeadline", askingMillis }) as const

describe("raising the deadline", () => {
  it.effect("gives the asks more time, and refuses what is no more", () =>
    Effect.gen(function* () {
      const run = yield* begun(["a", "b", "c"], { deadline: "1500 millis" })
      yield* TestClock.adjust(1000)
      assert.strictEqual(yield* run.wanted(to(1500)), "deadline: expected more than 1.5 seconds, got 1.5 seconds")
      assert.strictEqual(
        yield* run.wanted({ _tag: "RaiseDeadline", allMillis: 9000 }),
        "the run has a deadline for its asks, and none for all"
      )
      assert.deepStrictEqual(yield* run.wanted(to(2500)), [to(2500)])
      const { findings } = yield* run.ended
      assert.deepStrictEqual(findings.answers, { a: "re a", b: "re b", c: undefined })
      assert.strictEqual(findings.durationMillis, 2500)
    })
  )

  it.effect(
    "moves that of the asks with that of the run, where only the run has one, and refuses asks that outlast it",
    () =>
      Effect.gen(function* () {
        const run = yield* begun(["a", "b"], { deadline: { all: "1500 millis" } })
        yield* TestClock.adjust(1000)
        assert.match(yield* run.refused({ _tag: "RaiseDeadline", askingMillis: 2000 }), /expected at most .*\(all\)/)
        assert.deepStrictEqual(yield* run.wanted({ _tag: "Double", limit: "deadline" }), [
          { _tag: "RaiseDeadline", allMillis: 3000 }
        ])
        const { findings } = yield* run.ended
        assert.deepStrictEqual(findings.answers, { a: "re a", b: "re b" })
      })
  )

  it.effect("is refused where there is none, and where it is over", () =>
    Effect.gen(function* () {
      const none = yield* begun(["a"])
      yield* TestClock.adjust(500)
      assert.strictEqual(yield* none.wanted({ _tag: "RaiseDeadline", askingMillis: 9000 }), "the run has no deadline")
      const over = yield* begun(["a", "b"], { deadline: "1500 millis" })
      yield* TestClock.adjust(2000)
      assert.strictEqual(yield* over.wanted({ _tag: "RaiseDeadline", askingMillis: 9000 }), "deadline: it is over")
    })
  )
})

const raised = (usd: number) => ({ _tag: "RaiseBudget", usd }) as const

describe("raising the budget", () => {
  it.effect("lets leave at once what fits then, and refuses what is no more", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.delay(Effect.succeed(reply("yes", { usage: usage(10_000) })), 1000))
      const interventions = new Interventions.Interventions()
      const asks = { a: dear("a"), b: dear("b"), c: dear("c") }
      const fiber = yield* Pipeline.run({
        asks,
        synthesis: undefined,
        policy: "best-effort",
        concurrency: "unbounded",
        context: undefined,
        deadline: undefined
      }).pipe(
        Effect.provide(Layer.provide(Budget.layer(0.0055), claude.layer)),
        Effect.provideService(Interventions.Current, interventions),
        Effect.forkChild
      )
      yield* TestClock.adjust(500)
      assert.strictEqual(claude.sent.length, 1)
      const refused = yield* Effect.flip(interventions.intervene([raised(0.005)]))
      assert.strictEqual(refused.message, "budget usd: expected more than 0.0055, got 0.005")
      const tokens = yield* Effect.flip(interventions.intervene([{ _tag: "RaiseBudget", tokens: 5 }]))
      assert.strictEqual(tokens.message, "budget tokens: the run has no such limit")
      yield* interventions.intervene([raised(0.0105)])
      yield* TestClock.adjust(1)
      assert.strictEqual(claude.sent.length, 2)
      yield* interventions.intervene([{ _tag: "Double", limit: "budget" }])
      yield* TestClock.adjust(1)
      assert.strictEqual(claude.sent.length, 3)
      yield* TestClock.adjust("1 hour")
      const { findings } = yield* Fiber.join(fiber)
      assert.strictEqual(findings.gaps.length, 0)
    })
  )

  it.effect("is refused where the run has none", () =>
    Effect.gen(function* () {
      const run = yield* begun(["a"])
      yield* TestClock.adjust(500)
      assert.strictEqual(yield* run.wanted({ _tag: "RaiseBudget", usd: 9 }), "the run has no budget")
    })
  )
})

describe("several changes at once", () => {
  it.effect("are all made or none", () =>
    Effect.gen(function* () {
      const run = yield* begun(["a", "b", "c"], { concurrency: 1, deadline: "9 seconds" })
      yield* TestClock.adjust(500)
      const wider = { _tag: "RaiseConcurrency", concurrency: 3 } as const
      assert.match(yield* run.refused(wider, { _tag: "RaiseDeadline", askingMillis: 1 }), /^deadline/)
      assert.strictEqual(yield* run.wanted(wider, wider), "RaiseConcurrency is there twice")
      assert.strictEqual(yield* run.wanted(), "nothing is to be changed")
      yield* TestClock.adjust(1)
      assert.deepStrictEqual([run.made(), run.claude.sent.length], [[], 1])
      const longer = { _tag: "RaiseDeadline", askingMillis: 10_000 } as const
      assert.deepStrictEqual(yield* run.wanted(wider, longer), [wider, longer])
      yield* run.ended
    })
  )
})
