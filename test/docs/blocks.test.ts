/** Every code block of every page: scripts are type-checked and run, commands typed, plans checked and run. */
import { copyFileSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { execFile } from "node:child_process"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { examples, mockClaude, type Server } from "fanfold/mocks"
import { type Ended, fanfold, folders, node, reaching, root, start, until } from "../cli/Process.ts"
import { isInstalled, password, server as postgresServer } from "../Postgres.ts"
import { type Block, blocksOf, isUpdate, pages, replaceIn, textOf } from "./Pages.ts"
import { typed } from "./Shell.ts"

/** The files that the page about them shows. */
const material = Object.fromEntries(
  globSync("**/*.*", { cwd: join(root, "examples/material") }).map((file) => [
    file,
    readFileSync(join(root, "examples/material", file), "utf8")
  ])
)

/** Scripts find `fanfold` by its name only within the project. */
const scripts = mkdtempSync(join(root, "test/.docs-"))
const folder = folders()
let server: Server
beforeAll(async () => {
  server = await mockClaude({ scenario: examples }).serve()
})
afterAll(async () => {
  rmSync(scripts, { recursive: true, force: true })
  await server.close()
})

/** The database that pages call `db.example/fanfold`; blocks that need it are skipped where there is none. */
const postgres = postgresServer()
beforeAll(() => {
  if (!isInstalled) return
  const { sql } = postgres()
  for (const role of ["admin", "runner"]) sql(`CREATE ROLE ${role} LOGIN PASSWORD '${password}'`)
  sql("CREATE DATABASE fanfold OWNER admin")
})
const needsDatabase = (text: string): boolean => /postgres:\/\/|JOURNAL_URL/.test(text)
const databaseUrl = (user: string) => postgres().url("fanfold").replace("owner", user)

/** The lines of a block, with the address of the real database. */
const linesOf = ({ text }: Block): ReadonlyArray<string> =>
  text
    .replaceAll(/postgres:\/\/(\w+)@db\.example\/fanfold/g, (_, user) => databaseUrl(user))
    .trim()
    .split("\n")

const succeeds = ({ code, stderr, stdout }: Ended) => {
  assert.strictEqual(code, 0, stderr)
  assert.notStrictEqual(stdout.trim(), "", stderr)
  return stdout
}

/** A plan of keys alone is completed by what every plan needs. */
const rest = "\nasks: { shade: What grows in shade? }\nsynthesis: Plan my garden.\n"

/** An output whose ids, numbers and times are others each time, and so the width of its columns. */
const withoutValues = (output: string): string =>
  output
    .replaceAll(/\b(?=\w*\d)[0-9a-z]{14}\b/g, "ID")
    .replaceAll(/\d[\d.,:-]*/g, "N")
    .replaceAll(/ +/g, " ")

/** What a page shows of an output is compared with it, or written anew; of one that `varies`, what is alike each time. */
const shows = (page: string, { fenced, kind, text }: Block, output: string): void => {
  const compared = kind === "varies" ? withoutValues : (text: string) => text
  const [shown, wanted] = [compared(text.trim()), compared(output.trim())]
  if (isUpdate && shown !== wanted) {
    replaceIn(page, fenced, `\`\`\`text${kind === "" ? "" : ` ${kind}`}\n${output.trim()}\n\`\`\``)
  } else assert.strictEqual(shown, wanted, "write it anew: UPDATE_DOCS=1 npm test -- docs")
}

/** The reader's state folder, and the one that the page is read in, as a page names them. */
const atHome = (output: string, cwd: string): string =>
  output.replaceAll(join(cwd, ".state"), "~/.local/state").replaceAll(cwd, "~/trips")

/** A plan is checked and run; one of keys alone is checked; a wrong one is an error, which the page may show. */
const plan = async (page: string, { kind, language, text }: Block, shown: Block | undefined) => {
  const file = `plan.${language}`
  const cwd = folder({ [file]: kind === "keys" ? text + rest : text, "brief.md": "We make compressors." })
  copyFileSync(join(root, "examples/contract.pdf"), join(cwd, "contract.pdf"))
  const check = await fanfold(["check", file], { cwd })
  if (kind === "wrong") {
    assert.strictEqual(check.code, 2)
    if (shown !== undefined) shows(page, shown, check.stderr)
    return
  }
  assert.include(succeeds(check), "Nothing was sent.")
  if (kind === "keys") return
  const run = await fanfold(["run", file, "--offline"], { cwd, hurried: true })
  assert.match(succeeds(run), /^(# |## |```json\n)/)
}

/** A scenario is served, and one question answered from it. */
const scenario = async ({ language, text }: Block) => {
  const cwd = folder({ [`scenario.${language}`]: text })
  const args = ["mock", "--port", "0", "--scenario", `scenario.${language}`]
  const { child, ended } = start(args, { cwd, hurried: true })
  let url = ""
  child.stdout!.on("data", (data: Buffer) => (url += String(data)))
  await until(() => url.includes("\n") || child.exitCode !== null)
  assert.match(url, /^http/, "the scenario is wrong")
  const asked = await fanfold(["ask", "What is the capital of France?"], { env: reaching({ url: url.trim() }), cwd })
  child.kill("SIGINT")
  await ended
  assert.include(succeeds(asked), "Paris")
}

const titleOf = (text: string): string =>
  text.split("\n").find((line) => line !== "" && !/^(import|#|\{$)/.test(line)) ?? ""

for (const page of pages) {
  const blocks = blocksOf(page)
  const after = (block: Block) => {
    const next = blocks[blocks.indexOf(block) + 1]
    return next?.language === "text" ? next : undefined
  }
  const name = page.replaceAll(/\W/g, "-")

  describe.concurrent(page, { timeout: 60_000 }, () => {
    it("has no block that this test cannot run", () => {
      const known = /^(sh |ts |(yaml|json|toml) (keys|wrong|scenario)?|text (varies)?)$/
      const unknown = blocks.filter(({ kind, language }) => !known.test(`${language} ${kind}`))
      assert.deepStrictEqual(unknown, [])
      const shown = blocks.filter(({ language }) => language === "text")
      const outputs = blocks.filter((block) => /^(sh|wrong)$/.test(block.kind || block.language) && after(block))
      assert.strictEqual(shown.length, outputs.length, "a text block shows the output of the block before it")
      assert.strictEqual((textOf(page).match(/^```/gm)?.length ?? 0) % 2, 0)
    })

    for (const [index, block] of blocks.entries()) {
      const { kind, language, text } = block
      if (language === "ts") {
        const file = join(scripts, `${name}-${index}.ts`)
        writeFileSync(file, text)
        it.skipIf(needsDatabase(text) && !isInstalled)(`shows a script that runs: ${titleOf(text)}`, async () => {
          const env = { ...reaching(server), ...(needsDatabase(text) && { JOURNAL_URL: databaseUrl("admin") }) }
          // The page about files has a PDF beside its script.
          const cwd = page === "docs/material.md" ? { cwd: join(root, "examples") } : {}
          succeeds(await node(file, [], { env, ...cwd }).ended)
        })
      }
      if (/^(yaml|json|toml)$/.test(language)) {
        it(`shows a ${kind === "scenario" ? kind : `${kind} plan`.trim()} in ${language}: ${titleOf(text)}`, () =>
          kind === "scenario" ? scenario(block) : plan(page, block, after(block)))
      }
    }

    // Those of the README are typed by its own test.
    const shell = page === "README.md" ? [] : blocks.filter(({ language }) => language === "sh")
    if (shell.length === 0) return
    it("shows commands that run, one after the other", { timeout: 180_000 }, async () => {
      const cwd = folder(page === "docs/material.md" ? material : {})
      const shown = shell.filter(({ text }) => isInstalled || !needsDatabase(text))
      const ends = await typed(shown.map(linesOf), cwd, server)
      for (const [index, block] of shown.entries()) {
        const output = after(block)
        if (output !== undefined) shows(page, output, atHome(ends[index]!.get(linesOf(block).at(-1)!)!.stdout, cwd))
      }
    })
  })
}

describe("scripts of the pages", () => {
  it("have no type errors", { timeout: 120_000 }, async () => {
    const config = { extends: "../../tsconfig.json", include: ["*.ts"] }
    writeFileSync(join(scripts, "tsconfig.json"), JSON.stringify(config))
    const tsc = join(root, "node_modules/typescript/bin/tsc")
    const output = await new Promise<string>((resolve) =>
      execFile(process.execPath, [tsc, "--noEmit", "-p", scripts], (_error, stdout, stderr) => resolve(stdout + stderr))
    )
    assert.strictEqual(output, "")
  })
})
