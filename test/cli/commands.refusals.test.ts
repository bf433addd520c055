/** Refusals on the command line: what `check` foresees of them, what a run says of them, and what its report has. */
import { assert, describe, it } from "@effect/vitest"
import { mockClaude } from "fanfold/mocks"
import { fanfold, folders, reaching } from "./Process.ts"

const folder = folders()

const plan = "model: [claude-haiku-5-5, claude-sonnet-5]\nasks: { sun: How far?, moon: How near? }\nsynthesis: Fold\n"

const declining = () => {
  const claude = mockClaude()
  claude.when({ model: "haiku-5-5", user: "far" }).reply({ $refusal: "bio" })
  claude.when({ model: "sonnet-5-5" }).reply({ $refusal: "cyber" })
  claude.when({ model: "claude-sonnet-5", part: "synthesis" }).reply("# Sun and moon")
  return claude
}

describe.concurrent("fanfold run", { timeout: 60_000 }, () => {
  it("goes on after refusals, and says and reports which model answered", async () => {
    await using server = await declining().serve()
    const cwd = folder({ "plan.yaml": plan })
    const { code, stderr, stdout } = await fanfold(["run", "plan.yaml", "--json"], { cwd, env: reaching(server) })
    const { document, gaps, spent } = JSON.parse(stdout)
    assert.deepStrictEqual([code, document, gaps], [0, "# Sun and moon", []])
    assert.match(stderr, /^↪️ Asking sun with claude-sonnet-5 instead: Claude refused \(bio\).*$/m)
    assert.match(stderr, /^↪️ Asked the synthesis with claude-sonnet-5 instead: claude-sonnet-5-5 refused$/m)
    assert.match(stderr, /^sun was answered by claude-sonnet-5, as claude-haiku-5-5 refused$/m)
    assert.match(stderr, /^the synthesis was answered by claude-sonnet-5, as claude-sonnet-5-5 refused$/m)
    assert.deepStrictEqual(spent.asks.sun.fallbacks, [
      { from: "claude-haiku-5-5", to: "claude-sonnet-5", reason: "Refused" }
    ])
    assert.deepStrictEqual(spent.synthesis.fallbacks, [
      { from: "claude-sonnet-5-5", to: "claude-sonnet-5", reason: "Refused" }
    ])
    assert.deepStrictEqual([spent.synthesis.model, spent.synthesis.attempts], ["claude-sonnet-5", 1])
    assert.isUndefined(spent.asks.moon.fallbacks)
    assert.isAbove(spent.synthesis.estimatedCostUsd, 0)
  })

  it("leaves gaps with --refusals gap, and tells what words it takes", async () => {
    await using server = await declining().serve()
    const cwd = folder({ "plan.yaml": plan.replace(/synthesis.*/, "") })
    const args = ["run", "plan.yaml", "--json", "--quiet", "--refusals"]
    const [gap, wrong] = await Promise.all(
      ["gap", "never"].map((word) => fanfold([...args, word], { cwd, env: reaching(server) }))
    )
    assert.strictEqual(gap!.code, 3)
    assert.deepStrictEqual(
      JSON.parse(gap!.stdout).gaps.map(({ name, reason }: any) => [name, reason]),
      [["sun", "Refused"]]
    )
    assert.strictEqual(wrong!.code, 2)
    assert.include(wrong!.stderr, '"fallback" or "gap"')
  })
})

const usdOf = ({ stdout }: { readonly stdout: string }, name: string) =>
  Number(new RegExp(`^  ${name} .* at most \\$([\\d.]+)$`, "m").exec(stdout)![1])

describe.concurrent("fanfold check", { timeout: 60_000 }, () => {
  it("counts the models that may be paid after refusals, and says which the API asks", async () => {
    const cwd = folder({ "plan.yaml": plan, "gap.yaml": `refusals: gap\n${plan}` })
    const [both, gap, requests] = await Promise.all(
      [["plan.yaml"], ["gap.yaml"], ["plan.yaml", "--json"]].map((args) => fanfold(["check", ...args], { cwd }))
    )
    assert.approximately(usdOf(both!, "synthesis"), 2 * usdOf(gap!, "synthesis"), 2e-4)
    assert.isAbove(usdOf(both!, "sun"), usdOf(gap!, "sun") + 0.002)
    assert.match(both!.stdout, /^Refusals: if claude-sonnet-5-5 declines, the API asks claude-sonnet-5; .*$/m)
    assert.notInclude(gap!.stdout, "Refusals")
    const bodies = JSON.parse(requests!.stdout)
    assert.deepStrictEqual([bodies.sun.fallbacks, bodies.synthesis.fallbacks], [undefined, "default"])
  })
})
