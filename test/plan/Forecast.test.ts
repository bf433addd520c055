/** What a pipeline may take at most, told before anything is sent. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Ask, Budget, Fallback, Message, type Price, Synthesis } from "fanfold"
import * as BudgetCheck from "../../src/plan/BudgetCheck.ts"
import * as Forecast from "../../src/plan/Forecast.ts"
import * as Pipeline from "../../src/pipeline/Pipeline.ts"
import { make, overloaded, reply, type Sent } from "../FakeClaude.ts"

/** Two asks of different models, and what a test adds to them. */
const pipeline = (fields: Partial<Pipeline.Pipeline> = {}): Pipeline.Pipeline => ({
  asks: { a: Ask.text("a?", { maxTokens: 1000 }), b: Ask.text("b?", { model: "claude-sonnet-5-5", maxTokens: 2000 }) },
  synthesis: undefined,
  policy: "all",
  concurrency: "unbounded",
  context: undefined,
  deadline: undefined,
  ...fields
})

/** No model but the first is paid after a refusal. */
const gap = { refusals: "gap" } as const

const searching = (webSearch: boolean) => Forecast.make(pipeline({ asks: { a: Ask.text("a?", { webSearch }) } }))

describe("a forecast", () => {
  it("has every call with its model, tokens and highest cost, and their sum", () => {
    const { atMostUsd, calls, estimatedUsd, unpriced } = Forecast.make(pipeline(), gap)
    assert.deepStrictEqual(
      calls.map(({ name, part, request: { maxTokens, model } }) => [name, part, model, maxTokens]),
      [
        ["a", "ask", "claude-haiku-5-5", 1000],
        ["b", "ask", "claude-sonnet-5-5", 2000]
      ]
    )
    const [a, b] = calls
    assert.approximately(a!.atMostUsd!, (a!.maxInputTokens * 0.1 + 1000 * 0.5) / 1e6, 1e-12)
    assert.approximately(b!.atMostUsd!, (b!.maxInputTokens * 2 + 2000 * 10) / 1e6, 1e-12)
    assert.approximately(atMostUsd!, a!.atMostUsd! + b!.atMostUsd!, 1e-12)
    assert.approximately(a!.estimatedUsd!, (a!.inputTokens * 0.1 + 1000 * 0.5) / 1e6, 1e-12)
    assert.approximately(b!.estimatedUsd!, (b!.inputTokens * 2 + 2000 * 10) / 1e6, 1e-12)
    assert.approximately(estimatedUsd!, a!.estimatedUsd! + b!.estimatedUsd!, 1e-12)
    assert.strictEqual(unpriced.size, 0)
  })

  it("counts on a synthesis that reads every question and the longest answers", () => {
    const { calls } = Forecast.make(
      pipeline({ synthesis: Synthesis.text("Fold", { maxTokens: 500, contradictions: "off" }) }),
      gap
    )
    const [, , synthesis] = calls
    assert.deepStrictEqual([synthesis!.name, synthesis!.part], ["synthesis", "synthesis"])
    assert.isAbove(synthesis!.inputTokens, 3000)
    assert.isBelow(synthesis!.inputTokens, 3500)
    assert.approximately(synthesis!.estimatedUsd!, (synthesis!.inputTokens * 2 + 500 * 10) / 1e6, 1e-12)
    // An answer may have a quarter more tokens in another model's tokenizer.
    assert.isAbove(synthesis!.maxInputTokens, 1.25 * 3000)
    assert.approximately(synthesis!.atMostUsd!, (synthesis!.maxInputTokens * 2 + 500 * 10) / 1e6, 1e-12)
  })

  it("has the answer schema of a synthesis in its request", () => {
    const synthesis = Synthesis.object("Fold", Schema.Struct({ n: Schema.Finite }))
    assert.isDefined(Forecast.make(pipeline({ synthesis })).calls[2]!.request.answerSchema)
  })

  it("takes a shared context for written to the cache by each ask, which costs more than input", () => {
    const without = Forecast.make(pipeline(), gap).calls
    const shared = Forecast.make(pipeline({ context: "x".repeat(40_000) }), gap).calls
    shared.forEach(({ atMostUsd, estimatedUsd, inputTokens, maxInputTokens, request }, index) => {
      const inputUsd = [0.1, 2][index]!
      const { estimatedUsd: estimatedWithout, inputTokens: tokensWithout } = without[index]!
      assert.strictEqual(inputTokens - tokensWithout, 10_000)
      assert.approximately(estimatedUsd! - estimatedWithout!, (10_000 * 1.25 * inputUsd) / 1e6, 1e-9)
      const outputUsd = (request.maxTokens * [0.5, 10][index]!) / 1e6
      assert.approximately(atMostUsd! - outputUsd, (maxInputTokens * 1.25 * inputUsd) / 1e6, 1e-9)
    })
  })

  it("counts the web searches that an answer may make", () => {
    const [never, ever] = [searching(false), searching(true)]
    assert.deepStrictEqual([never.webSearches, ever.webSearches], [0, 5])
    assert.approximately(ever.estimatedUsd! - never.estimatedUsd!, 0.05, 1e-4)
    // Each search brings up to 10,000 tokens, at $0.10 per million, and the request with the tool is read once more after each.
    const again = 5 * never.calls[0]!.maxInputTokens
    const ofTool = 6 * (1000 + JSON.stringify(ever.calls[0]!.request.tools).length - "null".length)
    assert.approximately(ever.atMostUsd! - never.atMostUsd!, 0.05 + 0.005 + (again + ofTool) * 1e-7, 1e-6)
  })

  it("counts the pages that votes may fetch", () => {
    const fetching = Ask.text("a?", { tools: { webFetch: { maxUses: 2 } } })
    const { calls, webFetches } = Forecast.make(pipeline({ asks: { a: Ask.votes(fetching, 3), b: fetching } }))
    assert.deepStrictEqual([calls.map((call) => call.webFetches), webFetches], [[6, 2], 8])
  })

  it("knows no cost where one model has no price, says which, and takes one that is stated", () => {
    const price: Price.Price = { inputUsd: 0, outputUsd: 1000, cacheReadUsd: 0 }
    const asks = { a: Ask.text("a?"), b: Ask.text("b?", { model: "claude-next", maxTokens: 10 }) }
    const unknown = Forecast.make(pipeline({ asks }))
    assert.deepStrictEqual([unknown.atMostUsd, unknown.calls[1]!.atMostUsd], [undefined, undefined])
    assert.isDefined(unknown.calls[0]!.atMostUsd)
    assert.deepStrictEqual([...unknown.unpriced], ["claude-next"])
    const known = Forecast.make(pipeline({ asks }), { prices: { "claude-next": price } })
    assert.approximately(known.calls[1]!.atMostUsd!, 0.01, 1e-12)
    assert.strictEqual(known.unpriced.size, 0)
  })
})

