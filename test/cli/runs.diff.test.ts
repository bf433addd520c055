/** Two runs of a journal side by side. */
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { RunsDiff } from "../../src/report/RunsDiff.ts"
import { planOfThree as plan } from "./Planned.ts"
import { fanfold, folders } from "./Process.ts"

const folder = folders()

describe("two runs", { timeout: 120_000 }, () => {
  it("are shown side by side, as text and as data", async () => {
    const cwd = folder({ "plan.yaml": plan, "other.yaml": "asks: { sun: How hot is the sun? }\n" })
    const typed = (...args: ReadonlyArray<string>) =>
      fanfold(args, { cwd, env: { XDG_STATE_HOME: join(cwd, "state") }, hurried: true })
    await typed("run", "plan.yaml", "--offline", "--quiet", "-o", "a.md")
    await typed("run", "other.yaml", "--offline", "--quiet", "-o", "b.md")
    const [b, a] = JSON.parse((await typed("runs", "--json")).stdout).runs.map(({ id }: any) => id)
    const { code, stdout } = await typed("runs", "diff", a, b)
    assert.strictEqual(code, 0)
    assert.match(
      stdout,
      new RegExp(`^A: ${a} \\(plan\\.yaml, .*\\): 3 of 3 asks answered, \\$[\\d.]+, [\\d.]+ s\nB: ${b} `)
    )
    assert.match(stdout, /^The runs are of different plans: asks are compared by their names$/m)
    assert.match(stdout, /^sun +changed .* another question$/m)
    assert.match(stdout, /^moon +only in A /m)
    assert.match(stdout, /^1 changed, 2 only in A$/m)
    const same = JSON.parse((await typed("runs", "diff", a, a, "--json")).stdout)
    assert.isTrue(Schema.is(RunsDiff)(same))
    assert.deepStrictEqual(
      [same.isSamePlan, same.document.change, ...same.asks.map(({ change }: any) => change)],
      [true, "same", "same", "same", "same"]
    )
    const unknown = await typed("runs", "diff", a, "zzz")
    assert.deepStrictEqual([unknown.code, unknown.stdout], [2, ""])
  })
})
