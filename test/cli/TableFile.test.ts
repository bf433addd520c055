/** What a table of answers is as a file. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Ask } from "fanfold"
import * as TableFile from "../../src/cli/TableFile.ts"
import * as AnswerTable from "../../src/report/AnswerTable.ts"
import { folders } from "./Process.ts"

const folder = folders()

describe("a table as CSV", () => {
  it.effect("has a ' before what a spreadsheet would run, also in full width, and none before numbers", () =>
    Effect.gen(function* () {
      const file = join(folder(), "a.csv")
      const notes = ["=1", "+1", "-1+2", "@a", "＝1", "＋1", "－1", "＠a", "-1", "-1.5", "a=1"]
      const rows = notes.map((note, index): AnswerTable.AnsweredRow => ({ name: `q${index}`, cells: { note } }))
      assert.isTrue(yield* TableFile.save(file, AnswerTable.columnsOf(["note"], [Ask.text("?")]), rows, true))
      const [, ...lines] = readFileSync(file, "utf8").trimEnd().split("\r\n")
      const expected = ["'=1", "'+1", "'-1+2", "'@a", "'＝1", "'＋1", "'－1", "'＠a", "-1", "-1.5", "a=1"]
      assert.deepStrictEqual(
        lines.map((line) => line.replace(/,.*/, "")),
        expected
      )
    }).pipe(Effect.provide(NodeServices.layer))
  )
})
