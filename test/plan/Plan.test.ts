/** What a plan stands for: its defaults, its settings on their way into requests, and its own JSON Schema. */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, JsonSchema, Schema, SchemaRepresentation } from "effect"
import { Ask, Claude, Message, Research, Synthesis } from "fanfold"
import { parse } from "yaml"
import { layers } from "../../src/cli/Flags.ts"
import { Plan, toJsonSchema, toPipeline } from "../../src/plan/Plan.ts"
import * as Pipeline from "../../src/pipeline/Pipeline.ts"
import * as FakeClaude from "../FakeClaude.ts"

const pipelineOf = (value: unknown) => Effect.map(Schema.decodeUnknownEffect(Plan)(value), toPipeline)

/** Runs a plan against a Claude that answers anything, and gives the requests it was sent, asks first. */
const sentBy = Effect.fnUntraced(function* (value: unknown, context?: string) {
  const claude = FakeClaude.make(({ request }) =>
    Effect.succeed(FakeClaude.reply(request.answerSchema === undefined ? "yes" : '{"n":1}'))
  )
  const pipeline = yield* pipelineOf(value)
  const outcome = yield* Effect.provide(
    Pipeline.run({ ...pipeline, context: context ?? pipeline.context }),
    claude.layer
  )
  assert.isUndefined(outcome.error)
  return claude.sent.map(({ call, request }) =>
    Object.assign({ timeoutMillis: call.timeoutMillis, fallback: call.fallback }, request)
  )
})

