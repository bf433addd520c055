/** Plan files in three formats: what a good one stands for. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Ask } from "fanfold"
import { read } from "./PlanText.ts"

const yaml = `
model: claude-opus-5-5
context: { file: brief.md }
concurrency: 2
policy: { atLeast: 1 }
retry: { attempts: 3, maxWait: 2 seconds }
asks:
  market: How large is it?
  rivals:
    question: Who are they?
    maxTokens: 100
    timeout: 1 minute
    stopSequences: ["END"]
    answer: { type: object, properties: { makers: { type: array, items: { type: string } } }, required: [makers] }
synthesis: { instruction: Fold them, effort: high }
`
const toml = `
model = "claude-opus-5-5"
concurrency = 2
context.file = "brief.md"
retry = { attempts = 3, maxWait = "2 seconds" }
[policy]
atLeast = 1
[asks]
market = "How large is it?"
[asks.rivals]
question = "Who are they?"
maxTokens = 100
timeout = "1 minute"
stopSequences = ["END"]
[asks.rivals.answer]
type = "object"
required = ["makers"]
properties.makers = { type = "array", items = { type = "string" } }
[synthesis]
instruction = "Fold them"
effort = "high"
`
const json = JSON.stringify({
  model: "claude-opus-5-5",
  context: { file: "brief.md" },
  concurrency: 2,
  policy: { atLeast: 1 },
  retry: { attempts: 3, maxWait: "2 seconds" },
  asks: {
    market: "How large is it?",
    rivals: {
      question: "Who are they?",
      maxTokens: 100,
      timeout: "1 minute",
      stopSequences: ["END"],
      answer: {
        type: "object",
        properties: { makers: { type: "array", items: { type: "string" } } },
        required: ["makers"]
      }
    }
  },
  synthesis: { instruction: "Fold them", effort: "high" }
})

/** What can be compared of a pipeline: schemas and effects as what they send. */
const plain = (file: string, text: string) =>
  Effect.map(read(file, text), ({ asks, context, synthesis, ...rest }) => ({
    ...rest,
    context,
    requests: Object.entries(asks).map(([name, ask]) => [
      name,
      Ask.requestOf(ask, { context: context ?? "" }),
      ask.options
    ]),
    synthesis: synthesis?.options
  }))

describe("a good plan", () => {
  it.effect("stands for the same in YAML, JSON and TOML", () =>
    Effect.gen(function* () {
      const fromYaml = yield* plain("plan.yml", yaml)
      const [, rivals] = fromYaml.requests
      assert.deepStrictEqual(yield* plain("plan.json", json), fromYaml)
      assert.deepStrictEqual(yield* plain("plan.TOML", toml), fromYaml)
      assert.deepStrictEqual(yield* plain("stdin", json), fromYaml)
      assert.strictEqual(fromYaml.context, "Who we are.\n")
      assert.deepStrictEqual(fromYaml.policy, { atLeast: 1 })
      assert.strictEqual((rivals![1] as { readonly maxTokens: number }).maxTokens, 100)
    })
  )

  it.effect("may be shortened with anchors and merge keys", () =>
    Effect.gen(function* () {
      const text = "asks:\n  a: &a { question: &q x, maxTokens: 7 }\n  b: { <<: *a, question: y }\n  c: *q\n"
      const { asks } = yield* read("plan.yaml", text)
      const sent = Object.values(asks).map((ask) => [ask.question, ask.options.maxTokens])
      assert.deepStrictEqual(sent, [
        ["x", 7],
        ["y", 7],
        ["x", undefined]
      ])
    })
  )

  it.effect("may share one value among many asks, and end its lists with a comma", () =>
    Effect.gen(function* () {
      const names = Array.from({ length: 500 }, (_, index) => `a${index}`)
      const text = `{ "system": &s "Be brief.", "asks": { ${names.map((name) => `"${name}": { "question": "x", "system": *s }, `).join("")} }, }`
      const { asks } = yield* read("plan.json", text)
      assert.deepStrictEqual(Object.keys(asks), names)
      assert.strictEqual(asks["a499"]?.options.system, "Be brief.")
    })
  )

  it.effect("keeps names and questions as they are", () =>
    Effect.gen(function* () {
      const names = ["constructor", "toString", "z", "_", "a-1", "__proto__"]
      const questions = names.map((name) => `“${name}” – 日本 👩‍🚀 \u2028\u0085 \\n \t "x"?`)
      const text = `{"asks":{${names.map((name, n) => `"${name}":${JSON.stringify(questions[n])}`).join(",")}}}`
      const { asks } = yield* read("plan.json", text)
      assert.deepStrictEqual(Object.keys(asks), names)
      assert.deepStrictEqual(
        Object.values(asks).map(({ question }) => question),
        questions
      )
    })
  )
})
