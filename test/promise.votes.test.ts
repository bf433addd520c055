/** Votes in scripts without Effect: their answer and agreement, and what a second run pays of them. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { fault } from "fanfold/mocks"
import { Ask, run } from "fanfold/promise"
import { z } from "zod"
import { apiKey, mock, rejection } from "./Promised.ts"

const folder = mkdtempSync(join(tmpdir(), "fanfold-promise-votes-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const wrong = fault.other(400, { type: "invalid_request_error", message: "no", shouldRetry: false })

describe("votes", () => {
  it("are counted, joined and told with what they used", async () => {
    const claude = mock()
    claude.when({ nth: 2 }).reply({ verdict: "wait" })
    claude.when({ user: "Enter?" }).reply({ verdict: "enter" })
    await using server = await claude.serve()
    const asks = { verdict: Ask.object("Enter?", z.object({ verdict: z.enum(["enter", "wait"]) }), { votes: 3 }) }
    const { answers, findings, spent } = await run({ asks, baseUrl: server.url, apiKey })
    const verdict: "enter" | "wait" = answers.verdict.verdict
    assert.strictEqual(verdict, "enter")
    const [{ outcome } = { outcome: undefined }] = findings.findings
    assert(outcome?._tag === "Answered")
    assert.deepInclude(outcome.agreement, { votes: 3, agreeing: 2, dissent: ['verdict: "wait" (1)'] })
    assert.strictEqual(spent.asks["verdict"]?.attempts, 3)
  })

  it("that have come are not paid again by the run that goes on", async () => {
    const claude = mock()
    claude.fault(wrong, { when: { user: "answers to the same question" }, times: 1 })
    await using server = await claude.serve()
    const again = () =>
      run({
        asks: { risk: Ask.text("What is the risk?", { votes: { count: 4, atLeast: 4 } }) },
        journal: { file: join(folder, "votes.sqlite") },
        baseUrl: server.url,
        apiKey
      })
    await rejection(again())
    assert.strictEqual(claude.journal.attempts, 5)
    const { findings } = await again()
    assert.strictEqual(claude.journal.attempts, 6)
    const [{ outcome } = { outcome: undefined }] = findings.findings
    assert(outcome?._tag === "Answered")
    assert.deepInclude(outcome.agreement, { votes: 4, answered: 4, agreeing: 4 })
  })
})
