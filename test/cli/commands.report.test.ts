/** `-o report.html` and `fanfold report` as processes: pages and reports of runs that ended, have gaps, or failed. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { inflateRawSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { mockClaude } from "fanfold/mocks"
import * as Base85 from "../../src/report/page/Base85.ts"
import type { View } from "../../src/report/View.ts"
import { failing, jsonIn, plan } from "./Planned.ts"
import { fanfold, folders, key, reaching } from "./Process.ts"

const folder = folders()

const structured = plan.replace(
  "moon: How far is the moon?",
  "moon: { question: How far is the moon?, answer: { type: object, properties: { km: { type: integer } }, required: [km] } }"
)

/** What is packed into a page. */
const viewIn = (...path: ReadonlyArray<string>): View => {
  const html = readFileSync(join(...path), "utf8")
  const [, bytes, text] = /id="view" data-bytes="(\d+)">([^<]*)</.exec(html)!
  return JSON.parse(inflateRawSync(Base85.decode(text!, Number(bytes))).toString("utf8"))
}

const runIdOf = async (cwd: string): Promise<string> => {
  const { stdout } = await fanfold(["runs", "--json", "--journal", "j.sqlite"], { cwd })
  return JSON.parse(stdout).runs[0].id
}

describe.concurrent("a page of a run", { timeout: 60_000 }, () => {
  it("is one file that loads nothing and has no key in it", async () => {
    await using server = await mockClaude().serve()
    const cwd = folder({ "plan.yaml": plan })
    const args = ["run", "plan.yaml", "-o", "page.html", "--retry-within", "20s"]
    const { code, stderr } = await fanfold(args, { cwd, env: reaching(server) })
    assert.strictEqual(code, 0)
    assert.include(stderr, "\nWrote page.html\n")
    const html = readFileSync(join(cwd, "page.html"), "utf8")
    assert.match(
      html,
      /Content-Security-Policy" content="default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; /
    )
    assert.notMatch(html.replace(/<script>[^]*<\/script>/, ""), /\b(?:src|href)=/)
    assert.notInclude(html, key)
    const { again, asks, document, models, settings, synthesis } = viewIn(cwd, "page.html")
    assert.deepStrictEqual(
      asks.map(({ name, status }) => [name, status]),
      [
        ["sun", "answered"],
        ["moon", "answered"]
      ]
    )
    assert.isNull(again)
    assert.strictEqual(settings?.["retry.within"], "20 seconds")
    assert.isString(document)
    assert.strictEqual(synthesis?.status, "answered")
    assert.deepStrictEqual(
      models.map(({ replies }) => replies),
      [2, 1]
    )
  })

  it("is written of a run that failed too, with the command that goes on with it", async () => {
    const claude = failing({ user: "moon", part: "ask" }, "no <b>red</b> moon")
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": plan })
    const args = ["run", "plan.yaml", "--policy", "all", "-o", "page.html", "--journal", "j.sqlite"]
    const { code } = await fanfold(args, { cwd, env: reaching(server) })
    assert.strictEqual(code, 1)
    const { again, document, gaps, state } = viewIn(cwd, "page.html")
    assert.deepStrictEqual([state, document], ["unfinished", null])
    assert.deepStrictEqual(again, { command: `cd ${cwd} && fanfold ${args.join(" ")}`, isKept: true })
    const gap = gaps.find(({ reason }) => reason === "InvalidRequest")
    assert.include(gap?.message, "no <b>red</b> moon")
    assert.notInclude(readFileSync(join(cwd, "page.html"), "utf8"), "<b>red")
  })

  it("is written where the synthesis fails, which alone is left to do", async () => {
    await using server = await failing({ part: "synthesis" }).serve()
    const cwd = folder({ "plan.yaml": plan })
    const { code } = await fanfold(["run", "plan.yaml", "-o", "page.html"], { cwd, env: reaching(server) })
    assert.strictEqual(code, 1)
    const { again, error, gaps, synthesis } = viewIn(cwd, "page.html")
    assert.deepStrictEqual([gaps, synthesis?.status], [[], "failed"])
    assert.include(error, "no such thing")
    assert.strictEqual(again?.command, `cd ${cwd} && fanfold run plan.yaml -o page.html`)
  })
})

