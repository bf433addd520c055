/** Every link of the pages leads somewhere, and every path that they name exists. */
import { existsSync, globSync, statSync } from "node:fs"
import { dirname, join, relative, sep } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { root } from "../cli/Process.ts"
import { anchorsOf, linksOf, pages, pathsOf } from "./Pages.ts"

/** What is wrong with a link of a page; `undefined` where it leads somewhere. */
const wrongWith = (page: string, target: string): string | undefined => {
  if (/^[a-z]+:/i.test(target)) {
    const isGood = URL.canParse(target) && new URL(target).protocol === "https:"
    return isGood ? undefined : "expected an https address"
  }
  const [path = "", anchor] = target.split("#")
  const file =
    path === ""
      ? page
      : relative(root, join(root, dirname(page), path))
          .split(sep)
          .join("/")
  if (file.startsWith("..") || !existsSync(join(root, file))) return `no such file: ${file}`
  if (anchor === undefined) return undefined
  return file.endsWith(".md") && anchorsOf(file).has(anchor) ? undefined : `no heading ${anchor} in ${file}`
}

describe("links and paths of the pages", () => {
  it.each(pages)("links lead somewhere: %s", (page) => {
    const links = linksOf(page)
    assert.isNotEmpty(links)
    const wrong = links.flatMap((target) => {
      const problem = wrongWith(page, target)
      return problem === undefined ? [] : [`${target}: ${problem}`]
    })
    assert.deepStrictEqual(wrong, [])
  })

  it.each([
    ["docs/plans.md", "delivery.md#keys", undefined],
    ["docs/plans.md", "missing.md", "no such file: docs/missing.md"],
    ["docs/plans.md", "#nowhere", "no heading nowhere in docs/plans.md"],
    ["README.md", "../outside.md", "no such file: ../outside.md"],
    ["README.md", "http://example.org", "expected an https address"]
  ])("complains of a wrong one: %s → %s", (page, target, problem) => {
    assert.strictEqual(wrongWith(page, target), problem)
  })

  it.each(pages)("paths exist: %s", (page) => {
    const stale = pathsOf(page).filter((path) => {
      const file = join(root, path)
      return !existsSync(file) || statSync(file).isDirectory() !== (path.endsWith("/") || !/\.\w+$|\/run$/.test(path))
    })
    assert.deepStrictEqual(stale, [], "the file was moved or renamed: name it as it is called today")
  })

  it("are reached from the README, each page of docs", () => {
    const reached = new Set(linksOf("README.md").map((target) => target.split("#")[0]))
    assert.deepStrictEqual(
      pages.filter((page) => page !== "README.md" && !reached.has(page)),
      []
    )
  })

  it("has a line in CONTRIBUTING for each folder", () => {
    const folders = globSync(["src/**/", "mocks/**/", "bench/**/"], { cwd: root }).map(
      (folder) => `${folder.split(sep).join("/").replace(/\/$/, "")}/`
    )
    const named = new Set(pathsOf("CONTRIBUTING.md"))
    assert.isAbove(folders.length, 20)
    assert.deepStrictEqual(
      folders.filter((folder) => !named.has(folder) && folder !== "bench/results/quick/"),
      [],
      "give the folder a line in the tree of CONTRIBUTING.md"
    )
  })
})
