/** Findings whose estimate is a little more than a window: the API counts them, and one request may hold them after all. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Ask, Research, Synthesis } from "fanfold"
import { mockClaude } from "fanfold/mocks"
import { run, Synthesis as Scripted } from "fanfold/promise"
import * as TokenCounter from "../../src/claude/TokenCounter.ts"
import { make, questionOf, reply } from "../FakeClaude.ts"

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
    ["that are more than fanIn", { ...close, fanIn: 3 }],
    ["with a cheaper model for folds", { ...close, foldModel: "claude-haiku-5-5" }]
  ] as const)("are not counted: those %s", ([, options]) =>
    Effect.gen(function* () {
      const { counted, names } = yield* played(options, 1)
      assert.deepStrictEqual(counted, [])
      assert.isAbove(names.length, 1)
    })
  )
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
