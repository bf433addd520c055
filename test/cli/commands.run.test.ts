/** `fanfold run` as a process: what goes where, what reached the server, and what is in its files. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { fault, mockClaude } from "fanfold/mocks"
import { jsonIn, plan } from "./Planned.ts"
import { controls, fanfold, folders, reaching } from "./Process.ts"

const folder = folders()

const broken = "asks:\n  sun: {maxTokens: many}\n"

describe.concurrent("fanfold run", { timeout: 60_000 }, () => {
  it("prints the document, and tells everything else on standard error, without colours where no terminal is", async () => {
    const claude = mockClaude()
    claude.when({ part: "synthesis" }).reply("# Sun and moon\n\nBoth are far.")
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": plan })
    const { code, stderr, stdout } = await fanfold(["run", "plan.yaml"], { cwd, env: reaching(server) })
    assert.strictEqual(stdout, "# Sun and moon\n\nBoth are far.\n")
    for (const said of ["Asking sun", "Asking moon", "Answered sun", "Folding 2 answers", "2 asks in", "tokens in"]) {
      assert.include(stderr, said)
    }
    assert.notMatch(stderr, controls)
    assert.notInclude(stderr, "offline")
    assert.strictEqual(code, 0)
    assert.deepStrictEqual(readdirSync(cwd), ["plan.yaml"])
  })

  it("tells what each ask took, beside what was foreseen, and reports it", async () => {
    await using server = await mockClaude().serve()
    const cwd = folder({ "plan.yaml": plan })
    const { stderr } = await fanfold(["run", "plan.yaml", "-o", "report.json"], { cwd, env: reaching(server) })
    assert.match(
      stderr,
      /\nask +model +tokens in +out +cost +time\nsun +claude-haiku-5-5 .*\nmoon .*\nsynthesis +claude-sonnet-5-5 .*\n2 asks in .*\n/
    )
    assert.match(stderr, / out, about \$0\.0\d+ \(estimated\), of at most \$0\.3782 foreseen\n/)
    const { estimatedCostUsd, foreseenCostUsd, spent, usage } = jsonIn(cwd, "report.json")
    assert.approximately(foreseenCostUsd, 0.3782, 1e-4)
    const parts = [spent.asks.sun, spent.asks.moon, spent.synthesis]
    const sum = (of: (part: any) => number) => parts.reduce((total, part) => total + of(part), 0)
    assert.approximately(
      sum(({ estimatedCostUsd }) => estimatedCostUsd),
      estimatedCostUsd,
      1e-9
    )
    assert.strictEqual(
      sum((part) => part.usage.outputTokens),
      usage.outputTokens
    )
    assert.deepStrictEqual(
      parts.map(({ attempts, model }) => [attempts, model]),
      [
        [1, "claude-haiku-5-5"],
        [1, "claude-haiku-5-5"],
        [1, "claude-sonnet-5-5"]
      ]
    )
  })

  it("reads a plan from standard input, with files beside the working folder", async () => {
    const claude = mockClaude()
    await using server = await claude.serve()
    const cwd = folder({ "brief.md": "We sell moons." })
    const stdin = `context: { file: brief.md }\n${plan}`
    const [run, empty, wrong] = await Promise.all([
      fanfold(["run", "-", "--quiet"], { cwd, env: reaching(server), stdin }),
      fanfold(["run", "-"], { cwd, env: reaching(server) }),
      fanfold(["run", "-"], { cwd, env: reaching(server), stdin: broken })
    ])
    assert.include(run.stdout, "Simulated synthesis of 2 findings.")
    assert.deepStrictEqual([run.code, run.stderr], [0, ""])
    assert.deepStrictEqual(empty, {
      code: 2,
      stdout: "",
      stderr:
        "stdin:1:1 expected a plan with asks, got null; a plan has asks by name, such as asks: { market: How large is it? }\n"
    })
    assert.strictEqual(wrong.code, 2)
    assert.include(wrong.stderr, 'stdin:2:9 asks.sun.maxTokens: expected a whole number ≥ 1, got "many"\n')
    assert.strictEqual(claude.journal.attempts, 3)
  })

  it("writes the document and the report to the files of -o, by their endings", async () => {
    await using server = await mockClaude().serve()
    const cwd = folder({ "plan.yaml": plan, "out/guide.md": "old" })
    const args = ["run", "plan.yaml", "-o", "out/guide.md", "--output", "Guide.JSON"]
    const { code, stderr, stdout } = await fanfold(args, { cwd, env: reaching(server) })
    const report = jsonIn(cwd, "Guide.JSON")
    assert.deepStrictEqual([code, stdout], [0, ""])
    assert.include(stderr, "Wrote out/guide.md\nWrote Guide.JSON\n")
    assert.strictEqual(readFileSync(join(cwd, "out/guide.md"), "utf8"), `${report.document}\n`)
    assert.hasAllKeys(report.answers, ["sun", "moon"])
    assert.isFalse(report.simulated)
  })

  it("refuses an -o that could not be written, before anything is sent", async () => {
    const claude = mockClaude()
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": plan })
    mkdirSync(join(cwd, "taken.md"))
    const table = {
      "guide.txt": "-o guide.txt: expected a file that ends in .html, .md, .json, .csv or .jsonl\n",
      "": "-o : expected a file that ends in .html, .md, .json, .csv or .jsonl\n",
      "no/guide.md": `-o no/guide.md: no such folder: ${join(cwd, "no")}\n`,
      "no/../guide.md": "-o no/../guide.md: no such folder: no/..\n",
      "plan.yaml/guide.md": `-o plan.yaml/guide.md: no such folder: ${join(cwd, "plan.yaml")}\n`,
      "taken.md": "-o taken.md: is a folder\n"
    }
    const runs = Object.keys(table).map((file) =>
      fanfold(["run", "plan.yaml", "-o", "fine.md", "-o", file], { cwd, env: reaching(server) })
    )
    assert.deepStrictEqual(
      await Promise.all(runs),
      Object.values(table).map((stderr) => ({ code: 2, stdout: "", stderr }))
    )
    assert.strictEqual(claude.journal.attempts, 0)
    assert.isFalse(existsSync(join(cwd, "fine.md")))
  })

  it("says of simulated answers that they are, even quietly, and marks the report", async () => {
    const cwd = folder({ "plan.yaml": plan })
    const args = ["run", "plan.yaml", "--offline", "--json", "--quiet"]
    const { code, stderr, stdout } = await fanfold(args, { cwd, hurried: true })
    const report = JSON.parse(stdout)
    assert.deepStrictEqual([code, stderr], [0, "offline: simulated answers\n"])
    assert.isTrue(report.simulated)
    assert.include(report.document, "Simulated synthesis")
  })

  it("leaves the progress out with --no-progress, and the summary too with --quiet", async () => {
    await using server = await mockClaude().serve()
    const cwd = folder({ "plan.yaml": plan })
    const [brief, quiet] = await Promise.all(
      ["--no-progress", "--quiet"].map((flag) =>
        // In one journal, the later one of them would say that it has asked again.
        fanfold(["run", "plan.yaml", flag, "--no-journal"], { cwd, env: reaching(server) })
      )
    )
    assert.match(brief!.stderr, /^2 asks in .*\n[\d,]+ tokens in, .*\n$/)
    assert.strictEqual(quiet!.stderr, "")
    for (const { stdout } of [brief!, quiet!]) assert.include(stdout, "Simulated synthesis of 2 findings.")
  })

  it("lets flags win over the plan, and sends what both say", async () => {
    const claude = mockClaude()
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": `model: claude-opus-5-5\npolicy: all\n${plan}` })
    const args = ["run", "plan.yaml", "--model", "claude-sonnet-5-5", "--policy", "first=1", "-j", "1", "--json"]
    const { code, stdout } = await fanfold(args, { cwd, env: reaching(server) })
    const report = JSON.parse(stdout)
    assert.strictEqual(code, 0)
    assert.deepStrictEqual(report.policy, { first: 1 })
    assert.deepStrictEqual(Object.keys(report.answers), ["sun"])
    assert.deepStrictEqual(
      report.gaps.map(({ name, reason }: any) => [name, reason]),
      [["moon", "Interrupted"]]
    )
    assert.deepStrictEqual(
      claude.journal.entries.map(({ model }) => model),
      ["claude-sonnet-5-5", "claude-sonnet-5-5"]
    )
    assert.strictEqual(claude.journal.peakInFlight, 1)
  })

  it("asks the next of several models where one is overloaded or missing, and says which one answered", async () => {
    const claude = mockClaude()
    claude.fault(fault.overloaded(), { when: { model: "sonnet" } })
    await using server = await claude.serve()
    const folding = "synthesis: { instruction: Fold, model: [claude-none-1, claude-haiku-5-5] }"
    const cwd = folder({ "plan.yaml": plan.replace(/synthesis.*/, folding) })
    const args = ["run", "plan.yaml", "--model", "claude-sonnet-5-5, claude-haiku-5-5", "--retry-attempts", "1"]
    const { code, stderr, stdout } = await fanfold(args, { cwd, env: reaching(server) })
    assert.strictEqual(code, 0)
    assert.include(stdout, "Simulated synthesis of 2 findings.")
    assert.match(stderr, /^↪️ Asking sun with claude-haiku-5-5 instead: overloaded: .*$/m)
    assert.match(stderr, /^2 asks were answered by claude-haiku-5-5, as claude-sonnet-5-5 was overloaded$/m)
    assert.match(stderr, /^the synthesis was answered by claude-haiku-5-5, as claude-none-1 was not found$/m)
    assert.deepStrictEqual(claude.journal.entries.map(({ model }) => model).slice(-2), [
      "claude-none-1",
      "claude-haiku-5-5"
    ])
  })

  it("runs a thousand asks", async () => {
    const claude = mockClaude()
    await using server = await claude.serve()
    const names = Array.from({ length: 1000 }, (_, index) => `q${index}`)
    const many = JSON.stringify({ asks: Object.fromEntries(names.map((name) => [name, `What of ${name}?`])) })
    const cwd = folder({ "plan.json": many })
    const { code, stdout } = await fanfold(["run", "plan.json", "--json", "--quiet"], { cwd, env: reaching(server) })
    const { answers } = JSON.parse(stdout)
    assert.strictEqual(code, 0)
    assert.deepStrictEqual(Object.keys(answers), names)
    for (const name of names) assert.include(answers[name], `What of ${name}?`)
  })
})
