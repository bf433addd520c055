/** `fanfold run` under a budget: what is refused before anything is sent, and a document about the rest. */
import { assert, describe, it } from "@effect/vitest"
import { mockClaude } from "fanfold/mocks"
import { jsonIn } from "./Planned.ts"
import { fanfold, folders, reaching } from "./Process.ts"

const folder = folders()

const asks = ["one", "two", "three"].map((name) => `  ${name}: { question: "What of ${name}?", maxTokens: 20000 }\n`)
const plan = (more: string) => `asks:\n${asks.join("")}synthesis: { instruction: Fold., maxTokens: 1000 }\n${more}`

describe.concurrent("a run under a budget", { timeout: 60_000 }, () => {
  it("ends with a document about the rest and exits with 4, whatever the policy", async () => {
    const claude = mockClaude()
    await using server = await claude.serve()
    // Each ask may take a cent; two of the three have to be left out once the first has used what it may.
    claude.when({ part: "ask" }).reply({ $text: "word ".repeat(17_000) })
    const cwd = folder({ "plan.yaml": plan("policy: all\nrefusals: gap\nbudget: 0.08\n") })
    const args = ["run", "plan.yaml", "-j", "1", "-o", "out.json", "-o", "out.md"]
    const { code, stderr } = await fanfold(args, { cwd, env: reaching(server) })
    const report = jsonIn(cwd, "out.json")
    assert.strictEqual(code, 4, stderr)
    assert.deepStrictEqual(Object.keys(report.answers), ["one"])
    assert.deepStrictEqual(
      report.gaps.map(({ reason }: { readonly reason: string }) => reason),
      ["OverBudget", "OverBudget"]
    )
    assert.include(report.document, "Simulated synthesis of 1 finding.")
    assert.match(stderr, /over budget: it may take \$0\.\d+, and \$0\.\d+ of \$0\.0800 is left\. Raise the budget/)
    assert.strictEqual(claude.journal.attempts, 2)
  })

  it("takes the limit of the command line instead of the plan's", async () => {
    const claude = mockClaude()
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": plan("budget: 0.0001\n") })
    const { code, stderr } = await fanfold(["run", "plan.yaml", "--budget", "2.5"], { cwd, env: reaching(server) })
    assert.strictEqual(code, 0, stderr)
  })

  it("says beforehand whether the budget is less than what all asks may take", async () => {
    const cwd = folder({ "plan.yaml": plan("refusals: gap\nbudget: 0.08\n") })
    const [less, enough, none] = await Promise.all(
      [[], ["--budget", "2.5", "--budget-tokens", "90000"], ["--budget", "0.0001"]].map((more) =>
        fanfold(["check", "plan.yaml", ...more], { cwd })
      )
    )
    assert.include(less!.stdout, "\nBudget: $0.0800, less than that: asks that do not fit any more are left out\n")
    assert.include(enough!.stdout, "\nBudget: 90,000 tokens and $2.50\n")
    assert.deepStrictEqual([none!.code, none!.stdout], [2, ""])
    assert.match(none!.stderr, /: raise it, or lower maxTokens\n$/)
  })

  it("sends nothing where the budget is wrong", async () => {
    const cwd = folder({ "plan.yaml": plan("budget: -1\n") })
    const { code, stderr } = await fanfold(["run", "plan.yaml", "--offline"], { cwd })
    assert.strictEqual(stderr, "plan.yaml:6:1 budget: expected a number of US dollars, more than 0, got -1\n")
    assert.strictEqual(code, 2)
  })
})
