/** Benchmarks of a plan that are refused, and what the help names. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Stage } from "fanfold/mocks"
import { fanfold, folders } from "./Process.ts"

const folder = folders()
const plan = "asks: { sun: How far? }\nsynthesis: Tell it.\n"

describe.concurrent("a benchmark that cannot be", { timeout: 60_000 }, () => {
  const profiles = Stage.latencyNames.join(", ")
  const table: ReadonlyArray<readonly [args: ReadonlyArray<string>, said: string]> = [
    [["none.yaml"], "none.yaml: no such file\n"],
    [["wrong.yaml"], "wrong.yaml:1:1 concurrency: expected a whole number ≥ 1, got 0\n"],
    [["plan.yaml", "--concurrency", "0"], 'flag --concurrency: "0". Expected: different whole numbers ≥ 1'],
    [["plan.yaml", "--concurrency", "2,many"], 'flag --concurrency: "2,many"'],
    [["plan.yaml", "--concurrency", "2,,4"], 'flag --concurrency: "2,,4"'],
    [["plan.yaml", "--concurrency", "2,4,2"], 'flag --concurrency: "2,4,2"'],
    [["plan.yaml", "--iterations", "0"], 'flag --iterations: "0". Expected: a whole number from 1 to 1000\n'],
    [["plan.yaml", "--iterations", "1001"], 'flag --iterations: "1001"'],
    [["plan.yaml", "--speed", "1001"], 'flag --speed: "1001". Expected: a whole number from 1 to 1000\n'],
    [["plan.yaml", "--seed", "0"], 'flag --seed: "0". Expected: a whole number ≥ 1\n'],
    [["plan.yaml", "--iterations", "few"], 'flag --iterations: "few"'],
    [["plan.yaml", "--speed", "0"], 'flag --speed: "0"'],
    [["plan.yaml", "--seed", "x"], 'flag --seed: "x"'],
    [["plan.yaml", "--latency", "gpt"], `--latency gpt: expected one of ${profiles}\nTry: fanfold bench --help\n`],
    [["plan.yaml", "--latency", "fixed:soon"], "--latency fixed:soon: expected one of"],
    [["plan.yaml", "-o", "bench.png"], "-o bench.png: expected a file that ends in .svg, .json or .md\n"],
    [["plan.yaml", "-o", "none/bench.svg"], "-o none/bench.svg: no such folder: "],
    [["plan.json", "-o", "plan.json"], "-o plan.json: is the plan"]
  ]
  for (const [args, said] of table) {
    it(`is refused before anything runs: \`fanfold bench ${args.join(" ")}\``, async () => {
      const cwd = folder({
        "plan.yaml": plan,
        "plan.json": '{ "asks": { "sun": "How far?" } }',
        "wrong.yaml": "concurrency: 0\nasks: { sun: How far? }\n"
      })
      const { code, stderr, stdout } = await fanfold(["bench", ...args], { cwd })
      assert.include(stderr, said)
      assert.deepStrictEqual([code, stdout], [2, ""])
      assert.notInclude(stderr, "Measuring")
      assert.isFalse(existsSync(join(cwd, "bench.png")))
    })
  }
})

describe("its help", () => {
  it("names every latency there is", async () => {
    const { stdout } = await fanfold(["bench", "--help"])
    for (const name of Stage.latencyNames) assert.include(stdout, name)
  })
})
