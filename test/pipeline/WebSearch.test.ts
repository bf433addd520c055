/** Web search as a setting of an ask: what is sent, what it may cost, and what is refused. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Ask, Claude } from "fanfold"
import { mockClaude } from "fanfold/mocks"
import { requestOf } from "../../src/pipeline/AskData.ts"
import * as Forecast from "../../src/plan/Forecast.ts"
import * as Issue from "../../src/options/Issue.ts"
import * as Plan from "../../src/plan/Plan.ts"

const toolsOf = (webSearch: NonNullable<Ask.Options["webSearch"]>) => requestOf(Ask.text("Why?", { webSearch })).tools

const given = {
  maxUses: 2,
  blockedDomains: ["example.com", "example.org/news"],
  userLocation: { city: "Lisbon", country: "PT" }
} as const

describe("webSearch", () => {
  it("is a tool of the request, with what the setting says", () => {
    assert.strictEqual(toolsOf(false), undefined)
    assert.deepStrictEqual(toolsOf(true), [{ type: "web_search_20260318", name: "web_search", max_uses: 5 }])
    assert.deepStrictEqual(toolsOf({}), toolsOf(true))
    assert.deepStrictEqual(toolsOf(given), [
      {
        type: "web_search_20260318",
        name: "web_search",
        max_uses: 2,
        blocked_domains: ["example.com", "example.org/news"],
        user_location: { type: "approximate", city: "Lisbon", country: "PT" }
      }
    ])
  })

  it.live("is taken by the API as it is sent", () =>
    Effect.gen(function* () {
      const claude = mockClaude()
      const layer = Claude.layer({ apiKey: Redacted.make("offline"), fetch: claude.fetch })
      for (const webSearch of [given, { allowedDomains: ["example.com"] }]) {
        yield* Effect.provide(Ask.text("Why?", { webSearch }), layer)
      }
      assert.strictEqual(claude.journal.attempts, 2)
    })
  )

  it.effect("costs at most as many searches as it may make", () =>
    Effect.gen(function* () {
      const { plan } = yield* Plan.decode({ asks: { a: { question: "Why?", webSearch: { maxUses: 2 } } } })
      assert.strictEqual(Forecast.make(Plan.toPipeline(plan)).webSearches, 2)
    })
  )

  const wrong = [
    [{ allowedDomains: ["a.com"], blockedDomains: ["b.com"] }, "allowedDomains and blockedDomains exclude each other"],
    [{ allowedDomains: ["https://a.com"] }, 'expected a domain without https://, such as "example.com"'],
    [{ allowedDomains: [] }, "a list of domains"],
    [{ maxUses: 0 }, "a whole number ≥ 1"],
    [{ maxuses: 2 }, "maxUses"],
    [{ userLocation: {} }, "at least one of them"],
    [{ userLocation: { country: "Portugal" } }, 'a country as two letters, such as "PT"'],
    ["yes", "true, false, or { maxUses"]
  ] as const
  for (const [webSearch, words] of wrong) {
    it.effect(`refuses ${JSON.stringify(webSearch)}`, () =>
      Effect.gen(function* () {
        const issues = yield* Effect.flip(Plan.decode({ asks: { a: { question: "Why?", webSearch } } }))
        assert.include(issues.map(Issue.toString).join("\n"), words)
      })
    )
  }
})
