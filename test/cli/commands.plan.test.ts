/** `fanfold plan` as a process: it prints a plan and nothing else, which runs as it is. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { fanfold, folders } from "./Process.ts"

const folder = folders()
const topic = "Five days in Tokyo with two children"

describe.concurrent("fanfold plan", { timeout: 60_000 }, () => {
  it("writes a plan that runs as it is, with its context, and never over one that is there", async () => {
    const cwd = folder({ "brief.md": "We like trains." })
    const args = ["plan", topic, "--offline", "--context", "brief.md", "-o", "tokyo.yaml"]
    const planned = await fanfold(args, { cwd, hurried: true })
    assert.deepInclude(planned, { code: 0, stdout: "" })
    assert.include(planned.stderr, "cost: Joined of 2 questions, as one needs the answer to another")
    assert.match(planned.stderr, /6 questions; \d+ tokens in, \d+ out, about \$\S+ \(estimated\)/)
    const text = readFileSync(join(cwd, "tokyo.yaml"), "utf8")
    assert.match(text, /^# Made of the topic: Five days in Tokyo with two children\n# Simulated: no model has/)
    assert.include(text, "context:\n  file: brief.md")
    const [again, run] = await Promise.all([
      fanfold(args, { cwd }),
      fanfold(["run", "tokyo.yaml", "--offline"], { cwd, hurried: true })
    ])
    assert.deepInclude(again, { code: 2, stderr: "-o tokyo.yaml: is there already: move it away first\n" })
    assert.strictEqual(readFileSync(join(cwd, "tokyo.yaml"), "utf8"), text)
    assert.strictEqual(run.code, 0)
  })

  it("prints nothing but the plan, which check reads from standard input", async () => {
    const cwd = folder()
    const { code, stderr, stdout } = await fanfold(["plan", topic, "--asks", "2", "--offline", "--quiet"], {
      cwd,
      hurried: true
    })
    assert.deepStrictEqual([code, stderr], [0, ""])
    writeFileSync(join(cwd, "plan.yaml"), stdout)
    const checked = await fanfold(["check", "plan.yaml"], { cwd })
    assert.match(checked.stdout, /^2 asks and a synthesis/)
  })

  it("is answered from the journal where the same was asked before, unless it is to be fresh", async () => {
    const cwd = folder()
    const plan = (...args: ReadonlyArray<string>) =>
      fanfold(["plan", topic, "--offline", "--journal", "j.sqlite", ...args], { cwd, hurried: true })
    const first = await plan()
    const again = await plan()
    assert.deepStrictEqual([again.code, again.stdout], [0, first.stdout])
    assert.match(first.stderr, /6 questions; \d+ tokens in/)
    assert.include(again.stderr, "6 questions; from the journal, for nothing: --fresh asks again")
    for (const other of [await plan("--fresh"), await plan("--asks", "2")]) {
      assert.notInclude(other.stderr, "from the journal")
    }
    const runs = await fanfold(["runs", "--journal", "j.sqlite"], { cwd })
    assert.strictEqual(runs.stdout.match(/topic Five days in Tokyo/g)?.length, 4, runs.stdout)
  })

  it.each([
    [["", "--offline"], 2, "topic: expected a topic that is not empty"],
    [["Tokyo", "--asks", "0", "--offline"], 2, "a whole number from 1 to 100"],
    [["x".repeat(10_001), "--offline"], 2, "at most 10,000 characters"],
    [["Tokyo", "--context", "none.md", "--offline"], 2, "--context none.md: no such file"],
    [["Tokyo", "--budget", "0.0001", "--offline"], 4, "No plan: over budget"]
  ] as const)("refuses %j with %i", async (args, code, message) => {
    const ended = await fanfold(["plan", ...args], { cwd: folder(), hurried: true })
    assert.deepInclude(ended, { code, stdout: "" })
    assert.include(ended.stderr, message)
  })
})
