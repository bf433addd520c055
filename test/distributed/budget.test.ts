/** One budget of a run that several machines spend: never more by what the mock would bill, whoever is killed. */
import { assert, describe, it } from "@effect/vitest"
import { folders, until } from "../cli/Process.ts"
import { isInstalled, server } from "../Postgres.ts"
import { type Machines, machinesIn, reportOf } from "./Machines.ts"

const postgres = server()
const folder = folders()

const asks = 60
const limitUsd = 0.006

/** Asks that cost a part of what they may take at most, and a synthesis that needs a part of the budget. */
const run = {
  asks,
  settings: ", maxTokens: 250",
  plan: "model: claude-haiku-5-5\nsynthesis: { instruction: Write a guide., model: claude-haiku-5-5, maxTokens: 6000 }\n"
}

/** What the run says of its asks, and that the mock has billed no more than the budget. */
const spent = ({ claude, cwd }: Machines, code: number | null, stderr: string) => {
  assert.strictEqual(code, 4, stderr)
  const { answers, document, estimatedCostUsd, gaps } = reportOf(cwd)
  assert.isString(document)
  assert.isAbove(Object.keys(answers).length, 10)
  assert.isAbove(gaps.length, 0)
  assert.strictEqual(Object.keys(answers).length + gaps.length, asks)
  assert.deepStrictEqual([...new Set(gaps.map(({ reason }) => reason))], ["OverBudget"], stderr)
  const billed = claude.journal.ledger().usd!
  assert.isAtMost(billed, limitUsd)
  return { billed, estimatedCostUsd, document }
}

describe.skipIf(!isInstalled)("a budget", () => {
  it("is one for the run and the workers that answer its asks", { timeout: 60_000 }, async () => {
    await using all = await machinesIn(folder)(postgres(), { ...run, latency: 200 })
    for (let n = 0; n < 3; n++) all.worker()
    const { code, stderr } = await all.run(4, "--budget", `${limitUsd}`).ended
    const { billed, estimatedCostUsd } = spent(all, code, stderr)
    assert.closeTo(billed, estimatedCostUsd, 1e-6)
  })

  it("counts what a killed worker may have spent", { timeout: 120_000 }, async () => {
    await using all = await machinesIn(folder)(postgres(), { ...run, latency: 1000 })
    const [first] = [all.worker(), all.worker(), all.worker()]
    const running = all.run(0, "--budget", `${limitUsd}`)
    await until(() => all.claude.journal.attempts >= 4)
    first.child.kill("SIGKILL")
    const { code, stderr } = await running.ended
    spent(all, code, stderr)
  })
})
