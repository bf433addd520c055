/** What a budget lets out, what it makes wait, and what it refuses. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Ask, AskError, Budget, Call, type Message, Price, Research, Stack } from "fanfold"
import { failure, make, overloaded, pass, reply, request, script, send } from "../FakeClaude.ts"
import { dear, over, reasons, usage } from "./Budgeted.ts"

/** How many attempts a budget for one leaves after such a failure, and how that ends. */
const sentAfter = (first: AskError.AskError) =>
  Effect.gen(function* () {
    const claude = make(script(first, reply("yes")))
    const result = yield* pass(Effect.result(Effect.provide(dear("a"), over(claude, 0.006))))
    return [claude.sent.length, result._tag]
  })

describe("a budget", () => {
  it.effect("lets out at once what fits even if all of it is used", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.delay(Effect.succeed(reply("yes", { usage: usage(10) })), 1000))
      const asks = Array.from({ length: 6 }, (_, n) => dear(`${n}`))
      const fiber = yield* Effect.forkChild(Effect.provide(Research.run(asks), over(claude, 0.0155)))
      yield* TestClock.adjust(1)
      assert.strictEqual(claude.sent.length, 3)
      // What the first three did not use is enough for the others, in the order asked.
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        claude.sent.map(({ at, call }) => [call.ask, at]),
        ["ask1", "ask2", "ask3", "ask4", "ask5", "ask6"].map((ask, index) => [ask, index < 3 ? 0 : 1000])
      )
    })
  )

  it.effect("sends nothing that cannot fit any more, and says what was left", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.succeed(reply("yes", { usage: usage(10_000) })))
      const research = Research.run([dear("a"), dear("b"), dear("c"), dear("d")], { policy: "best-effort" })
      const findings = yield* pass(Effect.provide(research, over(claude, 0.0155)))
      assert.strictEqual(claude.sent.length, 3)
      assert.deepStrictEqual(reasons(findings), ["OverBudget"])
      const [gap] = findings.gaps
      assert(gap?.outcome._tag === "Failed")
      assert.match(
        gap.outcome.error.message,
        /^over budget: it may take \$0\.0050, and \$0\.00050 of \$0\.0155 is left\. Raise the budget$/
      )
    })
  )

  it.effect("takes all of it for a reply whose tokens are not counted", () =>
    Effect.gen(function* () {
      const uncounted = { ...usage(0), isIncomplete: true } as const
      const claude = make(() => Effect.succeed(reply("yes", { usage: uncounted })))
      const research = Research.run([dear("a"), dear("b")], { policy: "best-effort", concurrency: 1 })
      const findings = yield* pass(Effect.provide(research, over(claude, 0.006)))
      assert.strictEqual(claude.sent.length, 1)
      assert.deepStrictEqual(reasons(findings), ["OverBudget"])
    })
  )

  it.effect("lets a smaller ask out behind one that cannot fit", () =>
    Effect.gen(function* () {
      const claude = make()
      const asks = { dear: dear("a"), cheap: Ask.text("b", { maxTokens: 10, system: "" }) }
      const findings = yield* pass(Effect.provide(Research.run(asks, { policy: "best-effort" }), over(claude, 0.004)))
      assert.deepStrictEqual(findings.answers, { dear: undefined, cheap: "answer to b" })
    })
  )

  it.effect("counts tokens as well, of models whose price nobody knows, too", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.succeed(reply("yes", { usage: usage(1000) })))
      const asks = ["a", "b", "c"].map((question) => Ask.text(question, { model: "claude-next", maxTokens: 1000 }))
      const research = Research.run(asks, { policy: "best-effort", concurrency: 1 })
      const findings = yield* pass(Effect.provide(research, over(claude, { tokens: 3000 })))
      assert.deepStrictEqual(reasons(findings), ["OverBudget"])
      assert.strictEqual(claude.sent.length, 2)
    })
  )

  it.effect("may say that one of its limits is undefined", () =>
    Effect.gen(function* () {
      const claude = make()
      const findings = yield* Effect.provide(
        Research.run([dear("a")]),
        over(claude, { usd: undefined, tokens: 20_000 })
      )
      assert.deepStrictEqual(findings.answers, ["answer to a"])
    })
  )

  it.effect("refuses what it cannot bound: a model without a price, and a search without a limit", () =>
    Effect.gen(function* () {
      const claude = make()
      const refused = (one: Message.Request, prices: Price.Prices = {}) =>
        send(one).pipe(
          Effect.provide(over(claude, 0.5)),
          Effect.provideService(Price.Overrides, prices),
          Effect.result,
          Effect.map((result) => (result._tag === "Failure" ? result.failure.message : "sent"))
        )
      const search = { type: "web_search_20260318", name: "web_search" }
      assert.strictEqual(
        yield* refused(request("a", { model: "claude-next" })),
        "no budget can bound this: no price is known for the model claude-next: state it in prices"
      )
      assert.strictEqual(
        yield* refused(request("a", { tools: [search] })),
        "no budget can bound this: the tool web_search may be used without limit: set its max_uses"
      )
      assert.strictEqual(claude.sent.length, 0)
      const price = { inputUsd: 1, outputUsd: 1, cacheReadUsd: 1 }
      assert.strictEqual(yield* refused(request("a", { model: "claude-next" }), { "claude-next": price }), "sent")
      assert.strictEqual(yield* refused(request("a", { tools: [{ ...search, max_uses: 3 }] })), "sent")
    })
  )

  it.effect("takes nothing for what is refused at the door, and all of it for what is broken off", () =>
    Effect.gen(function* () {
      const cut = failure(new AskError.CutOff({ detail: "gone" }), { usage: usage(1), model: "claude-haiku-5-5" })
      assert.deepStrictEqual(yield* sentAfter(overloaded()), [2, "Success"])
      assert.deepStrictEqual(yield* sentAfter(cut), [1, "Failure"])
    })
  )

  it.effect("takes all of it for an attempt that was stopped on its way, and nothing for one that still waited", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const claude = make(() => Effect.andThen(Deferred.succeed(begun, undefined), Effect.never))
      // Places for one: the second waits at the gate with its share set aside.
      const stack = Stack.layerOver({ budget: 0.0105, pacing: { inFlight: 1 } }).pipe(Layer.provide(claude.layer))
      yield* Effect.gen(function* () {
        const first = yield* Effect.forkChild(dear("a"))
        yield* Deferred.await(begun)
        const second = yield* Effect.forkChild(dear("b"))
        yield* Effect.yieldNow
        yield* Fiber.interrupt(second)
        yield* Fiber.interrupt(first)
        const third = yield* Effect.forkChild(Effect.result(dear("c")))
        yield* TestClock.adjust(1)
        assert.isUndefined(third.pollUnsafe())
        yield* Fiber.interrupt(third)
        const fourth = yield* Effect.result(dear("d"))
        assert(fourth._tag === "Failure")
        assert.strictEqual(fourth.failure.reason._tag, "OverBudget")
        assert.strictEqual(claude.sent.length, 2)
      }).pipe(Effect.provide(stack))
    })
  )

  it.effect("ends nobody within another that begins, which `Effect.forEach` would run twice", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.delay(Effect.succeed(reply("yes", { usage: usage(10_000) })), 100))
      const names = Array.from({ length: 12 }, (_, n) => `q${n}`)
      const begun: Array<string> = []
      const one = (name: string) =>
        Effect.andThen(
          Effect.sync(() => void begun.push(name)),
          Effect.result(dear(name))
        )
      yield* pass(Effect.forEach(names, one, { concurrency: 4 }).pipe(Effect.provide(over(claude, 0.018))))
      assert.deepStrictEqual(begun, names)
    })
  )

  it.effect("counts what was let in as sent where no layer tells what leaves", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.never)
      const stack = Budget.layer(0.006).pipe(Layer.provide(claude.layer))
      yield* Effect.gen(function* () {
        const first = yield* Effect.forkChild(dear("a"))
        yield* Effect.yieldNow
        yield* Fiber.interrupt(first)
        assert.strictEqual((yield* Effect.result(dear("b")))._tag, "Failure")
      }).pipe(Effect.provide(stack))
    })
  )

  it.effect("does not let a second copy wait", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.never)
      yield* Effect.gen(function* () {
        yield* Effect.forkChild(dear("a"))
        yield* Effect.yieldNow
        const copy = Effect.updateService(dear("a"), Call.Current, (call) => ({ ...call, hedge: true }))
        const result = yield* Effect.result(copy)
        assert(result._tag === "Failure")
        assert.strictEqual(result.failure.reason._tag, "OverBudget")
      }).pipe(Effect.provide(over(claude, 0.008)))
    })
  )
})

describe("the place of the budget", () => {
  it.effect("is inside of Retry, so that every attempt is budgeted", () =>
    Effect.gen(function* () {
      const cut = failure(new AskError.CutOff({ detail: "gone" }))
      const claude = make(() => Effect.fail(cut))
      const error = yield* pass(Effect.flip(Effect.provide(dear("a"), over(claude, 0.0155))))
      assert.deepStrictEqual([claude.sent.length, error.reason._tag], [3, "OverBudget"])
    })
  )
})
