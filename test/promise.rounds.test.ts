/** Rounds in scripts without Effect: what the second one asks, and what a run that goes on pays of it. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { fault } from "fanfold/mocks"
import { run, Synthesis } from "fanfold/promise"
import { apiKey, mock, rejection } from "./Promised.ts"

const folder = mkdtempSync(join(tmpdir(), "fanfold-promise-rounds-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const wrong = fault.other(400, { type: "invalid_request_error", message: "no", shouldRetry: false })
const synthesis = Synthesis.text("Write a guide.", { rounds: 2, maxNewAsks: 2, contradictions: "off" })

describe("a second round", () => {
  it("is not paid again by the run that goes on after the synthesis failed", async () => {
    const claude = mock()
    claude.fault(wrong, { when: { user: "Write a guide.", nth: 2 }, times: 1 })
    await using server = await claude.serve()
    const journal = { file: join(folder, "rounds.sqlite") }
    const again = () =>
      run({ asks: { size: "How large?", rules: "Which rules?" }, synthesis, journal, baseUrl: server.url, apiKey })
    await rejection(again())
    // Two asks, what is open, two new asks, and the synthesis that failed.
    assert.strictEqual(claude.journal.attempts, 6)
    const { answers, findings } = await again()
    assert.strictEqual(claude.journal.attempts, 7)
    assert.isString(answers.size)
    assert.deepStrictEqual(
      findings.findings.map(({ name }) => name),
      ["size", "rules", "round2-size", "round2-rules"]
    )
  })

  it("of asks in a list has its findings, and leaves the list of answers as long as it was", async () => {
    const claude = mock()
    await using server = await claude.serve()
    const { answers, findings } = await run({
      asks: ["How large?", "Which rules?"],
      synthesis,
      baseUrl: server.url,
      apiKey
    })
    assert.strictEqual(answers.length, 2)
    assert.strictEqual(findings.findings.length, 4)
  })
})
