/** How a run for scripts without Effect fails: what its error keeps, what is closed, and what is never sent. */
import { assert, describe, it } from "@effect/vitest"
import { AskError, Research } from "fanfold"
import { fault } from "fanfold/mocks"
import { run, RunError } from "fanfold/promise"
import { until } from "./cli/Process.ts"
import { apiKey, mock, rejection } from "./Promised.ts"

describe.concurrent("a run that fails", () => {
  it("rejects with a RunError that keeps the findings and the answers that were paid", async () => {
    await using server = await mock().serve()
    const error = await rejection(
      run({ asks: { a: "one?", b: "fail?", c: "two?" }, concurrency: 1, baseUrl: server.url, apiKey })
    )
    assert.instanceOf(error, RunError)
    assert.strictEqual(error.name, "RunError")
    assert.match(error.message, /^b: invalid request: no such thing .*; 1 of 3 asks answered, 3 needed/)
    assert.include(error.answers.a, "one?")
    assert.deepStrictEqual(
      error.findings.findings.map(({ outcome }: any) => outcome._tag),
      ["Answered", "Failed", "Interrupted"]
    )
    assert.instanceOf(error.cause, Research.ResearchError)
    assert.strictEqual(error.cause.error?.reason._tag, "InvalidRequest")
  })

  it("keeps the answers where only the synthesis failed", async () => {
    const claude = mock()
    claude.fault(fault.forbidden(), { when: { part: "synthesis" } })
    await using server = await claude.serve()
    const error = await rejection(run({ asks: { a: "one?" }, synthesis: "Fold", baseUrl: server.url, apiKey }))
    assert.instanceOf(error, RunError)
    assert.instanceOf(error.cause, AskError.AskError)
    assert.strictEqual(error.cause.reason._tag, "PermissionDenied")
    assert.include(error.answers.a, "one?")
  })

  it("rejects at its deadline under a policy that promises answers, with the document of those that came", async () => {
    const claude = mock()
    claude.fault(fault.hang(), { when: { user: "never", part: "ask" } })
    await using server = await claude.serve()
    const asks = { a: "one?", b: "never?" }
    const error = await rejection(run({ asks, synthesis: "Fold", deadline: "5 seconds", baseUrl: server.url, apiKey }))
    assert.instanceOf(error, RunError)
    assert.instanceOf(error.cause, Research.ResearchError)
    assert.strictEqual(error.cause.endedBy, "deadline")
    assert.include(error.message, "b: out of time: no answer within the run's deadline of 5 s; 1 of 2 asks answered")
    assert.include(error.answers.a, "one?")
    assert.include(error.document, "Simulated synthesis of 1 finding.")
    await until(() => claude.journal.inFlight === 0)
  })

  it("closes every request when the signal aborts, and rejects with the signal's reason", async () => {
    const claude = mock()
    claude.fault(fault.hang())
    await using server = await claude.serve()
    const controller = new AbortController()
    const asks = Array.from({ length: 5 }, (_, index) => `${index}?`)
    const running = rejection(run({ asks, signal: controller.signal, baseUrl: server.url, apiKey }))
    await until(() => claude.journal.inFlight === 5)
    const reason = { why: "enough" }
    controller.abort(reason)
    assert.strictEqual(await running, reason)
    await until(() => claude.journal.inFlight === 0)
    assert.deepStrictEqual([...new Set(claude.journal.entries.map(({ outcome }) => outcome))], ["aborted"])
  })

  it("sends nothing when the signal has aborted before", async () => {
    const claude = mock()
    const signal = AbortSignal.abort()
    const error = await rejection(run({ asks: ["one?"], signal, apiKey, fetch: claude.fetch }))
    assert.strictEqual(error, signal.reason)
    assert.strictEqual(claude.journal.attempts, 0)
  })

  it("says what to do where no key is", async () => {
    const claude = mock()
    const env = { ...process.env }
    delete process.env["ANTHROPIC_API_KEY"]
    delete process.env["ANTHROPIC_AUTH_TOKEN"]
    const errors = [
      await rejection(run({ asks: ["one?"], fetch: claude.fetch })),
      await rejection(run({ asks: ["one?"], apiKey: " ", fetch: claude.fetch }))
    ]
    Object.assign(process.env, env)
    for (const { message } of errors) {
      assert.strictEqual(message, "No key: set ANTHROPIC_API_KEY to your key, or pass apiKey")
    }
    assert.strictEqual(claude.journal.attempts, 0)
  })
})