describe("a plan", () => {
  it.effect("that says nothing else is best-effort, unbounded, and leaves the layers to their defaults", () =>
    Effect.gen(function* () {
      const { asks, ...rest } = yield* pipelineOf({ asks: { a: "Why?" } })
      assert.deepStrictEqual(rest, {
        synthesis: undefined,
        policy: "best-effort",
        concurrency: "unbounded",
        context: undefined,
        deadline: undefined,
        layers: {}
      })
      assert.deepStrictEqual(asks["a"]?.options, {})
    })
  )

  it.effect("sends what the library sends by default: its models, its lengths, its system prompts", () =>
    Effect.gen(function* () {
      const [ask, synthesis] = yield* sentBy({ asks: { a: "Why?" }, synthesis: "Fold" })
      assert.strictEqual(ask?.model, Claude.askModel)
      assert.strictEqual(ask?.maxTokens, Ask.maxTokens)
      assert.strictEqual(ask?.system, Ask.system)
      assert.isUndefined(ask?.context)
      assert.strictEqual(synthesis?.model, Claude.synthesisModel)
      assert.strictEqual(synthesis?.maxTokens, Synthesis.maxTokens)
      assert.strictEqual(synthesis?.system, Synthesis.system)
    })
  )

  it.effect("sends each ask with its own settings, and the plan's where it has none", () =>
    Effect.gen(function* () {
      const own = {
        question: "How?",
        model: "claude-opus-5-5",
        system: "Be brief.",
        maxTokens: 7,
        effort: "high",
        stopSequences: ["END"],
        webSearch: true,
        timeout: "2 minutes"
      }
      const [a, b] = yield* sentBy({ model: "claude-sonnet-5-5", system: "Be kind.", asks: { a: own, b: "Why?" } })
      assert.deepInclude(a, {
        model: "claude-opus-5-5",
        system: "Be brief.",
        maxTokens: 7,
        effort: "high",
        stopSequences: ["END"],
        messages: [{ role: "user", content: "How?" }],
        timeoutMillis: 120_000
      })
      assert.strictEqual(a?.tools?.[0]?.["name"], "web_search")
      assert.deepInclude(b, { model: "claude-sonnet-5-5", system: "Be kind.", maxTokens: Ask.maxTokens })
      assert.isUndefined(b?.tools)
    })
  )

  it.effect("sends the synthesis with its own settings, and not with those of the asks", () =>
    Effect.gen(function* () {
      const plan = { model: "claude-opus-5-5", system: "Be kind.", context: "All of it.", asks: { a: "Why?" } }
      const folding = { instruction: "Fold", maxTokens: 9, effort: "low" }
      const [ask, synthesis] = yield* sentBy({ ...plan, synthesis: folding })
      assert.strictEqual(ask?.context, "All of it.")
      assert.deepInclude(synthesis, {
        model: Claude.synthesisModel,
        system: Synthesis.system,
        maxTokens: 9,
        effort: "low"
      })
      assert.isUndefined(synthesis?.context)
    })
  )

  it.effect("sends to the first of several models, and tells the call the others", () =>
    Effect.gen(function* () {
      const own = { question: "How?", model: ["claude-opus-5-5"] }
      const sent = yield* sentBy({
        model: ["claude-sonnet-5-5", "claude-haiku-5-5"],
        asks: { a: "Why?", b: own, c: { question: "Who?", model: "claude-opus-5-5" } },
        synthesis: { instruction: "Fold", model: ["claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"] }
      })
      assert.deepStrictEqual(
        sent.map(({ fallback, model }) => [model, fallback]),
        [
          ["claude-sonnet-5-5", ["claude-haiku-5-5"]],
          ["claude-opus-5-5", undefined],
          ["claude-opus-5-5", undefined],
          ["claude-opus-5-5", ["claude-sonnet-5-5", "claude-haiku-5-5"]]
        ]
      )
    })
  )

  it.effect("shares its context with every ask", () =>
    Effect.gen(function* () {
      const [a, b] = yield* sentBy({ asks: { a: "Why?", b: "How?" } }, "Read from a file.")
      assert.deepStrictEqual([a?.context, b?.context], ["Read from a file.", "Read from a file."])
    })
  )

  it.effect("asks for a structured answer with a closed schema, and decodes it", () =>
    Effect.gen(function* () {
      const answer = {
        type: "object",
        properties: { n: { type: "integer", minimum: 1 }, of: { properties: { at: { type: "string" } } } },
        required: ["n"]
      }
      const plan = { asks: { a: { question: "How many?", answer } }, synthesis: { instruction: "Fold", answer } }
      for (const { answerSchema } of yield* sentBy(plan)) {
        assert.deepInclude(answerSchema, { type: "object", additionalProperties: false, required: ["n"] })
        assert.notInclude(JSON.stringify(answerSchema), '"minimum"')
        assert.notInclude(JSON.stringify(answerSchema), '"items"', "an open object would travel as a list of pairs")
      }
    })
  )

  it.effect("takes a property that is called like a keyword for a property", () =>
    Effect.gen(function* () {
      const answer = {
        properties: { n: { type: "number" }, properties: { type: "string" }, items: { type: "string" } }
      }
      const [sent] = yield* sentBy({ asks: { a: { question: "What?", answer } } })
      const { properties } = sent!.answerSchema as { readonly properties: object }
      assert.hasAllKeys(properties, ["n", "properties", "items"])
    })
  )

  it("has a flag for every option of every layer that a plan can set", () => {
    const { refusals, transport, ...groups } = layers
    assert.isDefined(refusals)
    assert.isDefined(transport)
    for (const [layer, flags] of Object.entries(groups)) {
      const { schema } = Plan.fields[layer as "retry" | "budget"]
      const options = "fields" in schema ? schema.fields : (schema.members.at(-1) as { readonly fields: object }).fields
      // The flags that turn a whole group off or on, as `--no-journal` and `--batch`, are of no option.
      const { false: _off, true: _on, ...ofOptions } = flags as Record<string, unknown>
      assert.hasAllKeys(options, Object.keys(ofOptions))
    }
  })
})

