/** What a budget keeps back for the synthesis, and that it is enough. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Ask, Call, Message, Price, Research, Synthesis } from "fanfold"
import { limitUsd, runs } from "../../bench/delivery/Budget.ts"
import { make, overloaded, pass, reply } from "../FakeClaude.ts"
import { dear, over, reasons, usage } from "./Budgeted.ts"

describe("what is kept for the synthesis", () => {
  const synthesis = Synthesis.text("Fold.", { model: "claude-haiku-5-5", maxTokens: 10_000 })
  const asks = { a: dear("a"), b: dear("b"), c: dear("c") }
  const folding = (claude: ReturnType<typeof make>, budget: number) =>
    Research.run(asks, { policy: "best-effort", concurrency: 1 }).pipe(
      Effect.updateService(Call.Current, (call) => ({ ...call, synthesis: Synthesis.planned(synthesis, asks) })),
      Effect.flatMap((findings) => Effect.map(synthesis(findings), (document) => ({ document, findings }))),
      Effect.provide(over(claude, budget)),
      pass
    )

  it.effect("is enough for it, and for the answers as they come", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.succeed(reply("word".repeat(10_000), { usage: usage(10_000) })))
      const { document, findings } = yield* folding(claude, 0.016)
      // One ask, its answer as input of the synthesis, and the synthesis: a second ask would not leave enough.
      assert.deepStrictEqual(reasons(findings), ["OverBudget", "OverBudget"])
      assert.isAbove(document.length, 0)
    })
  )

  it.effect("shrinks with what the answers did not use", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.succeed(reply("yes", { usage: usage(10) })))
      assert.deepStrictEqual(reasons((yield* folding(claude, 0.016)).findings), [])
    })
  )

  it.effect("keeps nothing for what a refusal wrote, as no synthesis reads it", () =>
    Effect.gen(function* () {
      const refused = { usage: usage(10_000), stopReason: "refusal", refusal: { category: null, explanation: null } }
      const claude = make(({ call }) =>
        Effect.succeed(call.ask === "a" ? reply("word".repeat(10_000), refused) : reply("yes", { usage: usage(10) }))
      )
      // The refusal is paid, and two asks with the synthesis fit beside it only where its text is not to be read.
      assert.deepStrictEqual(reasons((yield* folding(claude, 0.0166)).findings), ["Refused"])
    })
  )

  it.effect("holds over a retry of the synthesis", () =>
    Effect.gen(function* () {
      const claude = make(({ call }, nth) =>
        call.part === "synthesis" && nth === 4
          ? Effect.fail(overloaded())
          : Effect.succeed(reply("yes", { usage: usage(10) }))
      )
      assert.strictEqual((yield* folding(claude, 0.016)).document, "yes")
      assert.strictEqual(claude.sent.length, 5)
    })
  )

  it.effect("counts a document that does not fit its schema when it is asked for again", () =>
    Effect.gen(function* () {
      const bill = { usd: 0 }
      const claude = make(({ call, request }) => {
        const outputTokens = call.part === "synthesis" ? request.maxTokens : 1
        const inputTokens = Math.ceil(JSON.stringify(request.messages).length / 4)
        const usage = { ...Message.noUsage, inputTokens, outputTokens }
        bill.usd += Price.usdOf(request.model, usage)!
        return Effect.succeed(reply("word".repeat(outputTokens), { usage, model: request.model }))
      })
      const memo = Synthesis.object("Fold.", Schema.Struct({ memo: Schema.String }), { maxTokens: 16_000 })
      const asks = { a: Ask.text("a", { maxTokens: 100 }) }
      const error = yield* Research.run(asks).pipe(
        Effect.updateService(Call.Current, (call) => ({ ...call, synthesis: Synthesis.planned(memo, asks) })),
        Effect.flatMap(memo),
        // Enough for the document twice, and not for the first one as input of the second.
        Effect.provide(over(claude, 0.34)),
        Effect.flip,
        pass
      )
      assert(error._tag === "AskError")
      assert.strictEqual(error.reason._tag, "OverBudget")
      assert.isBelow(bill.usd, 0.34)
    })
  )

  it.effect("is enough for the searches of a document, too", () =>
    Effect.gen(function* () {
      const bill = { usd: 0 }
      const claude = make(({ call, request }) => {
        const searching = { ...Message.noUsage, inputTokens: 50_000, outputTokens: request.maxTokens, webSearches: 5 }
        const used = call.part === "synthesis" ? searching : usage(10_000)
        bill.usd += Price.usdOf(request.model, used)!
        return Effect.succeed(reply("yes", { usage: used, model: request.model }))
      })
      const memo = Synthesis.text("Fold.", { maxTokens: 1000, webSearch: true })
      const many = Array.from({ length: 40 }, (_, n) => dear(`${n}`))
      const limit = 0.6
      const document = yield* Research.run(many, { policy: "best-effort" }).pipe(
        Effect.updateService(Call.Current, (call) => ({ ...call, synthesis: Synthesis.planned(memo, many) })),
        Effect.flatMap(memo),
        Effect.provide(over(claude, limit)),
        pass
      )
      assert.strictEqual(document, "yes")
      assert.isAtMost(bill.usd, limit)
    })
  )

  it.effect("is not taken by the comparison of answers that this process has not asked for", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.succeed(reply("yes", { usage: usage(10) })))
      const comparing = Synthesis.text("Fold.", {
        model: "claude-haiku-5-5",
        maxTokens: 10_000,
        contradictions: "warn"
      })
      const document = yield* Research.run({ a: Ask.text("a"), b: Ask.text("b") }).pipe(
        Effect.provide(claude.layer),
        Effect.flatMap((findings) => Effect.provide(comparing(findings), over(claude, 0.0055))),
        Effect.updateService(Call.Current, (call) => ({ ...call, synthesis: Synthesis.planned(comparing, asks) })),
        pass
      )
      assert.strictEqual(document, "yes")
      assert.deepStrictEqual(
        claude.sent.map(({ call }) => call.ask),
        ["a", "b", "synthesis"]
      )
    })
  )

  it.effect("knows all answers of runs that take turns in one budget", () =>
    Effect.gen(function* () {
      const bill = { usd: 0 }
      const claude = make(({ request }) => {
        const inputTokens = Math.ceil(JSON.stringify(request.messages).length / 4)
        const used = { ...Message.noUsage, inputTokens, outputTokens: request.maxTokens }
        bill.usd += Price.usdOf(request.model, used)!
        const answer = reply("word".repeat(request.maxTokens), { usage: used, model: request.model })
        return Effect.delay(Effect.succeed(answer), 1000)
      })
      const memo = Synthesis.text("Fold.", { maxTokens: 100 })
      const one = Research.run([dear("a"), dear("b"), dear("c"), dear("d")], { concurrency: 1 }).pipe(
        Effect.updateService(Call.Current, (call) => ({ ...call, synthesis: Synthesis.planned(memo, asks) })),
        Effect.flatMap(memo),
        Effect.result
      )
      const limit = 0.1
      const both = Effect.all([one, Effect.delay(one, 500)], { concurrency: "unbounded" })
      yield* pass(Effect.provide(both, over(claude, limit)))
      assert.isAtMost(bill.usd, limit)
    })
  )

  it.live(
    "suffices whatever Claude uses, and nothing is overspent",
    () =>
      Effect.gen(function* () {
        const all = yield* runs(200)
        assert.deepStrictEqual(
          all.filter(({ billedUsd, isFolded }) => billedUsd > limitUsd || !isFolded),
          []
        )
        assert.isAbove(all.filter(({ overBudget }) => overBudget > 0).length, 100)
      }),
    120_000
  )
})
