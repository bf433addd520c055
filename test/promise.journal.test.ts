/** A journal in scripts without Effect: when a run has ended, and what the next one pays. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { fault } from "fanfold/mocks"
import { run, RunError } from "fanfold/promise"
import { apiKey, mock, rejection } from "./Promised.ts"

const folder = mkdtempSync(join(tmpdir(), "fanfold-promise-journal-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe("a run with a journal", () => {
  it("pays only for the synthesis after a run whose synthesis failed, and for everything after that has ended", async () => {
    const claude = mock()
    const wrong = fault.other(400, { type: "invalid_request_error", message: "no", shouldRetry: false })
    claude.fault(wrong, { when: { part: "synthesis" }, times: 2 })
    await using server = await claude.serve()
    const again = () =>
      run({
        asks: { a: "one?", b: "two?" },
        synthesis: "Fold",
        journal: { file: join(folder, "synthesis.sqlite") },
        baseUrl: server.url,
        apiKey
      })
    const error = await rejection(again())
    assert.instanceOf(error, RunError)
    assert.hasAllKeys(error.answers, ["a", "b"])
    const sent = claude.journal.attempts
    const { spent } = await again()
    assert.strictEqual(claude.journal.attempts, sent + 1)
    assert.isDefined(spent.asks["a"]?.reused)
    await again()
    assert.strictEqual(claude.journal.attempts, sent + 4)
  })

  it("pays only for what failed after a run whose policy was not met", async () => {
    const claude = mock()
    const wrong = fault.other(400, { type: "invalid_request_error", message: "no", shouldRetry: false })
    claude.fault(wrong, { when: { user: "two" }, times: 1 })
    await using server = await claude.serve()
    const journal = { file: join(folder, "policy.sqlite") }
    const again = () => run({ asks: { a: "one?", b: "two?" }, concurrency: 1, journal, baseUrl: server.url, apiKey })
    await rejection(again())
    const sent = claude.journal.attempts
    await again()
    assert.strictEqual(claude.journal.attempts, sent + 1)
  })
})