describe("the plan's JSON Schema", () => {
  const document = toJsonSchema() as JsonSchema.JsonSchema
  // Effect imports no object that has both properties and patterns; the patterns are of keys `x-…`.
  const importable = JSON.parse(JSON.stringify(document), (key, value: unknown) =>
    key === "patternProperties" ? undefined : value
  ) as JsonSchema.JsonSchema
  const accepts = (value: unknown): boolean => {
    const schema = SchemaRepresentation.fromJsonSchemaDocument(JsonSchema.fromSchemaDraft2020_12(importable))
    const decode = Schema.decodeUnknownExit(schema as Schema.Codec<unknown>, { onExcessProperty: "error" })
    return decode(value)._tag === "Success"
  }

  it("accepts the example plans", () => {
    const examples = join(import.meta.dirname, "../../examples")
    const files = globSync("*.yaml", { cwd: examples }).filter((file) => file !== "scenario.yaml")
    assert.isAtLeast(files.length, 3)
    for (const file of files) assert.isTrue(accepts(parse(readFileSync(join(examples, file), "utf8"))), file)
  })

  it("accepts what a plan may say", () => {
    const asks = { a: "Why?" }
    const answer = { type: "object", properties: { n: { type: "array", items: { type: "string" } } }, required: ["n"] }
    const plans = [
      { $schema: "x", asks, policy: { first: 1 }, concurrency: "unbounded", context: { file: "x.md" } },
      { asks: { a: { question: "Why?", answer, timeout: "5 minutes", effort: "low", webSearch: true } } },
      { asks, synthesis: { instruction: "Fold", answer }, retry: { within: "5 minutes" }, pacing: { inFlight: 3 } },
      { asks, model: ["a", "b"], synthesis: { instruction: "Fold", model: ["a"] } },
      { asks, prices: { "claude-next": { inputUsd: 1, outputUsd: 5.5, cacheReadUsd: 0 } } },
      { asks, hedge: {} },
      { asks, hedge: { after: "p95", max: 5 } },
      { asks, hedge: { after: "30 seconds" } }
    ]
    for (const plan of plans) assert.isTrue(accepts(plan), JSON.stringify(plan))
  })

  it("rejects typos and wrong types", () => {
    const asks = { a: "Why?" }
    const plans = [
      { asks, modle: "x" },
      { asks: { a: { question: "Why?", maxToken: 5 } } },
      { asks: { a: { question: "Why?", maxTokens: "many" } } },
      { asks: { a: { question: "Why?", answer: { propertys: {} } } } },
      { asks: { a: { question: "Why?", answer: { properties: { n: { type: "nil" } } } } } },
      { asks: { a: {} } },
      { asks: {} },
      {},
      { asks, policy: "some" },
      { asks, policy: { atLeast: 0 } },
      { asks, concurrency: 1.5 },
      { asks, context: { files: "x" } },
      { asks, synthesis: { instruct: "x" } },
      { asks, retry: { attempts: 0 } },
      { asks, prices: { a: { inputUsd: -1, outputUsd: 1, cacheReadUsd: 1 } } },
      { asks, prices: { a: { inputUsd: 1 } } },
      { asks, hedge: { max: 0 } },
      { asks, hedge: true },
      { asks, model: [] },
      { asks, model: ["a", 5] },
      { asks, synthesis: { instruction: "Fold", model: ["a", "a"] } }
    ]
    for (const plan of plans) assert.isFalse(accepts(plan), JSON.stringify(plan))
  })

  it("knows every key of a plan and of an ask, and explains what is not plain", () => {
    const { properties } = document as any
    assert.hasAllKeys(properties, Object.keys(Plan.fields))
    assert.deepStrictEqual(document["patternProperties"], { "^x-": {} })
    const [named, list, rows] = properties.asks.anyOf
    const [, entry] = named.additionalProperties.anyOf
    assert.hasAllKeys(entry.properties, ["question", "answer", ...Object.keys(Ask.AskSettings.fields)])
    assert.include(properties.policy.description, '"all", "best-effort", { atLeast: n } or { first: n }')
    assert.include(properties.policy.description, "default in plans and on the command line: best-effort; in code: all")
    assert.deepStrictEqual(entry.properties.effort.enum, Message.Effort.literals)
    assert.include(named.propertyNames.description, Research.nameRule)
    const [, listed] = list.items.anyOf
    assert.hasAllKeys(listed.properties, ["id", ...Object.keys(entry.properties)])
    assert.hasAllKeys(rows.properties, ["from", "name", ...Object.keys(entry.properties)])
  })
})
