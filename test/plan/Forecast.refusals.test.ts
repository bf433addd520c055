/** The cost at most where models refuse: no run costs more, and a budget of that sum leaves nothing out. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Ask, Message, Price, Stack, Synthesis } from "fanfold"
import * as BudgetCheck from "../../src/plan/BudgetCheck.ts"
import * as Forecast from "../../src/plan/Forecast.ts"
import * as Pipeline from "../../src/pipeline/Pipeline.ts"
import { make, pass, recorder, reply, type Sent } from "../FakeClaude.ts"

type Model = NonNullable<Ask.Options["model"]>

const list = ["claude-haiku-5-5", "claude-sonnet-5"] as const

const pipelineOf = (model: Model, synthesisModel: Model): Pipeline.Pipeline => ({
  asks: { a: Ask.text("a?", { model, maxTokens: 2000 }), b: Ask.text("b?", { model, maxTokens: 2000 }) },
  synthesis: Synthesis.text("Fold", { model: synthesisModel, maxTokens: 3000, contradictions: "off" }),
  policy: "all",
  concurrency: "unbounded",
  context: undefined,
  deadline: undefined
})

const pipelines = {
  "by the API itself": pipelineOf("claude-sonnet-5-5", "claude-opus-5-5"),
  "in a list": pipelineOf(list, ["claude-sonnet-5-5", "claude-opus-5"]),
  "by neither": pipelineOf("claude-haiku-5-5", "claude-haiku-5-5")
}

/** All models but the last of a call decline after they have used all that they may; the last one does so too, and answers. */
const declining = () =>
  make(({ call: { fallback = [] }, request }: Sent) => {
    const usage = { ...Message.noUsage, inputTokens: 10, outputTokens: request.maxTokens }
    const answered = (model: string, more: Partial<Message.Reply> = {}) =>
      Effect.succeed(reply("word".repeat(request.maxTokens), { model, usage, ...more }))
    if (fallback.length > 0) return answered(request.model, { stopReason: "refusal" })
    return request.fallbacks === undefined
      ? answered(request.model)
      : answered(request.model === "claude-sonnet-5-5" ? "claude-sonnet-5" : "claude-opus-5", {
          usage: Message.addUsage(usage, usage),
          declined: [{ model: request.model, usage }]
        })
  })

/** Runs a pipeline under a budget, and adds up what it cost. */
const runWith = Effect.fnUntraced(function* (subject: Pipeline.Pipeline, options: Stack.Options) {
  const { events, listen } = recorder()
  const stack = Stack.layerOver(options).pipe(Layer.provide(declining().layer))
  const outcome = yield* pass(listen(Effect.provide(Pipeline.run(subject), stack)))
  const costs = events.flatMap((event) => (event._tag === "Replied" ? [event.costUsd!] : []))
  return { outcome, usd: costs.reduce((sum, usd) => sum + usd, 0) }
})

/** The cost of 2,000 output tokens of each model. */
const output = (...models: ReadonlyArray<string>) =>
  models.reduce((sum, model) => sum + Price.usdOf(model, { ...Message.noUsage, outputTokens: 2000 })!, 0)

describe("the cost at most", () => {
  for (const [name, subject] of Object.entries(pipelines)) {
    it.effect(`is enough for a run in which every call goes on to another model ${name}`, () =>
      Effect.gen(function* () {
        const usd = Forecast.make(subject).atMostUsd!
        assert.deepStrictEqual(BudgetCheck.issuesOf(subject, usd), [])
        const { outcome, usd: spentUsd } = yield* runWith(subject, { budget: usd })
        assert.deepStrictEqual([outcome.error, outcome.findings.gaps], [undefined, []])
        assert.isDefined(outcome.document)
        assert.isAtMost(spentUsd, usd)
        assert.isAbove(spentUsd, 0.7 * usd)
      })
    )
  }

  for (const [name, subject] of Object.entries(pipelines)) {
    it.effect(
      `is kept back for the synthesis under a smaller budget, whose document is made of what fits ${name}`,
      () =>
        Effect.gen(function* () {
          const usd = Forecast.make(subject).atMostUsd!
          const [ask] = Object.values(subject.asks)
          const one = Forecast.make({ ...subject, asks: { ask: ask! } }).atMostUsd!
          for (let share = 0.1; share < 1; share += 0.05) {
            const { outcome, usd: spentUsd } = yield* runWith(subject, { budget: one + share * (usd - one) })
            assert.isDefined(outcome.document, `${share}`)
            assert.isAtMost(spentUsd, usd)
          }
        })
    )
  }

  it("has both models where the API goes on, all of a list, and the dearest one where a refusal is a gap", () => {
    const usdOf = (model: Model, refusals: "fallback" | "gap") =>
      Forecast.make({ ...pipelineOf(model, list), synthesis: undefined }, { refusals }).calls[0]!.atMostUsd!
    const table = [
      ["claude-opus-5-5", "fallback", output("claude-opus-5-5", "claude-opus-5")],
      ["claude-opus-5-5", "gap", output("claude-opus-5-5")],
      [list, "fallback", output(...list)],
      [list, "gap", output("claude-sonnet-5")],
      ["claude-haiku-5-5", "fallback", output("claude-haiku-5-5")]
    ] as const
    for (const [model, refusals, usd] of table) {
      const atMost = usdOf(model, refusals)
      assert.isAbove(atMost, usd)
      assert.isBelow(atMost, 1.15 * usd)
    }
  })

  it.effect("is not reserved where a refusal is a gap", () =>
    Effect.gen(function* () {
      const subject = pipelines["by the API itself"]
      const usd = Forecast.make(subject, { refusals: "gap" }).atMostUsd!
      const { outcome } = yield* runWith(subject, { budget: usd, refusals: "gap" })
      assert.deepStrictEqual(outcome.findings.gaps, [])
      assert.isDefined(outcome.document)
      const short = yield* runWith(subject, { budget: usd })
      assert.notStrictEqual(short.outcome.findings.gaps.length, 0)
    })
  )
})
