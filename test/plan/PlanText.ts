/** The text of a plan file read in a folder with files beside it, and tests of what is told where it is wrong. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { Plan } from "../../src/plan/Plan.ts"
import * as PlanFile from "../../src/plan/PlanFile.ts"

/** Files beside the plan. */
const files: Readonly<Record<string, string>> = {
  "brief.md": "Who we are.\n",
  "sub/x": "",
  blank: "\u200b\n",
  red: "a\nb \u001b[31m",
  pages: "1\n\f2\u000b",
  unit: "a\u001fb"
}

const folder = mkdtempSync(join(tmpdir(), "fanfold-plans-"))
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))
for (const [name, content] of Object.entries(files)) {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), content)
}

export const read = (file: string, text: string) =>
  PlanFile.read(file, text, folder).pipe(Effect.provide(NodeServices.layer))

/** The lines that tell what is wrong with a plan. */
export const issuesOf = (file: string, text: string) =>
  Effect.map(Effect.flip(read(file, text)), ({ message }) => message.split("\n"))

export const count = "expected a whole number ≥ 1"
export const noPlanKey = `unknown key, expected one of ${Object.keys(Plan.fields).join(", ")}`

type Row = readonly [what: string, text: string, ...issues: ReadonlyArray<string>]

/** One test a row: a wrong plan, and every issue that is told of it. */
export const tell = (file: string, rows: ReadonlyArray<Row>) => {
  for (const [what, text, ...issues] of rows) {
    it.effect(what, () =>
      Effect.map(issuesOf(file, text), (found) =>
        assert.deepStrictEqual(
          found,
          issues.map((issue) => `${file}:${issue}`)
        )
      )
    )
  }
}