describe.concurrent("fanfold report", { timeout: 60_000 }, () => {
  it("writes what the run itself would have written", async () => {
    const claude = mockClaude()
    claude.when({ user: "moon", part: "ask" }).reply({ km: 384_400 })
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": structured })
    const args = ["run", "plan.yaml", "--journal", "j.sqlite", "-o", "own.json", "-o", "own.md", "-o", "own.html"]
    assert.strictEqual((await fanfold(args, { cwd, env: reaching(server) })).code, 0)
    const id = await runIdOf(cwd)
    const outputs = ["-o", "kept.json", "-o", "kept.md", "-o", "kept.html"]
    const { code, stderr } = await fanfold(["report", id.slice(0, 6), "--journal", "j.sqlite", ...outputs], { cwd })
    assert.deepStrictEqual([code, stderr], [0, "Wrote kept.json\nWrote kept.md\nWrote kept.html\n"])
    const [own, kept] = [jsonIn(cwd, "own.json"), jsonIn(cwd, "kept.json")]
    // The journal does not know the forecast, nor when the process began.
    const same = { ...own, foreseenCostUsd: null, durationMillis: kept.durationMillis }
    assert.deepStrictEqual(kept, same)
    assert.strictEqual(kept.answers.moon.km, 384_400)
    assert.strictEqual(readFileSync(join(cwd, "kept.md"), "utf8"), readFileSync(join(cwd, "own.md"), "utf8"))
    assert.deepStrictEqual(viewIn(cwd, "kept.html").asks, viewIn(cwd, "own.html").asks)
    const printed = await fanfold(["report", id, "--journal", "j.sqlite"], { cwd })
    assert.strictEqual(printed.stdout, readFileSync(join(cwd, "own.md"), "utf8"))
  })

  it("shows a run that did not end, and the answers that it took from another", async () => {
    const claude = failing({ user: "moon", part: "ask" })
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": plan })
    const args = ["run", "plan.yaml", "--policy", "all", "--quiet", "--journal", "j.sqlite", "-o", "own.json"]
    await fanfold(args, { cwd, env: reaching(server) })
    await fanfold(args, { cwd, env: reaching(server) })
    const id = await runIdOf(cwd)
    const written = await fanfold(["report", id, "--journal", "j.sqlite", "-o", "kept.json", "-o", "kept.html"], {
      cwd
    })
    assert.strictEqual(written.code, 0)
    const [own, kept] = [jsonIn(cwd, "own.json"), jsonIn(cwd, "kept.json")]
    assert.deepStrictEqual([kept.answers, kept.gaps, kept.document], [own.answers, own.gaps, null])
    const { again, asks, error, state } = viewIn(cwd, "kept.html")
    assert.deepStrictEqual([state, error], ["unfinished", "1 of 2 asks answered, 2 needed"])
    assert.include(again?.command, `fanfold runs resume ${id} --journal `)
    assert.isString(asks.find(({ name }) => name === "sun")?.reused?.from)
  })

  it("says what is wrong before it writes anything", async () => {
    const cwd = folder({ "plan.yaml": plan })
    await fanfold(["run", "plan.yaml", "--offline", "--quiet", "--journal", "j.sqlite"], { cwd, hurried: true })
    const wrong = async (...args: ReadonlyArray<string>) => {
      const { code, stderr, stdout } = await fanfold(["report", ...args], { cwd })
      assert.deepStrictEqual([code, stdout], [2, ""])
      return stderr
    }
    assert.include(await wrong("zzz", "--journal", "j.sqlite", "-o", "a.html"), "zzz is no run of ")
    assert.include(await wrong("zzz", "--journal", "none.sqlite"), "no run has been kept yet")
    assert.include(
      await wrong("zzz", "--journal", "j.sqlite", "-o", "a.pdf"),
      "expected a file that ends in .html, .md or .json"
    )
    assert.isFalse(existsSync(join(cwd, "a.html")))
  })
})
