/** The formats of `-o`, by the ending of a file. */
import { assert, describe, it } from "@effect/vitest"
import { endingsText, formatFor, measurementFormats, reportFormats } from "../../src/cli/OutputFormat.ts"

describe("the format of a file", () => {
  it("goes by its ending, whatever its case", () => {
    assert.strictEqual(formatFor(reportFormats, "out/guide.MD"), reportFormats[".md"])
    assert.strictEqual(formatFor(reportFormats, "guide.md.json"), reportFormats[".json"])
    assert.isUndefined(formatFor(reportFormats, "guide.svg"))
    assert.strictEqual(formatFor(measurementFormats, "bench.svg"), measurementFormats[".svg"])
  })

  it("is named in the words of help and errors", () => {
    assert.strictEqual(endingsText(reportFormats), ".html, .md or .json")
    assert.strictEqual(endingsText(measurementFormats), ".svg, .json or .md")
  })
})
