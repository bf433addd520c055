/** What is too large for a model, told before anything is sent, with both numbers. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Ask, Synthesis } from "fanfold"
import { run } from "fanfold/promise"
import * as PlanFile from "../../src/plan/PlanFile.ts"
import * as WindowCheck from "../../src/plan/WindowCheck.ts"
import { read, tell } from "./PlanText.ts"

const text = (tokens: number) => "x".repeat(4 * tokens)
const small = "claude-haiku-4-5"

describe("a plan is wrong", () => {
  tell("plan.yaml", [
    [
      "whose context is larger than the window of its model, which is said once",
      `model: ${small}\ncontext: ${text(300_000)}\nasks: { a: What?, b: Who? }`,
      "2:1 context: the context has about 300,000 tokens, more than the 200,000 of the context window of claude-haiku-4-5"
    ],
    [
      "whose context is larger than the window of a further model of its list",
      `model: [claude-haiku-5-5, ${small}]\ncontext: ${text(300_000)}\nasks: { a: What? }`,
      "2:1 context: the context has about 300,000 tokens, more than the 200,000 of the context window of claude-haiku-4-5"
    ],
    [
      "with a question that is",
      `asks: { a: What?, b: { question: ${text(300_000)}, model: "us.anthropic.claude-haiku-4-5-20251001-v1:0" } }`,
      "1:19 asks.b: the request has about 300,036 tokens, more than the 200,000 of the context window of us.anthropic.claude-haiku-4-5-20251001-v1:0"
    ],
    [
      "whose synthesis has no room for two findings",
      `asks: { a: What?, b: Who? }\nsynthesis: { instruction: Fold, window: 10000, maxTokens: 9000 }`,
      "2:1 synthesis: the instruction, the document (maxTokens) and two findings have about 11,737 tokens, more than the 10,000 of synthesis.window"
    ],
    [
      "whose synthesis is data, and is to have citations",
      `asks: { a: What? }\nsynthesis: { instruction: Fold, citations: true, answer: { type: object, properties: { a: { type: string } } } }`,
      "2:33 synthesis.citations: a synthesis with a schema has no statements to mark: leave out citations, or the schema"
    ],
    [
      "whose synthesis folds one finding at a time",
      `asks: { a: What?, b: Who? }\nsynthesis: { instruction: Fold, fanIn: 1 }`,
      "2:33 synthesis.fanIn: expected a whole number ≥ 2, got 1"
    ],
    [
      "with a maxTokens above the output limit of the model, of the synthesis too",
      `asks:\n  a: { question: What?, maxTokens: 200000 }\n  b: { question: Who?, model: ${small}, maxTokens: 64001 }\nsynthesis: { instruction: Fold, maxTokens: 128001 }`,
      "2:25 asks.a.maxTokens: expected at most 128,000, the output limit of claude-haiku-5-5, got 200,000",
      "3:49 asks.b.maxTokens: expected at most 64,000, the output limit of claude-haiku-4-5, got 64,001",
      "4:33 synthesis.maxTokens: expected at most 128,000, the output limit of claude-sonnet-5-5, got 128,001"
    ]
  ])
})

const noticesOf = (file: string) => Effect.map(read("plan.yaml", file), ({ notices }) => notices.map(PlanFile.toText))

const plan = (tokens: number) => `model: ${small}\ncontext: ${text(tokens)}\nasks: { a: What? }\n`

describe("a plan has a warning", () => {
  it.effect("whose answer may be more than a fold can read", () =>
    Effect.gen(function* () {
      const file =
        "asks: { a: { question: What?, maxTokens: 30000 }, b: Who? }\nsynthesis: { instruction: Fold, window: 32000 }\n"
      const [notice, ...others] = yield* noticesOf(file)
      assert.deepStrictEqual(others, [])
      assert.match(
        notice!,
        /^plan.yaml:1:9 asks.a: the answer may have up to 37,6\d\d tokens with its question, more than the 28,/
      )
    })
  )

  it.effect("in no case because the answers together are more than a window", () =>
    Effect.gen(function* () {
      const asks = Array.from({ length: 400 }, (_, n) => `  q${n}: What?`).join("\n")
      assert.deepStrictEqual(yield* noticesOf(`asks:\n${asks}\nsynthesis: Fold\n`), [])
    })
  )

  it.effect("whose context is a little too large, by an estimate", () =>
    Effect.gen(function* () {
      const [notice] = yield* noticesOf(plan(220_000))
      assert.include(notice, "plan.yaml:2:1 context: the context has about 220,000 tokens, more than the 200,000")
      assert.deepStrictEqual(yield* noticesOf(plan(199_000)), [])
    })
  )

  it.effect("in no case for a model whose window is not known", () =>
    Effect.gen(function* () {
      const unknown = `model: my-model\ncontext: ${text(300_000)}\nasks: { a: { question: What?, maxTokens: 500000 } }\n`
      assert.deepStrictEqual(yield* noticesOf(unknown), [])
    })
  )
})

describe("a run in code", () => {
  it("is rejected before anything is sent", async () => {
    let sent = 0
    const fetch = () => Promise.reject(new Error(`sent ${++sent}`))
    const rejected = await run({
      asks: { a: "What?" },
      defaults: { model: small, maxTokens: 70_000 },
      context: text(300_000),
      apiKey: "any",
      fetch
    }).then(
      () => "resolved",
      (error: unknown) => `${(error as Error).name}: ${(error as Error).message}`
    )
    assert.deepStrictEqual(rejected.split("\n"), [
      "RangeError: asks.a.maxTokens: expected at most 64,000, the output limit of claude-haiku-4-5, got 70,000",
      "context: the context has about 300,000 tokens, more than the 200,000 of the context window of claude-haiku-4-5"
    ])
    assert.strictEqual(sent, 0)
  })
})

describe("the check", () => {
  it("of 20,000 asks with 3 MB of context takes less than a second of processor time", () => {
    const asks = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`q${n}`, Ask.text("What?")]))
    const began = process.cpuUsage()
    const { issues, notices } = WindowCheck.check({ asks, context: text(750_000), synthesis: Synthesis.text("Fold") })
    const { system, user } = process.cpuUsage(began)
    assert.isBelow((system + user) / 1000, 1000)
    assert.deepStrictEqual([issues.length, notices.length], [0, 0])
  })
})
