import Anthropic from "@anthropic-ai/sdk"
import { assert, describe, it } from "@effect/vitest"
import { clock, fault, mockClaude } from "fanfold/mocks"
import { body, post } from "../ask.ts"

const kinds = (claude: ReturnType<typeof mockClaude>): ReadonlyArray<string> =>
  claude.journal.verdict().problems.map((problem) => problem.kind)

describe("the verdict", () => {
  it("finds no problem of a correct client", async () => {
    const time = clock.manual(0)
    const claude = mockClaude({ clock: time })
    claude.fault(fault.rateLimit({ retryAfter: 2 }), { times: 1 })
    await (await post(claude.fetch, body("a"))).text()
    await time.advance(2000)
    await (await post(claude.fetch, body("a"))).text()
    assert.deepInclude(claude.journal.verdict(), { ok: true, problems: [], attempts: 2, peakInFlight: 1 })
  })

  it("reports a retry before retry-after", async () => {
    const time = clock.manual(0)
    const claude = mockClaude({ clock: time })
    claude.fault(fault.rateLimit({ retryAfter: 2 }), { times: 1 })
    await (await post(claude.fetch, body("a"))).text()
    await time.advance(1900)
    await (await post(claude.fetch, body("a"))).text()
    assert.deepStrictEqual(kinds(claude), ["retried too early"])
  })

  it("reports a retry of an error that is not retryable", async () => {
    const claude = mockClaude()
    claude.fault(fault.spendLimit(), { times: 1 })
    for (const more of [{}, {}, { max_tokens: -1 }, { max_tokens: -1 }])
      await (await post(claude.fetch, body("a", more))).text()
    assert.deepStrictEqual(kinds(claude), ["retried what must not be", "retried what must not be"])
  })

  it("reports a truncated stream that is not retried", async () => {
    const claude = mockClaude()
    claude.fault(fault.cut({ how: "end" }), { times: 2 })
    for (const question of ["given up", "again", "again"])
      await (await post(claude.fetch, body(question, { stream: true }))).text()
    assert.deepStrictEqual(kinds(claude), ["accepted a truncated stream"])
  })

  it("reports an open request and an unread body", async () => {
    const claude = mockClaude()
    claude.fault(fault.hang(), { when: { user: "hang" } })
    claude.fault(fault.stall(), { when: { user: "stall" } })
    void post(claude.fetch, body("hang"))
    const stalled = await post(claude.fetch, body("stall", { stream: true }))
    await stalled.body!.getReader().read()
    await post(claude.fetch, body("never read"))
    assert.deepStrictEqual(kinds(claude), ["left a request open", "left a request open", "never read a body"])
    assert.strictEqual(claude.journal.inFlight, 3)
  })

  it("counts aborted and cancelled requests, and the peak in flight", async () => {
    const claude = mockClaude()
    claude.fault(fault.hang(), { when: { user: "hang" } })
    const control = new AbortController()
    const hanging = post(claude.fetch, body("hang"), { signal: control.signal }).catch((error: Error) => error.name)
    await (await post(claude.fetch, body("cancelled"))).body!.cancel()
    control.abort()
    assert.strictEqual(await hanging, "AbortError")
    assert.deepInclude(claude.journal.verdict(), { ok: true, aborted: 2, peakInFlight: 2 })
  })

  it("does not count a discarded error body as aborted", async () => {
    const claude = mockClaude()
    claude.fault(fault.overloaded(), { times: 1 })
    await new Anthropic({ apiKey: "any", fetch: claude.fetch, maxRetries: 1 }).models.list()
    assert.deepStrictEqual(
      claude.journal.entries.map(({ outcome }) => outcome),
      ["discarded", "complete"]
    )
    assert.deepInclude(claude.journal.verdict(), { ok: true, aborted: 0, attempts: 2 })
  })

  it("keeps the last entries, and counts all attempts", async () => {
    const claude = mockClaude({ journalEntries: 3 })
    for (let index = 0; index < 10; index++) await (await post(claude.fetch, body(`${index}`))).text()
    assert.strictEqual(claude.journal.entries.length, 3)
    assert.strictEqual(claude.journal.attempts, 10)
  })
})
