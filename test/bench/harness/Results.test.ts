/** What a benchmark leaves behind says all that is needed to judge it, and a quick run replaces no full one. */
import { pathToFileURL } from "node:url"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import type * as Plot from "../../../bench/harness/Plot.ts"
import * as Results from "../../../bench/harness/Results.ts"
import { node, root } from "../../cli/Process.ts"

describe("few samples", () => {
  it("are told as median, least, most and number", () => {
    assert.deepStrictEqual(Results.spreadOf([5, 1, 4, 2]), { median: 3, min: 1, max: 5, n: 4 })
    assert.strictEqual(Results.medianOf([9, 1, 2]), 2)
    assert.isNaN(Results.medianOf([]))
  })
})

describe("a result", () => {
  const result = { name: "one", seed: 7, simulated: "all", rows: [{ arm: "a", ms: 1 }], samples: { a: [1, 2] } }

  it("says where, when and with what it was taken", () => {
    const stored = Results.storedOf(result)
    assert.deepStrictEqual(Schema.decodeSync(Results.Stored)(stored), stored)
    assert.strictEqual(stored.versions["node"], process.versions.node)
    assert.containsAllKeys(stored.versions, ["@anthropic-ai/sdk", "effect", "msw", "tinybench", "undici"])
    assert.isAtLeast(stored.machine.cores, 1)
    assert.isBelow(Math.abs(Date.now() - Date.parse(stored.date)), 60_000)
    assert.include(Results.placeOf(stored), stored.date.slice(0, 10))
    assert.notInclude(Results.placeOf(stored), "quick")
    assert.include(Results.placeOf({ ...stored, isQuick: true }), "quick")
  })

  it("says in the picture and the summary, too, what is simulated", async () => {
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

  it("is worked for without filling a log", async () => {
    const room = pathToFileURL(join(root, "bench/harness/Results.ts")).href
    const script = `const { progress } = await import("${room}"); for (let n = 1; n <= 50; n++) progress("step " + n)`
    const { stderr } = await node("--input-type=module", ["-e", script]).ended
    assert.match(stderr, /^  \d s  step 1\n$/)
  })

  it("of a quick run has a folder of its own", async () => {
    const room = pathToFileURL(join(root, "bench/harness/Results.ts")).href
    const script = `const { folder, isQuick } = await import("${room}"); console.log(isQuick, folder.pathname)`
    const said = async (...flags: ReadonlyArray<string>) =>
      (await node("--input-type=module", ["-e", script, "--", ...flags]).ended).stdout
    assert.match(await said(), /^false .*\/bench\/results\/\n$/)
    assert.match(await said("--quick"), /^true .*\/bench\/results\/quick\/\n$/)
  })
})
