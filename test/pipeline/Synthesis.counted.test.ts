/** Findings whose estimate is a little more than a window: the API counts them, and one request may hold them after all. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Ask, Message, Price, Research, Stack, Synthesis } from "fanfold"
import { mockClaude } from "fanfold/mocks"
import { run, Synthesis as Scripted } from "fanfold/promise"
import * as TokenCounter from "../../src/claude/TokenCounter.ts"
import * as Pipeline from "../../src/pipeline/Pipeline.ts"
import * as Forecast from "../../src/plan/Forecast.ts"
import { make, pass, questionOf, reply } from "../FakeClaude.ts"

/** Four answers of a thousand tokens each, by their length. */
const text = "This is a sentence of eight words, or so. ".repeat(105)
const asks = Object.fromEntries(Array.from({ length: 4 }, (_, n) => [`q${n}`, Ask.text(`q${n}`)]))
const close = { window: 5700, maxTokens: 1000, contradictions: "off" } as const

/** The calls of the synthesis, and the prompts that were counted, where the API says `tokens`. */
const played = (options: Synthesis.Options, tokens: number | undefined) =>
  Effect.gen(function* () {
    const counted: Array<string> = []
    const claude = make(({ call }) => Effect.succeed(reply(call.part === "ask" ? text : "Folded.")))
    const counter: TokenCounter.TokenCounter = (request) =>
      Effect.sync(() => {
        counted.push(questionOf(request))
        return tokens
      })
    yield* Research.run(asks).pipe(
      Effect.flatMap(Synthesis.text("Write.", options)),
      Effect.provide(Layer.merge(claude.layer, Layer.succeed(TokenCounter.Current, counter)))
    )
    const sent = claude.sent.filter(({ call }) => call.part === "synthesis")
    return { counted, sent, names: sent.map(({ call }) => call.ask) }
  })

describe("findings that are estimated to be a little more than the window", () => {
  it.effect("are one request where the API counts so few tokens, and are counted once", () =>
    Effect.gen(function* () {
      const { counted, names, sent } = yield* played(close, 4700)
      assert.deepStrictEqual(names, ["synthesis"])
      assert.deepStrictEqual(counted, [questionOf(sent[0]!.request)])
      const wide = yield* played({ ...close, window: 1_000_000 }, undefined)
      assert.deepStrictEqual(counted, [questionOf(wide.sent[0]!.request)], "the prompt of any one request")
    })
  )

  it.effect.each([
    ["more", 4701],
    ["nothing", undefined]
  ] as const)("are folded level by level where it counts %s", ([, tokens]) =>
    Effect.gen(function* () {
      const { counted, names } = yield* played(close, tokens)
      assert.lengthOf(counted, 1)
      assert.isAbove(names.length, 1)
    })
  )

  it.effect.each([
    ["that are far more", { ...close, window: 4400 }],
    ["that are more than fanIn", { ...close, fanIn: 3 }]
  ] as const)("are not counted: those %s", ([, options]) =>
    Effect.gen(function* () {
      const { counted, names } = yield* played(options, 1)
      assert.deepStrictEqual(counted, [])
      assert.isAbove(names.length, 1)
    })
  )
})

describe("a budget of what the forecast has at most, with folds by a cheaper model than the document's", () => {
  const long = Object.fromEntries(
    Array.from({ length: 40 }, (_, n) => [`q${n}`, Ask.text(`q${n}`, { maxTokens: 2000, system: "" })])
  )
  const pipeline = {
    asks: long,
    synthesis: Synthesis.text("Write.", { window: 100_000, maxTokens: 2000, contradictions: "off" }),
    policy: "best-effort",
    concurrency: "unbounded",
    context: undefined,
    deadline: undefined
  } as const
  const { atMostUsd, calls, estimatedUsd } = Forecast.make(pipeline, { refusals: "gap" })

  it.effect.each([
    ["is counted as fewer tokens than estimated", 2000, 98_000],
    ["is shorter than it may be", 1800, undefined]
  ] as const)("is enough where what the document reads in one request %s", ([, tokens, counted]) =>
    Effect.gen(function* () {
      let spentUsd = 0
      const claude = make(({ call, request: { model } }) => {
        const inputTokens = call.part === "ask" ? 20 : (counted ?? 40 * tokens)
        const usage = { ...Message.noUsage, inputTokens, outputTokens: tokens }
        spentUsd += Price.usdOf(model, usage)!
        return Effect.succeed(reply("abc ".repeat(tokens), { model, usage }))
      })
      const counter = Layer.succeed(TokenCounter.Current, () => Effect.succeed(counted))
      const stack = Stack.layerOver({ budget: atMostUsd!, refusals: "gap" })
      const { error, findings } = yield* Pipeline.run(pipeline).pipe(
        Effect.provide(Layer.merge(Layer.provide(stack, claude.layer), counter)),
        pass
      )
      assert.isUndefined(error)
      assert.deepStrictEqual(findings.gaps, [])
      const last = claude.sent.at(-1)!
      assert.deepStrictEqual([claude.sent.length, last.request.model], [41, "claude-sonnet-5-5"])
      assert.isAtMost(spentUsd, atMostUsd!)
    })
  )

  it("is more than one request costs, and so is the estimate", () => {
    const usage = { ...Message.noUsage, inputTokens: 80_000, outputTokens: 2000 }
    const oneUsd = Price.usdOf("claude-sonnet-5-5", usage)!
    assert.deepStrictEqual(calls.at(-1)!.tree?.models, ["claude-haiku-5-5"])
    assert.isBelow(calls.at(-1)!.tree!.ratio!, 1)
    assert.isAbove(estimatedUsd!, oneUsd)
    assert.isAbove(atMostUsd!, estimatedUsd!)
  })
})

const gone = () => Promise.resolve(new Response("no such path", { status: 404 }))

/** A run over the mock: its folds, and the paths that were asked after those of the asks. `isCounted`: there is such a path as `count_tokens`. */
const play = async (isCounted: boolean) => {
  const mock = mockClaude()
  mock.when({ part: "ask" }).reply(text)
  const paths: Array<string> = []
  const around: typeof globalThis.fetch = (input, init) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input)
    paths.push(pathname)
    return isCounted || !pathname.endsWith("count_tokens") ? mock.fetch(input, init) : gone()
  }
  const synthesis = Scripted.text("Write.", close)
  const { spent } = await run({ asks, synthesis, fetch: around, apiKey: "offline" })
  return { folds: Object.keys(spent.folds ?? {}), paths: paths.slice(4) }
}

describe("the count of the API", () => {
  it("is asked of its endpoint, before anything of the synthesis is sent", async () => {
    const { folds, paths } = await play(true)
    assert.deepStrictEqual(folds, [])
    assert.deepStrictEqual(paths, ["/v1/messages/count_tokens", "/v1/messages"])
  })

  it("is not needed: without it, the estimate holds", async () => {
    const { folds, paths } = await play(false)
    assert.isAbove(folds.length, 1)
    assert.strictEqual(paths.filter((path) => path.includes("count_tokens")).length, 1)
  })
})
