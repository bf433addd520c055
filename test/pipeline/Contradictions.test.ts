/** Answers are compared before the synthesis: what is found, believed, told, and what becomes of a comparison that fails. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Ask, type Event, Research, Stack, Synthesis } from "fanfold"
import { play } from "../../bench/reduction/Contradictions.ts"
import * as Pipeline from "../../src/pipeline/Pipeline.ts"
import * as Forecast from "../../src/plan/Forecast.ts"
import { invalid, make, pass, questionOf, recorder, reply, type Sent } from "../FakeClaude.ts"

const market = `The market is large. It grows by 12 percent a year. ${"Costs come first in most accounts. ".repeat(20)}`
const rivals = `Rivals are many. Growth has settled at 17 percent a year. ${"Time comes close behind in most of them. ".repeat(20)}`
const asks = { market: Ask.text("market"), rivals: Ask.text("rivals") }

const contradiction = (...passages: ReadonlyArray<readonly [string, string]>) =>
  JSON.stringify({
    contradictions: [{ subject: "growth", statements: passages.map(([finding, passage]) => ({ finding, passage })) }]
  })
const right = contradiction(["market", "It grows by 12 percent a year"], ["rivals", "settled at 17 percent"])

const isComparison = ({ call }: Sent) => call.ask.startsWith("comparison.")

const comparing = (compared: string | undefined, options: Synthesis.Options = {}, answers = { market, rivals }) =>
  Effect.gen(function* () {
    const claude = make((sent) => {
      if (isComparison(sent)) return compared === undefined ? Effect.fail(invalid()) : Effect.succeed(reply(compared))
      const name = questionOf(sent.request) as keyof typeof answers
      return Effect.succeed(reply(sent.call.part === "ask" ? answers[name] : "The document."))
    })
    const { events, listen } = recorder()
    const pipeline = {
      asks,
      synthesis: Synthesis.text("Write.", options),
      policy: "best-effort",
      concurrency: "unbounded",
      context: undefined,
      deadline: undefined
    } as const
    const outcome = yield* listen(Effect.provide(Pipeline.run(pipeline), claude.layer))
    return {
      outcome,
      events: events.filter((event): event is typeof Event.Contradicted.Type => event._tag === "Contradicted"),
      comparisons: claude.sent.filter(isComparison),
      prompt: questionOf(claude.sent.find(({ call }) => call.ask === "synthesis")!.request)
    }
  })

const statements = [
  { ask: "market", text: "It grows by 12 percent a year" },
  { ask: "rivals", text: "settled at 17 percent" }
]

describe("a synthesis of answers that contradict each other", () => {
  it.effect("is told what to settle, and the run says it in an event", () =>
    Effect.gen(function* () {
      const { comparisons, events, outcome, prompt } = yield* comparing(right)
      assert.strictEqual(comparisons.length, 1)
      assert.strictEqual(comparisons[0]!.request.model, "claude-haiku-5-5")
      const found = [{ subject: "growth", statements, foundBy: "comparison" as const }]
      assert.deepStrictEqual(outcome.document?.contradictions, found)
      assert.deepInclude(events[0], { ...found[0], ask: "synthesis", part: "synthesis", version: 1 })
      assert.include(
        prompt,
        "- growth: market says: It grows by 12 percent a year | rivals says: settled at 17 percent"
      )
      assert.include(prompt, "Settle each of them in the document with a reason, or call it open")
      assert.isUndefined(outcome.disagreement, "a warning alone")
    })
  )

  it.effect.each([
    [
      "a passage that stands in no answer",
      contradiction(["market", "It grows by 13 percent"], ["rivals", "settled at 17 percent"])
    ],
    [
      "a finding that there is not",
      contradiction(["market", "It grows by 12 percent a year"], ["rules", "settled at 17 percent"])
    ],
    [
      "one finding alone",
      contradiction(["market", "The market is large"], ["market", "It grows by 12 percent a year"])
    ],
    ["the same passage twice", contradiction(["market", "most accounts"], ["rivals", "most accounts"])]
  ] as const)("is not told of %s", ([, compared]) =>
    Effect.gen(function* () {
      const { events, outcome, prompt } = yield* comparing(compared)
      assert.deepStrictEqual([events, outcome.document?.contradictions], [[], []])
      assert.notInclude(prompt, "<contradictions>")
    })
  )

  it.effect("ends in a disagreement, with its document, where they are to fail the run", () =>
    Effect.gen(function* () {
      const { outcome } = yield* comparing(right, { contradictions: "fail" })
      assert.strictEqual(outcome.document?.value, "The document.")
      assert.isUndefined(outcome.error)
      assert.match(outcome.disagreement!.message, /^the answers contradict each other: growth: market says It grows/)
    })
  )

  it.effect("is made all the same where the comparison fails, which is said", () =>
    Effect.gen(function* () {
      const { outcome } = yield* comparing(undefined)
      assert.deepStrictEqual(outcome.document?.uncompared, ["market", "rivals"])
      const failing = yield* comparing(undefined, { contradictions: "fail" })
      assert.strictEqual(failing.outcome.disagreement?.message, "not compared: market, rivals")
    })
  )

  it.effect("sends no comparison where it is off, or, unless asked for, where the answers are short", () =>
    Effect.gen(function* () {
      const short = { market: "It grows by 12 percent a year.", rivals: "It has settled at 17 percent." }
      const counts = yield* Effect.forEach(
        [
          comparing(right, { contradictions: "off" }),
          comparing(right, {}, short),
          comparing(right, { contradictions: "warn" }, short)
        ],
        (run) => Effect.map(run, ({ comparisons }) => comparisons.length)
      )
      assert.deepStrictEqual(counts, [0, 0, 1])
    })
  )

  it.effect("fails as an Effect by the contradictions, with the text of the document", () =>
    Effect.gen(function* () {
      const One = Schema.Struct({ growthPercent: Schema.Finite })
      const Two = Schema.Struct({ growthRate: Schema.String })
      const claude = make(({ call, request }) =>
        Effect.succeed(
          reply(
            call.part === "synthesis"
              ? "The document."
              : questionOf(request) === "a"
                ? `{"growthPercent":12}`
                : `{"growthRate":"17 %"}`
          )
        )
      )
      const error = yield* Research.run({ a: Ask.object("a", One), b: Ask.object("b", Two) }).pipe(
        Effect.flatMap(Synthesis.text("Write.", { contradictions: "fail" })),
        Effect.provide(claude.layer),
        Effect.flip
      )
      assert.strictEqual(error.message, "the answers contradict each other: growthPercent: a says 12, b says 17 %")
      assert.strictEqual(error._tag === "AskError" ? error.partialText : "", "The document.")
      assert.strictEqual(claude.sent.length, 3, "code alone compares typed answers")
    })
  )

  it.effect("fits with its comparison into the budget that is foretold", () =>
    Effect.gen(function* () {
      const pipeline = {
        asks,
        synthesis: Synthesis.text("Write.", { contradictions: "fail" }),
        policy: "best-effort",
        concurrency: "unbounded",
        context: undefined,
        deadline: undefined
      } as const
      const runWith = (usd: number) => {
        const claude = make((sent) =>
          Effect.succeed(
            reply(
              isComparison(sent)
                ? right
                : sent.call.part === "ask"
                  ? questionOf(sent.request) === "market"
                    ? market
                    : rivals
                  : "The document."
            )
          )
        )
        return Pipeline.run(pipeline).pipe(
          Effect.provide(Layer.provide(Stack.layerOver({ budget: usd }), claude.layer)),
          pass
        )
      }
      const { atMostUsd } = Forecast.make(pipeline)
      const { document, error } = yield* runWith(atMostUsd!)
      assert.isUndefined(error)
      assert.deepStrictEqual([document?.uncompared, document?.contradictions?.length], [undefined, 1])
    })
  )
})

describe("planted contradictions", () => {
  it("are found in typed and prose answers, at a twentieth of the cost of the run, without a false alarm", async () => {
    const [dirty, clean] = [await play(5), await play(5, true)]
    const share = dirty.comparisonUsd / dirty.totalUsd
    console.log(
      `${dirty.found} of ${dirty.planted} found, ${clean.falseAlarms} false alarms, ${(100 * share).toFixed(2)} % of the cost`
    )
    assert.strictEqual(dirty.planted, 50)
    assert.isAtLeast(dirty.found, 48)
    assert.strictEqual(dirty.falseAlarms + clean.falseAlarms, 0)
    assert.isAtMost(share, 0.05)
  })
})
