/** The pipeline for scripts without Effect, against the real client and a server on loopback: what runs give and tell. */
import { assert, describe, it, vi } from "@effect/vitest"
import { Schema } from "effect"
import type { Event } from "fanfold"
import { fault, latency, mockClaude } from "fanfold/mocks"
import { Ask, run, Synthesis } from "fanfold/promise"
import { until } from "./cli/Process.ts"
import { apiKey, mock, rejection } from "./Promised.ts"

/** Runs, and keeps what was said on standard error meanwhile. */
const warnings = async <A>(body: () => Promise<A>) => {
  const said = vi.spyOn(console, "error").mockImplementation(() => {})
  const result = await body()
  // A rejection is told in a turn of its own.
  await new Promise((resolve) => setImmediate(resolve))
  const warned = said.mock.calls.map((words) => words.map(String).join(" "))
  said.mockRestore()
  return { result, warned }
}

describe.concurrent("run", () => {
  it("gives a record of answers for a record of asks, with the document and what it took", async () => {
    const claude = mock()
    await using server = await claude.serve()
    const Count = Schema.Struct({ n: Schema.Finite })
    const { answers, document, durationMillis, estimatedCostUsd, findings, gaps, spent, usage } = await run({
      asks: { a: "How far is the sun?", n: Ask.object("How many?", Count) },
      synthesis: "Fold",
      baseUrl: server.url,
      apiKey
    })
    const text: string = answers.a
    const n: number = answers.n.n
    assert.include(text, "How far is the sun?")
    assert.isNumber(n)
    assert.include(document, "Simulated synthesis of 2 findings.")
    assert.deepStrictEqual(gaps, [])
    assert.deepStrictEqual(
      findings.findings.map(({ name }) => name),
      ["a", "n"]
    )
    assert.strictEqual(
      usage.outputTokens,
      claude.journal.entries.reduce((sum, { outputTokens }) => sum + outputTokens, 0)
    )
    assert.isAbove(estimatedCostUsd!, 0)
    const parts = [...Object.values(spent.asks), spent.synthesis!]
    assert.approximately(
      parts.reduce((sum, part) => sum + part.estimatedCostUsd!, 0),
      estimatedCostUsd!,
      1e-12
    )
    assert.isAtLeast(durationMillis, 0)
  })

  it("gives a list of answers for a list of asks, in the order asked", async () => {
    await using server = await mock().serve()
    const { answers, document } = await run({ asks: ["one?", Ask.text("two?")], baseUrl: server.url, apiKey })
    const [one, two]: readonly [string, string] = answers
    assert.include(one, "one?")
    assert.include(two, "two?")
    assert.isUndefined(document)
  })

  it("decodes the document of a structured synthesis", async () => {
    await using server = await mock().serve()
    const Memo = Schema.Struct({ verdict: Schema.Literals(["go", "wait"]) })
    const synthesis = Synthesis.object("Fold", Memo)
    const { document } = await run({ asks: { a: "one?" }, synthesis, baseUrl: server.url, apiKey })
    const verdict: "go" | "wait" = document.verdict
    assert.include(["go", "wait"], verdict)
  })

  it("leaves gaps where the policy allows them", async () => {
    await using server = await mock().serve()
    const asks = { a: "one?", b: "fail?" }
    const { answers, document, gaps } = await run({
      asks,
      synthesis: "Fold",
      policy: "best-effort",
      baseUrl: server.url,
      apiKey
    })
    const b: string | undefined = answers.b
    assert.isUndefined(b)
    assert.include(document, "**b** has no answer")
    assert.lengthOf(gaps, 1)
    assert.match(gaps[0]!.message, /^invalid request: no such thing \(req_\w+\)$/)
    assert.deepInclude(gaps[0], { name: "b", question: "fail?" })
  })

  it("sends what the defaults say, and the context, where an ask says nothing else", async () => {
    const bodies: Array<any> = []
    const claude = mock()
    const fetch: typeof globalThis.fetch = (url, init) => {
      bodies.push(JSON.parse(init?.body as string))
      return claude.fetch(url, init)
    }
    const asks = { a: "one?", b: Ask.text("two?", { maxTokens: 8 }) }
    const defaults = { maxTokens: 99, model: "claude-opus-5-5" }
    await run({ asks, defaults, context: "The brief.", policy: "best-effort", concurrency: 1, apiKey, fetch })
    assert.deepStrictEqual(
      bodies.map((body) => [body.model, body.max_tokens, body.system[0].text]),
      [
        ["claude-opus-5-5", 99, "The brief."],
        ["claude-opus-5-5", 8, "The brief."]
      ]
    )
  })

  it("tells every event in order, and stamps it with run and ask", async () => {
    await using server = await mock().serve()
    const events: Array<Event.Event> = []
    const { findings } = await run({
      asks: { a: "one?" },
      synthesis: "Fold",
      onEvent: (event) => void events.push(event),
      baseUrl: server.url,
      apiKey
    })
    const one = ["Started", "Dispatched", "Replied", "Answered"]
    const folding = ["Started", "Dispatched", "FirstToken", "Replied", "Answered"]
    assert.deepStrictEqual(
      events.map(({ _tag, ask }) => `${ask} ${_tag}`.trim()),
      ["ResearchStarted", ...one.map((tag) => `a ${tag}`), "ResearchEnded", ...folding.map((tag) => `synthesis ${tag}`)]
    )
    assert.deepStrictEqual([...new Set(events.map(({ run }) => run))], [findings.run])
  })
})

describe("an onEvent that fails", () => {
  const failures: ReadonlyArray<readonly [how: string, onEvent: () => unknown]> = [
    ["throws", () => assert.fail("the listener's own")],
    ["rejects", () => Promise.reject(new Error("the listener's own"))]
  ]
  for (const [how, onEvent] of failures) {
    it(`costs no answer where it ${how}: it is told on, and standard error says so once`, async () => {
      const asks = { a: "one?", b: "two?" }
      let told = 0
      const { result, warned } = await warnings(() =>
        run({ asks, apiKey, fetch: mock().fetch, onEvent: () => (told++, onEvent()) as never })
      )
      assert.hasAllKeys(result.answers, ["a", "b"])
      assert.isAtLeast(told, 10)
      assert.lengthOf(warned, 1)
      assert.match(warned[0]!, /onEvent.*the listener's own/s)
    })
  }
})

describe("two runs at once", () => {
  const asks = Array.from({ length: 6 }, (_, index) => `${index}?`)

  it("share one gate where key and place are the same", async () => {
    const claude = mockClaude({ latency: latency.fixed(20) })
    await using server = await claude.serve()
    const options = { asks, pacing: { inFlight: 3 }, baseUrl: server.url, apiKey }
    await Promise.all([run(options), run(options)])
    assert.strictEqual(claude.journal.attempts, 12)
    assert.strictEqual(claude.journal.peakInFlight, 3)
  })

  it("share nothing where they are not", async () => {
    const claude = mockClaude()
    claude.fault(fault.hang())
    await using server = await claude.serve()
    const controller = new AbortController()
    const options = { asks, pacing: { inFlight: 3 }, baseUrl: server.url, signal: controller.signal }
    const runs = [apiKey, `${apiKey}-2`].map((apiKey) => rejection(run({ ...options, apiKey })))
    await until(() => claude.journal.inFlight === 6)
    controller.abort()
    await Promise.all(runs)
  })
})
