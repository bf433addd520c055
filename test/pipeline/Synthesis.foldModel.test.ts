/** Folds below the document by another model: who is asked, what fits, and what all of it costs. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Ask, Message, Price, Research, Stack, Synthesis } from "fanfold"
import * as Pipeline from "../../src/pipeline/Pipeline.ts"
import * as Forecast from "../../src/plan/Forecast.ts"
import { make, pass, questionOf, reply } from "../FakeClaude.ts"

const [haiku, sonnet] = ["claude-haiku-5-5", "claude-sonnet-5-5"]
const asks = Object.fromEntries(
  Array.from({ length: 10 }, (_, n) => [`q${n}`, Ask.text(`q${n}`, { maxTokens: 200, system: "" })])
)
const pipelineOf = (options: Synthesis.Options) =>
  ({
    asks,
    synthesis: Synthesis.text("Write.", { fanIn: 3, maxTokens: 200, contradictions: "off", ...options }),
    policy: "best-effort",
    concurrency: "unbounded",
    context: undefined,
    deadline: undefined
  }) as const
const forecastOf = (options: Synthesis.Options, prices?: Price.Prices) =>
  Forecast.make(pipelineOf(options), { refusals: "gap", ...(prices && { prices }) })

const limitsOf = (options: Synthesis.Options) => Synthesis.text("Write.", options).limits

/** The models of the folds and of the document, with the effort of each. */
const askedBy = (options: Synthesis.Options) =>
  Effect.gen(function* () {
    const claude = make()
    const synthesis = Synthesis.text("Write.", { fanIn: 3, effort: "high", ...options })
    yield* Effect.provide(Effect.flatMap(Research.run(asks), synthesis), claude.layer)
    const folds = claude.sent.filter(({ call }) => call.part === "synthesis")
    const textOf = ({ request }: (typeof folds)[number]) => `${request.model} ${request.effort}`
    return { folds: [...new Set(folds.slice(0, -1).map(textOf))], document: textOf(folds.at(-1)!) }
  })

describe("a synthesis without a foldModel", () => {
  it.effect("is folded by the default model of asks, where it names no model", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* askedBy({}), { folds: [`${haiku} undefined`], document: `${sonnet} high` })
    })
  )

  it.effect("is folded by the model that it names, as a gateway may know no other", () =>
    Effect.gen(function* () {
      for (const model of ["own-model", sonnet] as const) {
        const by = `${model} high`
        assert.deepStrictEqual(yield* askedBy({ model }), { folds: [by], document: by })
      }
    })
  )
})

