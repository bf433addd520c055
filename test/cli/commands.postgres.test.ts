/** The command line with a journal in PostgreSQL: what it keeps, tells and forgets there, and that it shows no password. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { fault, mockClaude } from "fanfold/mocks"
import { isInstalled, password, server } from "../Postgres.ts"
import { plan } from "./Planned.ts"
import { fanfold, folders, reaching, start, until } from "./Process.ts"

const folder = folders()

describe.skipIf(!isInstalled)("a journal in PostgreSQL", { timeout: 120_000 }, () => {
  const postgres = server()

  it("is gone on with, listed, shown, foretold and forgotten as one in a file", async () => {
    const claude = mockClaude()
    const wrong = fault.other(400, { type: "invalid_request_error", message: "no", shouldRetry: false })
    claude.fault(wrong, { when: { part: "synthesis" }, times: 2 })
    await using api = await claude.serve()
    const url = postgres().newDatabase()
    const place = url.replace(/\/\/.*@/, "//")
    const cwd = folder({ "plan.yaml": plan })
    const said: Array<string> = []
    const typed = async (...args: ReadonlyArray<string>) => {
      const ended = await fanfold([...args, "--journal", url], { cwd, env: reaching(api) })
      said.push(ended.stdout, ended.stderr)
      return ended
    }
    const without = await typed("run", "plan.yaml")
    assert.strictEqual(without.code, 2)
    assert.match(without.stderr, /^--journal: the journal postgres:.* cannot be used: it has no tables of fanfold/m)
    assert.include((await typed("check", "plan.yaml")).stderr, `The journal is not read: the journal ${place}`)
    assert.strictEqual((await typed("journal", "init")).code, 0)

    assert.strictEqual((await typed("run", "plan.yaml", "-o", "report.json")).code, 1)
    assert.strictEqual(claude.journal.attempts, 4)
    assert.match(
      (await typed("check", "plan.yaml")).stdout,
      /^Journal: 2 of 2 asks answered from it; new: the synthesis/m
    )
    const readers = "readable by all whom the database lets read them, for 30 days"
    assert.include((await typed("runs")).stdout, readers)
    const second = await typed("run", "plan.yaml", "-o", "report.json")
    assert.match(second.stderr, /^Resuming: 2 of 2 asks answered, \$\S+ spent$/m)
    assert.match(second.stderr, /^✅ sun is from the journal, just now$/m)
    assert.deepStrictEqual([second.code, claude.journal.attempts], [0, 5])
    said.push(readFileSync(join(cwd, "report.json"), "utf8"))

    const { journal, runs } = JSON.parse((await typed("runs", "--json")).stdout)
    assert.strictEqual(journal, place)
    assert.deepStrictEqual(
      runs.map(({ state }: any) => state),
      ["ended", "resumed"]
    )
    const listed = (await typed("runs")).stdout.split("\n")[0]!
    assert.isTrue(listed.startsWith(`Journal: ${place} (`) && listed.endsWith(", 2 runs)"), listed)
    assert.match((await typed("runs", "show", runs[0].id)).stdout, /sun .*from the journal/)
    const unknown = await typed("runs", "show", "xyz")
    assert.include(unknown.stderr, `xyz is no run of ${place}; near it: `)
    assert.match((await typed("runs", "clean", "--all")).stdout, /^Forgot .*\nForgot .*\n$/)
    assert.include((await typed("runs")).stdout, ", 0 runs)")
    const rows = postgres().sql(
      "SELECT (SELECT count(*) FROM fanfold.turn) + (SELECT count(*) FROM fanfold.text)",
      place.split("/").at(-1)
    )
    assert.strictEqual(rows, "0")
    for (const text of said) {
      assert.notInclude(text, "s3cret")
      assert.notInclude(text, encodeURIComponent(password))
      assert.notInclude(text, "owner")
    }
  })

  it("whose database goes away in mid-run is waited for, and nothing is asked twice", async () => {
    const names = Array.from({ length: 12 }, (_, n) => `a${n}`)
    const asks = Object.fromEntries(names.map((name) => [name, `What is ${name}?`]))
    const claude = mockClaude({ scenario: { latency: { uniform: [200, 400] } } })
    await using api = await claude.serve()
    const url = postgres().newDatabase()
    const cwd = folder({
      "plan.json": JSON.stringify({ asks, synthesis: { instruction: "Fold", contradictions: "off" }, concurrency: 3 })
    })
    const options = { cwd, env: reaching(api) }
    assert.strictEqual((await fanfold(["journal", "init", "--journal", url], options)).code, 0)
    const { ended } = start(["run", "plan.json", "--journal", url, "-o", "out.json"], options)
    await until(() => claude.journal.attempts >= 5)
    await postgres().stop("immediate")
    await new Promise((resolve) => setTimeout(resolve, 3000))
    const whileAway = claude.journal.attempts
    await postgres().start()
    const { code, stderr } = await ended
    assert.strictEqual(code, 0, stderr)
    assert.lengthOf(stderr.match(/^Waiting for the database, as the journal postgres:/gm) ?? [], 1, stderr)
    // Only calls that were under way, and those whose event was kept just before.
    assert.isBelow(whileAway, names.length)
    assert.strictEqual(claude.journal.attempts, names.length + 1)
    const { runs } = JSON.parse((await fanfold(["runs", "--json", "--journal", url], options)).stdout)
    assert.deepStrictEqual([runs[0].state, runs[0].answered], ["ended", names.length])
    assert.deepStrictEqual(Object.keys(JSON.parse(readFileSync(join(cwd, "out.json"), "utf8")).answers), names)
  })

  it("is named by a plan, with its password in PGPASSWORD", async () => {
    await using api = await mockClaude().serve()
    const url = postgres()
      .newDatabase()
      .replace(/:[^:@/]*@/, "@")
    const cwd = folder({})
    writeFileSync(join(cwd, "plan.yaml"), `journal: ${url}\n${plan}`)
    const env = { ...reaching(api), PGPASSWORD: password }
    assert.strictEqual((await fanfold(["journal", "init", "--journal", url], { cwd, env })).code, 0)
    const { code, stderr } = await fanfold(["run", "plan.yaml"], { cwd, env })
    assert.strictEqual(code, 0, stderr)
    const wrongKey = { cwd: folder({ "plan.yaml": `journal: [${url.replace("@", ":s3cret@")}]\n${plan}` }) }
    const { stderr: told } = await fanfold(["check", "plan.yaml"], wrongKey)
    assert.include(told, "plan.yaml:1:1 journal: expected a file, postgres://…, or false to keep nothing, got ")
    assert.notInclude(told, "s3cret")
    const listed = await fanfold(["runs", "--journal", url, "--json"], { cwd, env })
    assert.lengthOf(JSON.parse(listed.stdout).runs, 1)
    const wrong = await fanfold(["run", "plan.yaml"], { cwd, env: { ...env, PGPASSWORD: "s3cret" } })
    assert.strictEqual(wrong.code, 2)
    assert.match(wrong.stderr, /^--journal: the journal postgres:.* cannot be used: its user or password is wrong$/m)
  })
})
