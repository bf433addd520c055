/** `fanfold run` where something fails or ends it: which exit code, what is told, and which answers are kept. */
import { execFile } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { fault, mockClaude } from "fanfold/mocks"
import { failing, jsonIn, plan, wroteIn } from "./Planned.ts"
import { bin, controls, fanfold, folders, reaching, start, until } from "./Process.ts"

const folder = folders()

describe.concurrent("a run with failures", { timeout: 60_000 }, () => {
  it("folds what there is under best-effort, names the gaps to Claude and to the user, and exits with 3", async () => {
    const claude = failing({ user: "moon", part: "ask" }, "no \u001B[31mred\u0007\nmoon")
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": plan })
    const { code, stderr, stdout } = await fanfold(["run", "plan.yaml"], { cwd, env: reaching(server) })
    assert.strictEqual(code, 3)
    // The mock reads the gaps from the prompt that reached it.
    assert.include(stdout, "Simulated synthesis of 1 finding.")
    assert.include(stdout, "**moon** has no answer")
    assert.match(stderr, /^❌ Failed moon: invalid request: no red moon \(req_\w+\)$/m)
    assert.match(stderr, /^No answer: moon: invalid request: no red moon \(req_\w+\)$/m)
    assert.match(stderr, /^To ask what is missing: fanfold run plan.yaml --reuse$/m)
    assert.notInclude(stderr, "No answer: sun")
    assert.notMatch(stderr, controls)
  })

  it("tells what helps where votes do not agree, as --reuse would take the same ones", async () => {
    const claude = mockClaude()
    claude.when({ user: "enter" }).reply({ verdict: "enter" }).times(3)
    claude.when({ user: "enter" }).reply({ verdict: "wait" })
    await using server = await claude.serve()
    const answer = "answer: { type: object, properties: { verdict: { type: string } }, required: [verdict] }"
    const ask = (atLeast: number) =>
      `asks: { v: { question: To enter?, votes: { count: 5, atLeast: ${atLeast} }, ${answer} } }`
    const cwd = folder({ "plan.yaml": `${ask(5)}\n`.replace("} }\n", "}, sun: How far? }\n") })
    const run = (...more: ReadonlyArray<string>) =>
      fanfold(["run", "plan.yaml", ...more], { cwd, env: reaching(server) })
    for (const more of [[], ["--reuse"]]) {
      const { code, stderr } = await run(...more)
      assert.strictEqual(code, 3, stderr)
      assert.match(stderr, /3 of 5 votes agree/)
      assert.notInclude(stderr, "To ask what is missing")
      assert.match(stderr, /votes\.atLeast is lower .* To vote anew, all paid again: fanfold run plan\.yaml --fresh$/m)
    }
    assert.strictEqual(claude.journal.attempts, 6)
    writeFileSync(
      join(cwd, "plan.yaml"),
      readFileSync(join(cwd, "plan.yaml"), "utf8").replace("atLeast: 5", "atLeast: 3")
    )
    assert.strictEqual((await run("--reuse")).code, 0)
    assert.strictEqual(claude.journal.attempts, 6)
  })

  it("folds what there is at the deadline, under --policy all too, names it to the user, and exits with 3", async () => {
    const claude = mockClaude()
    claude.fault(fault.hang(), { when: { user: "moon", part: "ask" } })
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": plan })
    const args = ["run", "plan.yaml", "--policy", "all", "--deadline", "5s", "-o", "out.md", "-o", "out.json"]
    const { code, stderr } = await fanfold(args, { cwd, env: reaching(server) })
    const report = jsonIn(cwd, "out.json")
    const why = "out of time: no answer within the run's deadline of 5 s"
    assert.strictEqual(code, 3)
    assert.include(stderr, `❌ Failed moon: ${why}\n`)
    const again = `To ask what is missing: fanfold ${args.join(" ")} --reuse`
    assert.isTrue(stderr.endsWith(`\nNo answer: moon: ${why}\n${again}\n1 of 2 asks answered, 2 needed\n`), stderr)
    assert.include(readFileSync(join(cwd, "out.md"), "utf8"), "Simulated synthesis of 1 finding.")
    assert.deepInclude(report.gaps[0], { name: "moon", reason: "TimedOut", message: why })
    assert.deepStrictEqual([Object.keys(report.answers), report.error], [["sun"], null])
  })

  it("keeps control characters of an answer out of the document, and in the report", async () => {
    const claude = failing({ user: "moon", part: "ask" }, "no \u001B[31mred\nmoon")
    claude.when({ user: "sun" }).reply("far\u001B[2J \u001B]0;title\u0007away\u009B1m")
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": plan.replace(/synthesis.*\n/, "") })
    const args = ["run", "plan.yaml", "--quiet", "-o", "out.md", "-o", "out.json"]
    const { code } = await fanfold(args, { cwd, env: reaching(server) })
    const markdown = readFileSync(join(cwd, "out.md"), "utf8")
    assert.strictEqual(code, 3)
    assert.notMatch(markdown, controls)
    assert.include(markdown, "## sun\n\n*How far is the sun?*\n\nfar away")
    assert.match(markdown, /^- \*\*moon\*\*: invalid request: no red moon \(req_\w+\)$/m)
    assert.include(jsonIn(cwd, "out.json").answers.sun, "\u001B[2J")
  })

  it("exits with 1 under --policy all, and the finished answers are in the files of -o", async () => {
    await using server = await failing({ user: "moon", part: "ask" }).serve()
    const cwd = folder({ "plan.yaml": plan.replace("synthesis", "  stars: How far are the stars?\nsynthesis") })
    const args = ["run", "plan.yaml", "--policy", "all", "-j", "1", "-o", "out.md", "-o", "out.json"]
    const { code, stderr, stdout } = await fanfold(args, { cwd, env: reaching(server) })
    const report = jsonIn(cwd, "out.json")
    assert.deepStrictEqual([code, stdout], [1, ""])
    assert.deepStrictEqual(Object.keys(report.answers), ["sun"])
    assert.deepStrictEqual(
      report.gaps.map(({ name, reason }: any) => [name, reason]),
      [
        ["moon", "InvalidRequest"],
        ["stars", "Interrupted"]
      ]
    )
    assert.include(report.error, "moon: invalid request: no such thing")
    assert.isNull(report.document)
    assert.include(readFileSync(join(cwd, "out.md"), "utf8"), report.answers.sun)
    assert.include(stderr, "No answer: stars: stopped before it was answered\n")
  })

  it("names a file that holds the finished answers where there is no -o, even quietly", async () => {
    await using server = await failing({ user: "moon", part: "ask" }).serve()
    const runs = [[], ["--quiet"]].map(async (more) => {
      const cwd = folder({ "plan.yaml": plan })
      const args = ["run", "plan.yaml", "--policy", "atLeast=2", ...more]
      const { code, stderr, stdout } = await fanfold(args, { cwd, env: reaching(server) })
      assert.deepStrictEqual([code, stdout], [1, ""])
      assert.deepStrictEqual(Object.keys(jsonIn(cwd, wroteIn(stderr)).answers), ["sun"])
      assert.match(stderr, /^No answer: moon: .*no such thing/m)
      assert.match(stderr, /\n1 of 2 asks answered, 2 needed\n$/)
    })
    await Promise.all(runs)
  })

  it("prints the report of a failed run with --json, and leaves no other file", async () => {
    await using server = await failing({ user: "moon", part: "ask" }).serve()
    const cwd = folder({ "plan.yaml": plan })
    const args = ["run", "plan.yaml", "--policy", "all", "-j", "1", "--json"]
    const { code, stdout } = await fanfold(args, { cwd, env: reaching(server) })
    assert.strictEqual(code, 1)
    assert.deepStrictEqual(Object.keys(JSON.parse(stdout).answers), ["sun"])
    assert.deepStrictEqual(readdirSync(cwd), ["plan.yaml"])
  })

  it("exits with 1 where all asks fail, and sends no synthesis", async () => {
    const claude = failing({ part: "ask" })
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": plan })
    const { code, stderr, stdout } = await fanfold(["run", "plan.yaml"], { cwd, env: reaching(server) })
    assert.deepStrictEqual([code, stdout], [1, ""])
    assert.include(stderr, "none of the 2 asks has an answer, so there is nothing to fold\n")
    assert.deepStrictEqual(
      claude.journal.entries.map(({ model }) => model),
      ["claude-haiku-5-5", "claude-haiku-5-5"]
    )
    assert.deepStrictEqual(readdirSync(cwd), ["plan.yaml"])
  })

  it("rescues the answers where the synthesis fails", async () => {
    await using server = await failing({ part: "synthesis" }, "too long to fold").serve()
    const cwd = folder({ "plan.yaml": plan })
    const { code, stderr, stdout } = await fanfold(["run", "plan.yaml"], { cwd, env: reaching(server) })
    const report = jsonIn(cwd, wroteIn(stderr))
    assert.deepStrictEqual([code, stdout], [1, ""])
    assert.deepStrictEqual(Object.keys(report.answers), ["sun", "moon"])
    assert.include(report.error, "too long to fold")
    assert.match(
      stderr,
      /\nTo ask what is missing: fanfold run plan.yaml\nThe synthesis failed: .*too long to fold \(req_\w+\)\n$/
    )
  })

  it("takes what it cannot write or print for failures, and rescues the answers", async ({ skip }) => {
    if (!existsSync("/dev/full")) skip("this machine has no /dev/full")
    const cwd = folder({ "plan.yaml": plan })
    const out = join(cwd, "gone")
    mkdirSync(out)
    const latency = () => (rmSync(out, { recursive: true, force: true }), 0)
    await using server = await mockClaude({ latency }).serve()
    const written = await fanfold(["run", "plan.yaml", "-o", "gone/out.md"], { cwd, env: reaching(server) })
    assert.strictEqual(written.code, 1)
    assert.include(written.stderr, "Cannot write gone/out.md: ")
    assert.hasAllKeys(jsonIn(cwd, wroteIn(written.stderr)).answers, ["sun", "moon"])
    const full = `"$0" "$1" run plan.yaml > /dev/full; echo "code $?" >&2`
    const stderr = await new Promise<string>((resolve) => {
      execFile("sh", ["-c", full, process.execPath, bin], { cwd, env: reaching(server) }, (_, __, said) =>
        resolve(said)
      )
    })
    assert.include(stderr, "Cannot print the document: Error: ENOSPC")
    assert.hasAllKeys(jsonIn(cwd, wroteIn(stderr)).answers, ["sun", "moon"])
    assert.include(stderr, "code 1")
  })

  it("ends at SIGINT with 130: every open request is closed, and nothing is printed", async () => {
    const claude = mockClaude()
    claude.fault(fault.hang())
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": plan })
    const { child, ended } = start(["run", "plan.yaml"], { cwd, env: reaching(server) })
    await until(() => claude.journal.inFlight === 2)
    child.kill("SIGINT")
    const { code, stderr, stdout } = await ended
    await until(() => claude.journal.inFlight === 0)
    assert.deepStrictEqual([code, stdout], [130, ""])
    assert.deepStrictEqual(
      claude.journal.entries.map(({ outcome }) => outcome),
      ["aborted", "aborted"]
    )
    assert.include(stderr, "Stopped sun")
  })

  it("keeps the answers that are paid when it is interrupted, in the research and in the synthesis", async () => {
    const cases = [
      { hung: { user: /Moon/ }, answered: ["sun"], signal: "SIGINT" as const },
      { hung: { part: "synthesis" as const }, answered: ["sun", "moon"], signal: "SIGTERM" as const },
      { hung: { part: "synthesis" as const }, answered: ["sun", "moon"], signal: "SIGHUP" as const }
    ]
    for (const { answered, hung, signal } of cases) {
      const claude = mockClaude()
      claude.fault(fault.hang(), { when: hung })
      await using server = await claude.serve()
      const cwd = folder({ "plan.yaml": "asks: { sun: Sun?, moon: Moon? }\nsynthesis: Fold" })
      const { child, ended } = start(["run", "plan.yaml"], { cwd, env: reaching(server) })
      let told = ""
      child.stderr!.on("data", (chunk) => (told += chunk))
      const isUnderWay = () =>
        claude.journal.inFlight === 1 && answered.every((name) => told.includes(`Answered ${name}`))
      await until(isUnderWay)
      child.kill(signal)
      const { code, stderr } = await ended
      assert.strictEqual(code, 130)
      const { answers, run } = jsonIn(cwd, wroteIn(stderr))
      assert.hasAllKeys(answers, answered)
      assert.isTrue(stderr.endsWith(`\nTo go on: fanfold runs resume ${run}\n`), stderr)
    }
  })

  it("says in the first line of a document that was not made how to go on", async () => {
    const claude = mockClaude()
    claude.fault(fault.hang(), { when: { part: "synthesis" } })
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": "asks: { sun: Sun? }\nsynthesis: Fold" })
    const env = { ...reaching(server), XDG_STATE_HOME: join(cwd, "state") }
    const { child, ended } = start(["run", "plan.yaml", "-o", "out.md"], { cwd, env })
    await until(() => claude.journal.inFlight === 1 && claude.journal.attempts === 2)
    child.kill("SIGINT")
    await ended
    const [first] = readFileSync(join(cwd, "out.md"), "utf8").split("\n")
    assert.match(
      first!,
      /^\*\*No document: the run was stopped before its end\.\*\* What was answered until then follows\. /
    )
    assert.match(first!, / To go on: `cd \S+ && fanfold run plan\.yaml -o out\.md`$/)
    const [{ id }] = JSON.parse((await fanfold(["runs", "--json"], { cwd, env })).stdout).runs
    const { stdout } = await fanfold(["report", id], { cwd, env })
    assert.match(
      stdout,
      /^\*\*No document: the run was stopped before its end\.\*\* .* To go on: `fanfold runs resume \w+`\n/
    )
  })

  it("writes them to the files of -o, which stay as they are where nothing was answered", async () => {
    for (const answered of [["sun"], []]) {
      const claude = mockClaude()
      claude.fault(fault.hang(), { when: { user: answered.length > 0 ? /Moon/ : /./ } })
      await using server = await claude.serve()
      const cwd = folder({ "plan.yaml": "asks: { sun: Sun?, moon: Moon? }\nsynthesis: Fold", "out.md": "of before" })
      const args = ["run", "plan.yaml", "-o", "out.md", "-o", "out.json"]
      const { child, ended } = start(args, { cwd, env: reaching(server) })
      let told = ""
      child.stderr!.on("data", (chunk) => (told += chunk))
      await until(
        () =>
          claude.journal.inFlight === 2 - answered.length && answered.every((name) => told.includes(`Answered ${name}`))
      )
      child.kill("SIGINT")
      const { code, stderr } = await ended
      assert.strictEqual(code, 130)
      const document = readFileSync(join(cwd, "out.md"), "utf8")
      if (answered.length > 0) {
        assert.include(stderr, "Wrote out.md\nWrote out.json\n")
        assert.include(document, "## sun")
        assert.include(document, "**moon**: stopped before it was answered")
        assert.hasAllKeys(jsonIn(cwd, "out.json").answers, answered)
        assert.deepStrictEqual(readdirSync(cwd).toSorted(), ["out.json", "out.md", "plan.yaml"])
      } else {
        assert.strictEqual(document, "of before")
        assert.deepStrictEqual(readdirSync(cwd).toSorted(), ["out.md", "plan.yaml"])
      }
    }
  })

  it("does not mind a reader that leaves early", async () => {
    const claude = mockClaude()
    claude.when({}).reply("far ".repeat(3000))
    await using server = await claude.serve()
    const cwd = folder()
    const questions = Array.from({ length: 200 }, (_, index) => `How far is star ${index}?`)
    const { child, ended } = start(["ask", ...questions, "--quiet"], { cwd, env: reaching(server) })
    const code = new Promise((resolve) => child.on("close", resolve))
    let told = ""
    child.stderr!.on("data", (chunk) => (told += chunk))
    child.stdout!.once("data", () => child.stdout!.destroy())
    // To read on from what was destroyed is the test's own failure.
    await ended.catch(() => undefined)
    assert.deepStrictEqual([await code, told], [0, ""])
    assert.deepStrictEqual(readdirSync(cwd), [])
  })
})
