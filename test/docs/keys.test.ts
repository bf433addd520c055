/** Parts of the pages that are generated: tables of keys, and files shown in full. */
import { readFileSync } from "node:fs"
import { extname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { root } from "../cli/Process.ts"
import { supplied, tables } from "./Keys.ts"
import { meanings } from "./Meanings.ts"
import { countOf, generatedIn, isUpdate, pages, replaceIn } from "./Pages.ts"

/** A file as a page shows it: Markdown as it is, everything else in a block. */
const shown = (file: string): string => {
  const text = readFileSync(join(root, file), "utf8").trim()
  const extension = extname(file).slice(1)
  return extension === "md" ? text : `\`\`\`${extension}\n${text}\n\`\`\``
}

const kinds = { keys: (name: string) => tables[name]?.(), file: shown } as const

describe("generated parts of the pages", () => {
  const all = pages.flatMap((page) => (["keys", "file"] as const).map((kind) => ({ page, kind })))
  it.each(all.filter(({ kind, page }) => countOf(page, kind) > 0))(
    "are up to date: $kind of $page",
    ({ kind, page }) => {
      const parts = generatedIn(page, kind)
      assert.strictEqual(parts.length, countOf(page, kind), `a part has no end: <!-- /${kind} -->`)
      for (const { content, marked, name } of parts) {
        const wanted = kinds[kind](name)?.trim()
        assert.isDefined(wanted, `${page}: nothing is generated under the name ${name}`)
        if (isUpdate && content.trim() !== wanted) {
          replaceIn(page, marked, `<!-- ${kind}:${name} -->\n${wanted}\n<!-- /${kind} -->`)
        } else assert.strictEqual(content.trim(), wanted, "write it anew: UPDATE_DOCS=1 npm test -- docs")
      }
    }
  )

  it("show every table", () => {
    const names = pages.flatMap((page) => generatedIn(page, "keys").map(({ name }) => name))
    assert.sameMembers(names, Object.keys(tables))
  })

  it("take their words from the schema where it has some", () => {
    for (const table of Object.values(tables)) table()
    const unused = Object.keys(meanings).filter((path) => !supplied.has(path))
    assert.deepStrictEqual(
      unused,
      [],
      "their schema has a description, or the key is gone: remove them from Meanings.ts"
    )
  })
})
