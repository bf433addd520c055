/** `fanfold run` with a synthesis that is a tree of folds. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { fault, mockClaude } from "fanfold/mocks"
import { jsonIn } from "./Planned.ts"
import { fanfold, folders, reaching } from "./Process.ts"

const folder = folders()

const plan = `asks: { spring: What in spring?, summer: What in summer?, autumn: What in autumn?, winter: What in winter? }
synthesis: { instruction: Write a calendar., fanIn: 2, citations: true, contradictions: off }
`

/** What a page says where no script runs. */
const textOf = (page: string): string =>
  page
    .slice(page.indexOf("<main"), page.indexOf("</main>"))
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))

describe.concurrent("a tree of folds", { timeout: 60_000 }, () => {
  it("one of which fails ends the run with 3, and names the asks that the document lacks", async () => {
    const claude = mockClaude()
    const wrong = fault.other(400, { type: "invalid_request_error", message: "no", shouldRetry: false })
    claude.fault(wrong, { when: { part: "synthesis", user: "such as [autumn]" } })
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": plan })
    const args = ["run", "plan.yaml", "-o", "out.md", "-o", "out.json", "-o", "out.html", "--quiet"]
    const { code, stderr } = await fanfold(args, { cwd, env: reaching(server) })
    assert.strictEqual(code, 3)
    assert.match(stderr, /^Not in the document: autumn, winter: synthesis\.1\.2: invalid request: no \(req_\w+\)$/m)
    const document = readFileSync(join(cwd, "out.md"), "utf8")
    const { run, spent } = jsonIn(cwd, "out.json")
    assert.match(
      document,
      /^> \*\*Not in the document\*\*, as [^\n]* `--reuse` [^\n]*:\n>\n> - autumn, winter: synthesis\.1\.2: invalid request: no [^\n]*\n\n[^>]/
    )
    assert.include(document, "**autumn** has no answer")
    const levels =
      "The answers were folded in 2 levels, 2 → 1. Groups of the first: spring, summer; autumn, winter, which failed.\n"
    assert.isTrue(document.endsWith(`\n\n## Levels\n\n${levels}`), document)
    assert.deepInclude(spent.folds["synthesis.1.2"], { level: 1, asks: ["autumn", "winter"], status: "failed" })
    await fanfold(["report", run, "-o", "journal.html"], { cwd })
    for (const page of ["out.html", "journal.html"]) {
      const text = textOf(readFileSync(join(cwd, page), "utf8"))
      assert.match(text, /made of 2 of 4 answers\./, page)
      assert.match(
        text,
        /missing\?2 answers are not in the document, as the fold synthesis\.1\.2 has no text: invalid request: no/,
        page
      )
      assert.match(
        text,
        /again\?1 fold and the synthesis; .* First: .* Then type: cd .* fanfold run plan\.yaml .*--reuse/,
        page
      )
    }
    const verified = await fanfold(["verify", "out.md"], { cwd })
    assert.match(verified.stdout, /^\d statements, 4 answers of run \w+: 0 errors, 0 warnings\n$/)
  })

  it("is foretold as new where a fold of it failed, although the journal has its document", async () => {
    const claude = mockClaude()
    const wrong = fault.other(400, { type: "invalid_request_error", message: "no", shouldRetry: false })
    claude.fault(wrong, { when: { part: "synthesis", user: "such as [autumn]" }, times: 1 })
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": plan })
    const run = (...args: ReadonlyArray<string>) =>
      fanfold([...args, "plan.yaml", "--reuse", "--journal", "kept.sqlite"], { cwd, env: reaching(server) })
    assert.strictEqual((await run("run", "--quiet")).code, 3)
    const sent = claude.journal.attempts
    const before = await run("check")
    assert.match(
      before.stdout,
      /^Journal: 4 of 4 asks answered from it; new: the synthesis, as folds that failed are asked again: at most \$\S+ instead of \$\S+$/m
    )
    assert.strictEqual((await run("run", "--quiet")).code, 0)
    assert.strictEqual(claude.journal.attempts, sent + 2)
    assert.include((await run("check")).stdout, "4 of 4 asks answered from it, and the synthesis: nothing is sent")
  })

  it("is shown with what each fold cost, and why one failed, so that the rows of a run add up", async () => {
    const claude = mockClaude()
    const wrong = fault.other(400, { type: "invalid_request_error", message: "no", shouldRetry: false })
    claude.fault(wrong, { when: { part: "synthesis", user: "such as [autumn]" } })
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": plan.replace(", contradictions: off", "") })
    const typed = (...args: ReadonlyArray<string>) =>
      fanfold(args, { cwd, env: { ...reaching(server), XDG_STATE_HOME: join(cwd, "state") } })
    await typed("run", "plan.yaml", "-o", "out.json", "--quiet")
    const { run: id } = jsonIn(cwd, "out.json")
    const { stdout } = await typed("runs", "show", id)
    assert.match(stdout, /^comparison\.1 +answered /m)
    assert.match(stdout, /^synthesis\.1\.1 +answered /m)
    assert.match(stdout, /^synthesis\.1\.2 +failed .* invalid request: no \(req_\w+\)$/m)
    const { asks, comparisons, folds, run, synthesis } = JSON.parse((await typed("runs", "show", id, "--json")).stdout)
    const sum = [...asks, ...comparisons, ...folds, synthesis].reduce((usd, call) => usd + call.estimatedCostUsd, 0)
    assert.closeTo(sum, run.estimatedCostUsd, 1e-9)
    await typed("run", "plan.yaml", "-o", "out.json", "--quiet", "--reuse")
    const [again] = JSON.parse((await typed("runs", "--json")).stdout).runs
    assert.deepStrictEqual([again.reused, again.asks], [4, 4])
    const diff = await typed("runs", "diff", id, id)
    assert.match(diff.stdout, /^comparison\.1 +\$/m)
    assert.match(diff.stdout, /^synthesis\.1\.2 +no answer .* invalid request: no \(req_\w+\)$/m)
  })
})
