/** Result files contain what is needed to judge a benchmark, and a quick run never replaces a full result. */
import { pathToFileURL } from "node:url"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import type * as Plot from "../../../bench/harness/Plot.ts"
import * as Results from "../../../bench/harness/Results.ts"
import { node, root } from "../../cli/Process.ts"

describe("few samples", () => {
  it("are summarized as median, minimum, maximum and number", () => {
    assert.deepStrictEqual(Results.spreadOf([5, 1, 4, 2]), { median: 3, min: 1, max: 5, n: 4 })
    assert.strictEqual(Results.medianOf([9, 1, 2]), 2)
    assert.isNaN(Results.medianOf([]))
  })
})

describe("a result", () => {
  const result = { name: "one", seed: 7, simulated: "all", rows: [{ arm: "a", ms: 1 }], samples: { a: [1, 2] } }

  it("contains machine, date and versions", () => {
    const stored = Results.storedOf(result)
    assert.deepStrictEqual(Schema.decodeSync(Results.Stored)(stored), stored)
    assert.strictEqual(stored.versions["node"], process.versions.node)
    assert.containsAllKeys(stored.versions, ["@anthropic-ai/sdk", "effect", "msw", "tinybench", "undici"])
    assert.isAtLeast(stored.machine.cores, 1)
    assert.isBelow(Math.abs(Date.now() - Date.parse(stored.date)), 60_000)
    assert.include(Results.provenanceOf(stored), stored.date.slice(0, 10))
    assert.notInclude(Results.provenanceOf(stored), "quick")
    assert.include(Results.provenanceOf({ ...stored, isQuick: true }), "quick")
  })

  it("states what is simulated in the plot and the summary, too", async () => {
    const plot: Plot.Plot = {
      title: "One",
      x: { label: "", scale: "category" },
      y: { label: "ms", scale: "linear" },
      series: [{ name: "a", kind: "bar", points: [["a", 1]] }],
      note: "of the plot"
    }
    const shown = { ...result, simulated: "answers are simulated", plot, summary: [{ ms: 1 }] }
    const { md = "", svg = "" } = await Results.filesOf(shown, Results.storedOf(shown))
    for (const text of [md, svg]) assert.include(text, "answers are simulated; seed 7")
    assert.include(svg, "of the plot")
    assert.hasAllKeys(await Results.filesOf(result, Results.storedOf(result)), ["json"])
  })

  it("reports progress with few lines in a log", async () => {
    const file = pathToFileURL(join(root, "bench/harness/Results.ts")).href
    const script = `const { progress } = await import("${file}"); for (let n = 1; n <= 50; n++) progress("step " + n)`
    const { stderr } = await node("--input-type=module", ["-e", script]).ended
    assert.match(stderr, /^  \d s  step 1\n$/)
  })

  it("of a quick run is written to a folder of its own", async () => {
    const file = pathToFileURL(join(root, "bench/harness/Results.ts")).href
    const script = `const { folder, isQuick } = await import("${file}"); console.log(isQuick, folder.pathname)`
    const printed = async (...flags: ReadonlyArray<string>) =>
      (await node("--input-type=module", ["-e", script, "--", ...flags]).ended).stdout
    assert.match(await printed(), /^false .*\/bench\/results\/\n$/)
    assert.match(await printed("--quick"), /^true .*\/bench\/results\/quick\/\n$/)
  })
})
