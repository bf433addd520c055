/** `fanfold init` as a process: the plan it writes runs as it is. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { fanfold, folders } from "./Process.ts"

const folder = folders()

describe.concurrent("fanfold init", { timeout: 60_000 }, () => {
  it("writes the PDF that a plan is about beside it, whose pages the answers name", async () => {
    const cwd = folder()
    const written = await fanfold(["init", "contract-review"], { cwd })
    assert.strictEqual(
      written.stderr,
      "Wrote contract.pdf and contract-review.yaml. Next: fanfold run contract-review.yaml --offline\n"
    )
    const { code, stderr, stdout } = await fanfold(["run", "contract-review.yaml", "--offline"], { cwd, hurried: true })
    assert.strictEqual(code, 0, stderr)
    assert.match(stdout, /^# Verdict: /)
    assert.match(stdout, /## Sources\n\n(?:- Service agreement, page \d\n)+$/)
  })

  it("writes a plan that runs as it is, and never writes over one", async () => {
    const cwd = folder()
    const first = await fanfold(["init", "market-research"], { cwd })
    assert.deepStrictEqual(first, {
      code: 0,
      stdout: "",
      stderr: "Wrote market-research.yaml. Next: fanfold run market-research.yaml --offline\n"
    })
    writeFileSync(join(cwd, "travel-guide.yaml"), "mine")
    const [again, run] = await Promise.all([
      fanfold(["init"], { cwd }),
      fanfold(["run", "market-research.yaml", "--offline"], { cwd, hurried: true })
    ])
    assert.strictEqual(again.code, 2)
    assert.strictEqual(again.stderr, "travel-guide.yaml is there already: move it away first\n")
    assert.strictEqual(readFileSync(join(cwd, "travel-guide.yaml"), "utf8"), "mine")
    assert.strictEqual(run.code, 0)
    assert.match(run.stdout, /heat pump/i)
  })
})