describe("a synthesis with a foldModel", () => {
  it.effect("is one model's work where that is the document's", () =>
    Effect.gen(function* () {
      const both = { folds: [`${sonnet} high`], document: `${sonnet} high` }
      assert.deepStrictEqual(yield* askedBy({ foldModel: sonnet }), both)
      assert.isUndefined(
        forecastOf({ foldModel: [sonnet] })
          .calls.at(-1)!
          .tree!.models.find((name) => name !== sonnet)
      )
    })
  )

  it.effect("asks it for every fold but the document, without the effort of the other", () =>
    Effect.gen(function* () {
      const claude = make()
      const synthesis = Synthesis.text("Write.", { fanIn: 3, foldModel: haiku, model: sonnet, effort: "high" })
      yield* Effect.provide(Effect.flatMap(Research.run(asks), synthesis), claude.layer)
      const folds = claude.sent.filter(({ call }) => call.part === "synthesis")
      const sentTo = folds.map(({ call, request }) => `${call.level} ${request.model} ${request.effort}`).toSorted()
      const at = (level: number, count: number) => Array.from({ length: count }, () => `${level} ${haiku} undefined`)
      assert.deepStrictEqual(sentTo, [...at(1, 4), ...at(2, 2), `3 ${sonnet} high`])
    })
  )

  it.effect("fits each prompt into the window of its own model", () =>
    Effect.gen(function* () {
      const claude = make(({ call }) => Effect.succeed(reply(call.part === "ask" ? "x".repeat(400_000) : "short")))
      const synthesis = Synthesis.text("Write.", { foldModel: "claude-haiku-4-5", model: sonnet })
      yield* Effect.provide(Effect.flatMap(Research.run(asks), synthesis), claude.layer)
      const folds = claude.sent.filter(({ call }) => call.part === "synthesis")
      assert.strictEqual(folds.length, 11, "an answer has 100,000 tokens, and the window 200,000")
      for (const { request } of folds) assert.isBelow(questionOf(request).length / 4, 200_000)
    })
  )

  it("has the window of the document's model where that is smaller", () => {
    assert.isUndefined(limitsOf({ model: "claude-haiku-4-5", foldModel: sonnet })?.foldWindow)
    assert.strictEqual(limitsOf({ model: sonnet, foldModel: "claude-haiku-4-5" })?.foldWindow, 200_000)
    assert.isUndefined(limitsOf({ model: sonnet, foldModel: "claude-haiku-4-5", window: 50_000 })?.foldWindow)
    assert.isUndefined(limitsOf({ model: sonnet, foldModel: "unknown" })?.foldWindow)
  })

  it.effect("keeps a budget of what its forecast has at most", () =>
    Effect.gen(function* () {
      const own = forecastOf({ model: sonnet })
      const { atMostUsd } = forecastOf({ model: sonnet, foldModel: haiku })
      assert.isBelow(atMostUsd!, own.atMostUsd! / 2)
      const usage = { ...Message.noUsage, inputTokens: 10, outputTokens: 200 }
      const claude = make(({ request: { model } }) => Effect.succeed(reply("word ".repeat(200), { model, usage })))
      const { error, findings } = yield* Pipeline.run(pipelineOf({ model: sonnet, foldModel: haiku })).pipe(
        Effect.provide(Layer.provide(Stack.layerOver({ budget: atMostUsd!, refusals: "gap" }), claude.layer)),
        pass
      )
      assert.isUndefined(error)
      assert.deepStrictEqual(findings.gaps, [])
      assert.strictEqual(claude.sent.length, 17)
    })
  )
})

describe("the forecast of a tree", () => {
  it("has its cost beside one request, and what a cheaper model below the document would save", () => {
    const tree = forecastOf({ model: sonnet, maxTokens: 1000 }).calls.at(-1)!.tree!
    assert.deepInclude(tree, { levels: [4, 2, 1], limit: { fanIn: 3 }, models: [sonnet] })
    assert.isAbove(tree.ratio!, 1)
    assert.strictEqual(tree.cheaper?.model, haiku)
    const other = forecastOf({ model: sonnet, maxTokens: 1000, foldModel: haiku }).calls.at(-1)!.tree!
    assert.deepStrictEqual(other.models, [haiku])
    assert.approximately(other.ratio!, tree.cheaper!.ratio, 1e-9)
    assert.isBelow(other.ratio!, tree.ratio!)
    assert.isUndefined(other.cheaper)
  })

  it("counts the searches of the document once", () => {
    const [own, searching] = [false, true].map((webSearch) => forecastOf({ webSearch }).calls.at(-1)!)
    assert.approximately(searching!.estimatedUsd! - own!.estimatedUsd!, 0.01 * searching!.webSearches, 0.001)
    assert.isAbove(searching!.webSearches, 0)
  })

  it("is not known where the foldModel has no price", () => {
    const { atMostUsd, estimatedUsd, unpriced } = forecastOf({ foldModel: "claude-next" })
    assert.deepStrictEqual([atMostUsd, estimatedUsd, [...unpriced]], [undefined, undefined, ["claude-next"]])
    const price = { inputUsd: 1, outputUsd: 1, cacheReadUsd: 1 }
    assert.isDefined(forecastOf({ foldModel: "claude-next" }, { "claude-next": price }).atMostUsd)
  })
})
