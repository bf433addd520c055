/** Every block of the README is run as it stands, and what it claims is compared with the code. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { AskError, Claude, Policy, Price, Retry } from "fanfold"
import { examples, mockClaude, type Server } from "fanfold/mocks"
import manifest from "../package.json" with { type: "json" }
import { exitCode } from "../src/cli/ExitCode.ts"
import { type Ended, fanfold, folders, node, reaching, root } from "./cli/Process.ts"

const readme = readFileSync(join(root, "README.md"), "utf8")
const blocks = [...readme.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map(([, language = "", text = ""]) => ({
  language,
  text
}))
const textsOf = (wanted: string) => blocks.flatMap(({ language, text }) => (language === wanted ? [text] : []))
const lines = textsOf("sh").flatMap((text) => text.trim().split("\n"))

/** The commands a reader types, in the order of the README, in the one folder of the reader. */
const cwd = folders()()
const wordsOf = (line: string) => [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word!)

/** Scripts find `fanfold` by its name only within the project. */
const scripts = mkdtempSync(join(root, "test/.readme-"))
let server: Server
beforeAll(async () => {
  server = await mockClaude({ scenario: examples }).serve()
})
afterAll(async () => {
  rmSync(scripts, { recursive: true, force: true })
  await server.close()
})

const succeeds = ({ code, stderr, stdout }: Ended) => {
  assert.strictEqual(code, 0, stderr)
  assert.notStrictEqual(stdout.trim(), "", stderr)
  return stdout
}

describe.concurrent("the README", { timeout: 60_000 }, () => {
  it("has no block that this test cannot run", () => {
    assert.deepStrictEqual([...new Set(blocks.map(({ language }) => language))].toSorted(), ["sh", "ts", "yaml"])
    assert.strictEqual(blocks.length * 2, readme.match(/^```/gm)?.length)
    assert.isBelow(readme.split("\n").length, 250)
  })

  it("shows the table that the benchmark wrote, and its plot", () => {
    const [, file = "", table] = /<!-- (bench\/results\/\S+\.md) -->\n([^]*?)<!-- end -->/.exec(readme) ?? []
    assert.strictEqual(table?.trim(), readFileSync(join(root, file), "utf8").trim())
    for (const [, image = ""] of readme.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g))
      assert.isTrue(existsSync(join(root, image)), image)
  })

  for (const [index, text] of textsOf("ts").entries()) {
    it(`shows a script that runs: ${text.split("\n").find((line) => !line.startsWith("import") && line !== "")}`, async () => {
      const file = join(scripts, `${index}.ts`)
      writeFileSync(file, text)
      succeeds(await node(file, [], { env: reaching(server) }).ended)
    })
  }

  for (const [index, text] of textsOf("yaml").entries()) {
    it(`shows a plan that runs, ${index + 1}`, async () => {
      mkdirSync(join(cwd, `plan-${index}`))
      writeFileSync(join(cwd, `plan-${index}/plan.yaml`), text)
      const [check, run] = await Promise.all([
        fanfold(["check", `plan-${index}/plan.yaml`], { cwd }),
        fanfold(["run", `plan-${index}/plan.yaml`, "--offline"], { cwd, hurried: true })
      ])
      assert.include(succeeds(check), "Nothing was sent.")
      assert.match(succeeds(run), /^# /)
    })
  }

  it("shows commands that run, one after the other", async () => {
    const written = new Map<string, Ended>()
    for (const line of lines.filter((line) => line.startsWith("npx "))) {
      const [, bin, ...args] = wordsOf(line)
      assert.strictEqual(bin, Object.keys(manifest.bin)[0])
      // Only a recording needs somebody to answer; all else must do without.
      const env = args.includes("--record") ? { env: reaching(server) } : { hurried: true }
      const ended = await fanfold(args, { cwd, ...env })
      assert.strictEqual(ended.code, 0, `${line}\n${ended.stderr}`)
      written.set(args[0]!, ended)
    }
    assert.hasAllKeys(Object.fromEntries(written), ["init", "run", "check", "ask"])
    assert.includeMembers(readdirSync(cwd), ["travel-guide.yaml", "guide.md", "guide.json"])
    assert.match(readFileSync(join(cwd, "guide.md"), "utf8"), /^# Lisbon/)
    assert.isTrue(JSON.parse(written.get("ask")!.stdout).simulated)
  })

  it("names only npm commands that this package has", () => {
    const own = lines.filter((line) => !line.startsWith("npx "))
    assert.isNotEmpty(own)
    for (const line of own) {
      const [npm, verb = "", ...rest] = wordsOf(line)
      assert.strictEqual(npm, "npm", line)
      if (verb === "install")
        assert.deepStrictEqual(rest, [
          manifest.name,
          ...Object.keys(manifest.peerDependencies).filter((name) => name === "effect")
        ])
      else if (verb !== "ci") assert.property(manifest.scripts, verb === "run" ? rest[0]! : verb)
    }
  })

  it("tells the truth about exit codes, models, policies, prices and errors", () => {
    const { failed, gaps, overBudget, usage } = exitCode
    const codes = `0 complete, ${failed} failed, ${usage} wrong plan or usage, ${gaps} a document with gaps`
    const said = readme.replaceAll(/\s+/g, " ")
    assert.include(said, codes)
    assert.include(said, `${overBudget} the same because the budget was used up`)
    assert.include(said, `Asks go to \`${Claude.askModel}\` and the synthesis to \`${Claude.synthesisModel}\``)
    assert.include(said, "`best-effort` (the default of plans)")
    assert.strictEqual(Policy.answersNeeded("best-effort", 3), 0)
    const [year, month] = Price.pricedAt.split("-")
    assert.strictEqual(`${year}-${month}`, "2026-10")
    assert.include(said, "list prices of October 2026")
    const [, listed = ""] = /to match on: (.*?) and a dozen more/.exec(said) ?? []
    const reasons = AskError.Reason.members.map(({ identifier }) => identifier)
    const named = listed.match(/\w+/g) ?? []
    assert.includeMembers(reasons, named)
    assert.isAtLeast(reasons.length - named.length, 10)
    assert.include(said, `Node ${manifest.engines.node.replace(">=", "")} or newer`)
    const [, minutes] = /An ask has (\d+) minutes for all its tries/.exec(said) ?? []
    assert.deepStrictEqual<unknown>(Retry.within, `${minutes} minutes`)
  })
})