/** Asks that differ in model and length, and in what makes them dear. */
const plans: Readonly<Record<string, Partial<Pipeline.Pipeline>>> = {
  "asks alone": {},
  "a synthesis": { synthesis: Synthesis.text("Fold", { maxTokens: 500, contradictions: "off" }) },
  "a context of 100,000 characters, for which Haiku is dearer": { context: "x".repeat(100_000) },
  "a context beyond ASCII and a synthesis": {
    context: "ü".repeat(9000),
    synthesis: Synthesis.text("Fold", { contradictions: "off" })
  },
  "web searches, of a synthesis too": {
    asks: { a: Ask.text("a?", { webSearch: true }), b: Ask.text("b?") },
    synthesis: Synthesis.text("Fold", { webSearch: true, contradictions: "off" })
  },
  "pages and code, of a synthesis too": {
    asks: { a: Ask.text("a?", { tools: { webFetch: true, codeExecution: true } }), b: Ask.text("b?") },
    synthesis: Synthesis.text("Fold", { tools: { codeExecution: true }, contradictions: "off" })
  },
  "an answer schema": {
    asks: { a: Ask.object("a?", Schema.Struct({ n: Schema.Finite })), b: Ask.text("b?") },
    synthesis: Synthesis.object("Fold", Schema.Struct({ verdict: Schema.String }), { contradictions: "off" })
  },
  "lists of models": {
    asks: {
      a: Ask.text("a?", { model: ["claude-haiku-5-5", "claude-opus-5-5"] }),
      b: Ask.text("b?", { model: ["claude-haiku-5-5", "claude-opus-5-5"], maxTokens: 9000 })
    },
    synthesis: Synthesis.text("Fold", { model: ["claude-sonnet-5-5", "claude-opus-5-5"], contradictions: "off" })
  }
}

