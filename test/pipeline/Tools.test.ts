/** The tools of the API as a setting of an ask: what is sent, what it may cost, what comes back, and what is refused. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Result } from "effect"
import { Ask, Claude, Event, Message, Synthesis } from "fanfold"
import { mockClaude } from "fanfold/mocks"
import * as Issue from "../../src/options/Issue.ts"
import * as ToolCosts from "../../src/cost/ToolCosts.ts"
import * as WorstCase from "../../src/cost/WorstCase.ts"
import { requestOf } from "../../src/pipeline/AskData.ts"
import * as Plan from "../../src/plan/Plan.ts"

const toolsOf = (options: Ask.Options) => requestOf(Ask.text("Why?", options)).tools

const given = {
  maxUses: 2,
  allowedDomains: ["example.com", "example.org/news"],
  citations: true,
  maxContentTokens: 5000
} as const

const fetchTool = { type: "web_fetch_20260318", name: "web_fetch", max_uses: 3, max_content_tokens: 10_000 }
const codeTool = { type: "code_execution_20260521", name: "code_execution" }

describe("tools", () => {
  it("are those of the request, with what the setting says, after the web search", () => {
    assert.strictEqual(toolsOf({ tools: {} }), undefined)
    assert.strictEqual(toolsOf({ tools: { webFetch: false, codeExecution: false } }), undefined)
    assert.deepStrictEqual(toolsOf({ tools: { webFetch: true, codeExecution: true } }), [fetchTool, codeTool])
    assert.deepStrictEqual(toolsOf({ tools: { webFetch: {} } }), [fetchTool])
    assert.deepStrictEqual(
      toolsOf({ webSearch: true, tools: { codeExecution: true } })?.map(({ name }) => name),
      ["web_search", "code_execution"]
    )
    assert.deepStrictEqual(toolsOf({ tools: { webFetch: given } }), [
      {
        ...fetchTool,
        max_uses: 2,
        max_content_tokens: 5000,
        allowed_domains: ["example.com", "example.org/news"],
        citations: { enabled: true }
      }
    ])
  })

  const wrong = [
    [{ webFetch: { allowedDomains: ["a.com"], blockedDomains: ["b.com"] } }, "exclude each other"],
    [{ webFetch: { allowedDomains: ["https://a.com"] } }, "expected a domain without https://"],
    [{ webFetch: { maxContentTokens: 0 } }, "tools.webFetch.maxContentTokens: expected a whole number ≥ 1"],
    [{ webFetch: "yes" }, "expected true, false, or { maxUses, allowedDomains"],
    [{ webFetch: { citations: "yes" } }, "tools.webFetch.citations"],
    [{ codeExecution: { hours: 1 } }, "tools.codeExecution"],
    [{ webSearch: true }, "tools.webSearch: unknown key, expected one of webFetch, codeExecution"]
  ] as const
  for (const [tools, words] of wrong) {
    it.effect(`refuses ${JSON.stringify(tools)}`, () =>
      Effect.gen(function* () {
        const issues = yield* Effect.flip(Plan.decode({ asks: { a: { question: "Why?", tools } } }))
        assert.include(issues.map(Issue.toString).join("\n"), words)
      })
    )
  }
})

const inputOf = (options: Ask.Options) => WorstCase.inputTokens(requestOf(Ask.text("Why?", options)))
const own = (options: Ask.Options) => {
  const request = requestOf(Ask.text("Why?", options))
  return WorstCase.inputTokens(request) - ToolCosts.resultTokens(request)
}

const usdOf = (tools: NonNullable<Ask.Options["tools"]>) => {
  const request = requestOf(Ask.text("Why?", { tools, maxTokens: 1000 }))
  const { usd } = Result.getOrThrow(WorstCase.of(request, {}, true))
  const { inputTokens: _, ...usage } = { ...Message.noUsage, outputTokens: 1000 }
  return usd - (WorstCase.inputTokens(request) * 0.1 + usage.outputTokens * 0.5) / 1e6
}

describe("what tools cost at most", () => {
  it("is the request as often as it is read, and each page in all turns after it", () => {
    const fetching = { tools: { webFetch: { maxUses: 3, maxContentTokens: 1000 } } }
    assert.strictEqual(inputOf(fetching) - own(fetching), 1000 * (1 + 2 + 3))
    assert.strictEqual(own(fetching) % 4, 0)
    // Searches before and after the pages.
    const both = { webSearch: { maxUses: 2 }, tools: { webFetch: { maxUses: 1, maxContentTokens: 1000 } } }
    assert.strictEqual(inputOf(both) - own(both), 2 * 10_000 + 1000 * 3)
    assert.strictEqual(own(both) % 4, 0)
    assert.strictEqual(own({ tools: { codeExecution: true } }) % 10, 0)
  })

  it("has a container for code, unless a tool of the web is beside it", () => {
    assert.approximately(usdOf({ codeExecution: true }), 0.05 / 6, 1e-9)
    assert.approximately(usdOf({ codeExecution: true, webFetch: { maxUses: 1, maxContentTokens: 10 } }), 0, 1e-9)
  })

  it("counts for a synthesis with tools, which reads its findings as often", () => {
    const asks = [Ask.text("a?")]
    const plain = Synthesis.planned(Synthesis.text("Fold"), asks)
    const fetching = Synthesis.planned(Synthesis.text("Fold", { tools: { webFetch: true, codeExecution: true } }), asks)
    assert.deepStrictEqual([plain.reads, fetching.reads, fetching.containers], [undefined, 10, undefined])
    const tokens = (planned: typeof plain) =>
      WorstCase.synthesis(planned, 1000, {}).tokens - WorstCase.synthesis(planned, 0, {}).tokens
    assert.deepStrictEqual([tokens(plain), tokens(fetching)], [1000, 10_000])
  })
})

const page = (url: string, title: string | null) => ({
  type: "web_fetch_tool_result",
  tool_use_id: "s2",
  content: { type: "web_fetch_result", url, content: { type: "document", title, source: {} } }
})
const cited = (title: string) => ({
  type: "text",
  text: "So it is.",
  citations: [{ type: "char_location", document_title: title, start_char_index: 0, end_char_index: 9 }]
})

const asked = (question: string, options: Ask.Options, isStreamed: boolean) =>
  Effect.gen(function* () {
    const claude = mockClaude()
    const layer = Claude.layer({ apiKey: Redacted.make("offline"), fetch: claude.fetch })
    const request = requestOf(Ask.text(question, options))
    const listener = { emit: () => Effect.void, ...(isStreamed && { delta: () => {} }) }
    const reply = yield* Effect.flatMap(Claude.Claude, ({ send }) => send(request)).pipe(
      Effect.provide(layer),
      Effect.provideService(Event.Listener, listener)
    )
    return { reply, request }
  })

describe("an ask with tools", () => {
  for (const isStreamed of [false, true]) {
    it.live(`names the pages that were fetched as its sources (streamed: ${isStreamed})`, () =>
      Effect.gen(function* () {
        const question = "What does https://example.com/prices say?"
        const { reply, request } = yield* asked(question, { tools: { webFetch: given } }, isStreamed)
        assert.deepStrictEqual(Message.sourcesOf(reply), [
          { url: "https://example.com/prices", title: "Simulated page" }
        ])
        assert.strictEqual(reply.usage.webFetches, 1)
        assert.isAtMost(Message.inputTokensOf(reply.usage), WorstCase.inputTokens(request))
      })
    )

    it.live(`knows the container that its code ran in (streamed: ${isStreamed})`, () =>
      Effect.gen(function* () {
        const { reply } = yield* asked("What is 6 times 7?", { tools: { codeExecution: true } }, isStreamed)
        assert.match(reply.container ?? "", /^container_/)
        assert.include(JSON.stringify(reply.content), "Simulated output")
        assert.strictEqual(reply.usage.webFetches, undefined)
      })
    )
  }

  it.live("is answered where a page may not be fetched, without a source", () =>
    Effect.gen(function* () {
      for (const [url, count] of [
        ["https://www.example.org/news/1", 1],
        ["https://example.org/prices", 0],
        ["https://another-example.com", 0]
      ] as const) {
        const { reply } = yield* asked(`What does ${url} say?`, { tools: { webFetch: given } }, false)
        assert.deepStrictEqual([reply.stopReason, reply.usage.webFetches], ["end_turn", 1])
        assert.lengthOf(Message.sourcesOf(reply), count)
      }
    })
  )

  it("has neither sources nor fetches of what could not be fetched, and a cited page once", () => {
    const failed = {
      type: "web_fetch_tool_result",
      tool_use_id: "s1",
      content: { type: "web_fetch_tool_result_error", error_code: "url_not_accessible" }
    }
    assert.deepStrictEqual(Message.sourcesOf({ content: [failed] }), [])
    const content = [page("https://a.com/1", "Prices"), page("https://a.com/2", null), cited("Prices"), cited("Annex")]
    assert.deepStrictEqual(Message.sourcesOf({ content }), [
      { url: "https://a.com/1", title: "Prices" },
      { url: "https://a.com/2", title: "https://a.com/2" },
      { title: "Annex", location: "characters 0 to 9" }
    ])
  })

  it.live("is taken by a model that does not call tools from code", () =>
    Effect.gen(function* () {
      const tools = { webFetch: true, codeExecution: true }
      const { reply } = yield* asked("Why?", { model: "claude-haiku-4-5", webSearch: true, tools }, false)
      assert.strictEqual(reply.stopReason, "end_turn")
    })
  )
})