/** Gives every answer after a second, with all its tokens; the first of several models is overloaded. */
const answering = () => {
  const open = { now: 0, peak: 0 }
  const claude = make(({ call, request }: Sent) => {
    if (call.fallback !== undefined && request.model !== "claude-opus-5-5") return Effect.fail(overloaded())
    const usage = { ...Message.noUsage, inputTokens: 10, outputTokens: request.maxTokens }
    const text = `{"n":1,"verdict":"${"x".repeat(request.maxTokens)}"}`
    open.peak = Math.max(open.peak, ++open.now)
    const answered = Effect.delay(Effect.succeed(reply(text, { model: request.model, usage })), "1 second")
    return Effect.ensuring(
      answered,
      Effect.sync(() => open.now--)
    )
  })
  return { layer: claude.layer, open }
}

/** Runs a pipeline under a budget: the calls that were in flight at once, and how it ended. */
const runWith = (subject: Pipeline.Pipeline, usd: number) =>
  Effect.gen(function* () {
    const { layer, open } = answering()
    const stack = Fallback.layer().pipe(Layer.provide(Budget.layer(usd)), Layer.provide(layer))
    const fiber = yield* Effect.forkChild(Effect.provide(Pipeline.run(subject), stack))
    yield* TestClock.adjust("1 minute")
    return { peak: open.peak, outcome: yield* Fiber.join(fiber) }
  })

describe("the cost at most of a forecast", () => {
  for (const [name, fields] of Object.entries(plans)) {
    it.effect(`is the budget under which all asks leave at once, and the synthesis after them: ${name}`, () =>
      Effect.gen(function* () {
        const subject = pipeline(fields)
        const atMostUsd = Forecast.make(subject, gap).atMostUsd!
        const enough = yield* runWith(subject, atMostUsd)
        assert.deepStrictEqual([enough.peak, enough.outcome.error, enough.outcome.findings.gaps], [2, undefined, []])
        assert.strictEqual(enough.outcome.document !== undefined, subject.synthesis !== undefined)
        const less = yield* runWith(subject, atMostUsd - 1e-9)
        assert.strictEqual(less.peak, 1)
      })
    )

    it(`is what a budget must be for one ask and the synthesis: ${name}`, () => {
      const [[first, ask]] = Object.entries(pipeline(fields).asks) as [[string, Ask.Ask<unknown>]]
      const subject = pipeline({ ...fields, asks: { [first]: ask } })
      const { atMostUsd, calls } = Forecast.make(subject, gap)
      assert.deepStrictEqual(BudgetCheck.issuesOf(subject, atMostUsd!, gap), [])
      // The check asks for what the first of several models takes, as it may well answer.
      const isDear = calls.some(({ models }) => models.length > 1)
      const issues = BudgetCheck.issuesOf(subject, atMostUsd! - 1e-9, gap)
      assert.strictEqual(issues.length, isDear ? 0 : 1)
    })
  }

  it("of a context of 100,000 characters is that of a token for each byte, far above the estimate", () => {
    const subject = pipeline({ asks: { a: Ask.text("a?") }, context: "x".repeat(100_000) })
    const { atMostUsd, estimatedUsd } = Forecast.make(subject)
    assert.approximately(estimatedUsd!, 0.0052, 1e-4)
    assert.approximately(atMostUsd!, 0.0729, 1e-4)
    const [issue] = BudgetCheck.issuesOf(subject, estimatedUsd!)
    assert.include(issue?.message, "expected at least $0.0729, what one ask may take, got $0.0052")
  })
})
