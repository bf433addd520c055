/** The command line as processes: what goes where, which exit code, and what reached the server. */
import { execFile } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Stack } from "fanfold"
import { fault, mockClaude } from "fanfold/mocks"
import manifest from "../../package.json" with { type: "json" }
import { bin, controls, fanfold, folders, key, reaching, start, until } from "./Process.ts"

const folder = folders()

const plan = `asks:
  sun: How far is the sun?
  moon: How far is the moon?
synthesis: Compare both.
`
const broken = "asks:\n  sun: {maxTokens: many}\n"

/** A mock that fails what it is told to, the way the API refuses a wrong request. */
const failing = (when: { readonly user?: string; readonly part: "ask" | "synthesis" }, message = "no such thing") => {
  const claude = mockClaude()
  claude.fault(fault.other(400, { type: "invalid_request_error", message, shouldRetry: false }), { when })
  return claude
}

const wroteIn = (stderr: string): string => /^Wrote (fanfold-\w+\.json)$/m.exec(stderr)?.[1] ?? "no file is named"
const jsonIn = (...path: ReadonlyArray<string>) => JSON.parse(readFileSync(join(...path), "utf8"))

describe.concurrent("fanfold run", { timeout: 60_000 }, () => {
  it("prints the document, and tells everything else on standard error, without colours where no terminal is", async () => {
    const claude = mockClaude()
    claude.when({ part: "synthesis" }).reply("# Sun and moon\n\nBoth are far.")
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": plan })
    const { code, stderr, stdout } = await fanfold(["run", "plan.yaml"], { cwd, env: reaching(server) })
    assert.strictEqual(stdout, "# Sun and moon\n\nBoth are far.\n")
    for (const said of ["Asking sun", "Asking moon", "Answered sun", "Folding 2 answers", "2 asks in", "tokens in"]) {
      assert.include(stderr, said)
    }
    assert.notMatch(stderr, controls)
    assert.notInclude(stderr, "offline")
    assert.strictEqual(code, 0)
    assert.deepStrictEqual(readdirSync(cwd), ["plan.yaml"])
  })

  it("reads a plan from standard input, with files beside the working folder", async () => {
    const claude = mockClaude()
    await using server = await claude.serve()
    const cwd = folder({ "brief.md": "We sell moons." })
    const stdin = `context: { file: brief.md }\n${plan}`
    const [run, empty, wrong] = await Promise.all([
      fanfold(["run", "-", "--quiet"], { cwd, env: reaching(server), stdin }),
      fanfold(["run", "-"], { cwd, env: reaching(server) }),
      fanfold(["run", "-"], { cwd, env: reaching(server), stdin: broken })
    ])
    assert.include(run.stdout, "Simulated synthesis of 2 findings.")
    assert.deepStrictEqual([run.code, run.stderr], [0, ""])
    assert.deepStrictEqual(empty, { code: 2, stdout: "", stderr: "stdin:1:1 expected a plan with asks, got null\n" })
    assert.strictEqual(wrong.code, 2)
    assert.include(wrong.stderr, 'stdin:2:9 asks.sun.maxTokens: expected a whole number ≥ 1, got "many"\n')
    assert.strictEqual(claude.journal.attempts, 3)
  })

  it("writes the document and the report to the files of -o, by their endings", async () => {
    await using server = await mockClaude().serve()
    const cwd = folder({ "plan.yaml": plan, "out/guide.md": "old" })
    const args = ["run", "plan.yaml", "-o", "out/guide.md", "--output", "Guide.JSON"]
    const { code, stderr, stdout } = await fanfold(args, { cwd, env: reaching(server) })
    const report = jsonIn(cwd, "Guide.JSON")
    assert.deepStrictEqual([code, stdout], [0, ""])
    assert.include(stderr, "Wrote out/guide.md\nWrote Guide.JSON\n")
    assert.strictEqual(readFileSync(join(cwd, "out/guide.md"), "utf8"), `${report.document}\n`)
    assert.hasAllKeys(report.answers, ["sun", "moon"])
    assert.isFalse(report.simulated)
  })

  it("refuses an -o that could not be written, before anything is sent", async () => {
    const claude = mockClaude()
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": plan })
    mkdirSync(join(cwd, "taken.md"))
    const table = {
      "guide.txt": "-o guide.txt: expected a file that ends in .md or .json\n",
      "": "-o : expected a file that ends in .md or .json\n",
      "no/guide.md": `-o no/guide.md: no such folder: ${join(cwd, "no")}\n`,
      "taken.md": "-o taken.md: is a folder\n"
    }
    const runs = Object.keys(table).map((file) =>
      fanfold(["run", "plan.yaml", "-o", "fine.md", "-o", file], { cwd, env: reaching(server) })
    )
    assert.deepStrictEqual(
      await Promise.all(runs),
      Object.values(table).map((stderr) => ({ code: 2, stdout: "", stderr }))
    )
    assert.strictEqual(claude.journal.attempts, 0)
    assert.isFalse(existsSync(join(cwd, "fine.md")))
  })

  it("says of simulated answers that they are, even quietly, and marks the report", async () => {
    const cwd = folder({ "plan.yaml": plan })
    const args = ["run", "plan.yaml", "--offline", "--json", "--quiet"]
    const { code, stderr, stdout } = await fanfold(args, { cwd, hurried: true })
    const report = JSON.parse(stdout)
    assert.deepStrictEqual([code, stderr], [0, "offline: simulated answers\n"])
    assert.isTrue(report.simulated)
    assert.include(report.document, "Simulated synthesis")
  })

  it("leaves the progress out with --no-progress, and the summary too with --quiet", async () => {
    await using server = await mockClaude().serve()
    const cwd = folder({ "plan.yaml": plan })
    const [brief, quiet] = await Promise.all(
      ["--no-progress", "--quiet"].map((flag) => fanfold(["run", "plan.yaml", flag], { cwd, env: reaching(server) }))
    )
    assert.match(brief!.stderr, /^2 asks in .*\n[\d,]+ tokens in, .*\n$/)
    assert.strictEqual(quiet!.stderr, "")
    for (const { stdout } of [brief!, quiet!]) assert.include(stdout, "Simulated synthesis of 2 findings.")
  })

  it("lets flags win over the plan, and sends what both say", async () => {
    const claude = mockClaude()
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": `model: claude-opus-5-5\npolicy: all\n${plan}` })
    const args = ["run", "plan.yaml", "--model", "claude-sonnet-5-5", "--policy", "first=1", "-j", "1", "--json"]
    const { code, stdout } = await fanfold(args, { cwd, env: reaching(server) })
    const report = JSON.parse(stdout)
    assert.strictEqual(code, 0)
    assert.deepStrictEqual(report.policy, { first: 1 })
    assert.deepStrictEqual(Object.keys(report.answers), ["sun"])
    assert.deepStrictEqual(
      report.gaps.map(({ name, reason }: any) => [name, reason]),
      [["moon", "Interrupted"]]
    )
    assert.deepStrictEqual(
      claude.journal.entries.map(({ model }) => model),
      ["claude-sonnet-5-5", "claude-sonnet-5-5"]
    )
    assert.strictEqual(claude.journal.peakInFlight, 1)
  })

  it("runs a thousand asks", async () => {
    const claude = mockClaude()
    await using server = await claude.serve()
    const names = Array.from({ length: 1000 }, (_, index) => `q${index}`)
    const many = JSON.stringify({ asks: Object.fromEntries(names.map((name) => [name, `What of ${name}?`])) })
    const cwd = folder({ "plan.json": many })
    const { code, stdout } = await fanfold(["run", "plan.json", "--json", "--quiet"], { cwd, env: reaching(server) })
    const { answers } = JSON.parse(stdout)
    assert.strictEqual(code, 0)
    assert.deepStrictEqual(Object.keys(answers), names)
    for (const name of names) assert.include(answers[name], `What of ${name}?`)
  })
})

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
    assert.match(stderr, /^No answer: moon$/m)
    assert.notInclude(stderr, "No answer: sun")
    assert.notMatch(stderr, controls)
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
      assert.strictEqual(stderr.match(/no such thing/g)?.length, 1, "the reason is told once")
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
    assert.strictEqual(stderr.match(/too long to fold/g)?.length, 1)
    assert.match(stderr, /\nThe synthesis failed\.\n$/)
  })

  it("takes the file it cannot write, and the output it cannot print to, for failures, and rescues the answers", async ({
    skip
  }) => {
    if (!existsSync("/dev/full")) skip("this machine has no /dev/full")
    await using server = await mockClaude().serve()
    const cwd = folder({ "plan.yaml": plan })
    const written = await fanfold(["run", "plan.yaml", "-o", "no/../out.md"], { cwd, env: reaching(server) })
    assert.strictEqual(written.code, 1)
    assert.include(written.stderr, "Cannot write no/../out.md: ")
    assert.hasAllKeys(jsonIn(cwd, wroteIn(written.stderr)).answers, ["sun", "moon"])
    const full = `"$0" --conditions=source "$1" run plan.yaml > /dev/full; echo "code $?" >&2`
    const stderr = await new Promise<string>((resolve) => {
      execFile("sh", ["-c", full, process.execPath, bin], { cwd, env: reaching(server) }, (...[, , said]) =>
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
      assert.hasAllKeys(jsonIn(cwd, wroteIn(stderr)).answers, answered)
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

describe.concurrent("the key", { timeout: 60_000 }, () => {
  it("is asked for with both ways out where there is none, and nothing is sent", async () => {
    const claude = mockClaude()
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": plan })
    const url = { ANTHROPIC_BASE_URL: server.url }
    const ended = await Promise.all([
      fanfold(["run", "plan.yaml"], { cwd, env: url }),
      fanfold(["ask", "Why?"], { cwd, env: { ...url, ANTHROPIC_API_KEY: " " } })
    ])
    const stderr = "No key: set ANTHROPIC_API_KEY to your key, or add --offline for simulated answers\n"
    assert.deepStrictEqual(ended, [
      { code: 2, stdout: "", stderr },
      { code: 2, stdout: "", stderr }
    ])
    assert.strictEqual(claude.journal.attempts, 0)
  })

  it("is sent to no base URL that is none, and standard error says so at once", async () => {
    const url = "ftp://claude.example.org"
    const env = { ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: url }
    assert.deepStrictEqual(await fanfold(["ask", "Why?"], { env }), {
      code: 2,
      stdout: "",
      stderr: `ANTHROPIC_BASE_URL: expected an http or https URL without a password, such as "https://api.anthropic.com", got "${url}"\n`
    })
    const { code } = await fanfold(["ask", "Why?", "--offline"], { env })
    assert.strictEqual(code, 0)
  })

  it("is in no output, error or file, at any log level", async () => {
    const echo = failing({ user: "moon", part: "ask" }, `who is ${key}?`)
    echo.fault(fault.other(401, { type: "authentication_error", message: `invalid ${key}`, shouldRetry: false }), {
      when: { part: "synthesis" }
    })
    await using server = await echo.serve()
    const env = { ...reaching(server), ANTHROPIC_LOG: "debug" }
    const runs = [["-o", "out.md", "-o", "out.json"], ["--json"], []].map(async (more) => {
      const cwd = folder({ "plan.yaml": plan })
      const { code, stderr, stdout } = await fanfold(["run", "plan.yaml", "--log-level", "trace", ...more], {
        cwd,
        env
      })
      const written = readdirSync(cwd).map((file) => readFileSync(join(cwd, file), "utf8"))
      assert.strictEqual(code, 1)
      assert.include(stderr, "who is <key>?")
      for (const text of [stdout, stderr, ...written]) assert.notInclude(text, "THE-KEY")
    })
    await Promise.all(runs)
  })
})

describe.concurrent("fanfold ask", { timeout: 60_000 }, () => {
  it("prints each answer under its name and question, and folds them with --synthesis", async () => {
    const claude = mockClaude()
    claude.when({ user: "Sky?", part: "ask" }).reply("Blue.")
    claude.when({ user: "Grass?", part: "ask" }).reply("Green.")
    await using server = await claude.serve()
    const env = reaching(server)
    const [plain, folded] = await Promise.all([
      fanfold(["ask", "Sky?", "Grass?"], { env }),
      fanfold(["ask", "Sky?", "Grass?", "--synthesis", "Mix them"], { env })
    ])
    assert.strictEqual(plain.stdout, "## ask1\n\n*Sky?*\n\nBlue.\n\n## ask2\n\n*Grass?*\n\nGreen.\n")
    for (const part of ["Simulated synthesis of 2 findings.", "Blue.", "Green."]) assert.include(folded.stdout, part)
    assert.deepStrictEqual([plain.code, folded.code], [0, 0])
  })

  it("asks exactly what it was given, whatever it is made of", async () => {
    await using server = await mockClaude().serve()
    const questions = [
      "“Grün” – 日本 👩‍🚀?",
      `{"a": "b"}: [c] # d`,
      'tab\tand "quotes"\nand \\n',
      "\u2028\u0085\u007F?",
      "- x"
    ]
    const { code, stdout } = await fanfold(["ask", "--json", "--", ...questions], { env: reaching(server) })
    assert.strictEqual(code, 0)
    assert.deepStrictEqual(Object.values(JSON.parse(stdout).questions), questions)
  })

  it("refuses blank questions and instructions, naming them", async () => {
    const ended = await fanfold(["ask", "", "fine", " ", "--synthesis", " ", "--offline"])
    assert.deepStrictEqual(ended, {
      code: 2,
      stdout: "",
      stderr: [
        'ask1: expected a question that is not empty, got ""',
        'ask3: expected a question that is not empty, got " "',
        'synthesis: expected an instruction that is not empty, got " "\n'
      ].join("\n")
    })
  })
})

describe.concurrent("fanfold check", { timeout: 60_000 }, () => {
  it("says what would be sent and what it may cost, and calls nothing", async () => {
    const claude = mockClaude()
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": `policy: { atLeast: 1 }\n${plan}` })
    const env = reaching(server)
    const [text, json, unpriced] = await Promise.all([
      fanfold(["check", "plan.yaml", "-j", "2"], { cwd, env }),
      fanfold(["check", "plan.yaml", "--json"], { cwd }),
      fanfold(["check", "plan.yaml", "--model", "claude-next"], { cwd })
    ])
    assert.strictEqual(
      text.stdout,
      [
        "2 asks and a synthesis, policy atLeast=1, concurrency 2",
        "  sun        claude-haiku-5-5   about 80 tokens in, up to 4,096 out",
        "  moon       claude-haiku-5-5   about 81 tokens in, up to 4,096 out",
        "  synthesis  claude-sonnet-5-5  up to 8,327 tokens in, up to 16,384 out",
        "Cost: about $0.1846 at most (estimated: list prices of 2026-10, every answer as long as it may be, each call once, no web searches)",
        "Nothing was sent.\n"
      ].join("\n")
    )
    const requests = JSON.parse(json.stdout)
    assert.hasAllKeys(requests, ["sun", "moon", "synthesis"])
    assert.strictEqual(requests.sun.model, "claude-haiku-5-5")
    assert.deepStrictEqual(requests.sun.messages, [{ role: "user", content: "How far is the sun?" }])
    assert.include(unpriced.stdout, "Cost: not known, as these models have no known price: claude-next\n")
    for (const { code, stderr } of [text, json, unpriced]) assert.deepStrictEqual([code, stderr], [0, ""])
    assert.strictEqual(claude.journal.attempts, 0)
  })

  it("tells all that is wrong with a plan, in the order of the file, and nothing on standard output", async () => {
    const wrong = 'concurrency: 0\npolicy: { first: 3 }\ncontext: { file: none.md }\nasks:\n  a b: x\n  "\\e[31mc": y\n'
    const cwd = folder({ "plan.yaml": wrong })
    const { code, stderr, stdout } = await fanfold(["check", "plan.yaml"], { cwd })
    const rule = "expected a name of 1 to 64 letters, digits, _ or - that begins with a letter or _"
    assert.deepStrictEqual([code, stdout], [2, ""])
    assert.strictEqual(
      stderr,
      [
        "plan.yaml:1:1 concurrency: expected a whole number ≥ 1, got 0",
        "plan.yaml:2:11 policy.first: expected at most 2, as many as there are asks, got 3",
        "plan.yaml:3:12 context.file: none.md: no such file",
        `plan.yaml:5:3 asks.a b: ${rule}`,
        `plan.yaml:6:3 asks.c: ${rule}\n`
      ].join("\n")
    )
  })

  it("says why a plan cannot be read", async () => {
    const cwd = folder({ "folder/plan.yaml": plan })
    const ended = await Promise.all(
      ["none.yaml", "folder", "folder/plan.yaml/deeper"].map((file) => fanfold(["check", file], { cwd }))
    )
    assert.deepStrictEqual(ended, [
      { code: 2, stdout: "", stderr: "none.yaml: no such file\n" },
      { code: 2, stdout: "", stderr: "folder: is no file\n" },
      { code: 2, stdout: "", stderr: "folder/plan.yaml/deeper: is no file\n" }
    ])
  })
})

describe.concurrent("fanfold init", { timeout: 60_000 }, () => {
  it("writes a plan that runs as it is, and never writes over one", async () => {
    const cwd = folder()
    const first = await fanfold(["init", "market-research"], { cwd })
    assert.deepStrictEqual(first, {
      code: 0,
      stdout: "",
      stderr: "Wrote market-research.yaml. Next: fanfold run market-research.yaml --offline\n"
    })
    writeFileSync(join(cwd, "travel-guide.yaml"), "mine")
    const [again, run] = await Promise.all([
      fanfold(["init"], { cwd }),
      fanfold(["run", "market-research.yaml", "--offline"], { cwd, hurried: true })
    ])
    assert.strictEqual(again.code, 2)
    assert.strictEqual(again.stderr, "travel-guide.yaml is there already: move it away first\n")
    assert.strictEqual(readFileSync(join(cwd, "travel-guide.yaml"), "utf8"), "mine")
    assert.strictEqual(run.code, 0)
    assert.match(run.stdout, /heat pump/i)
  })
})

describe.concurrent("the command line", { timeout: 60_000 }, () => {
  const wrong: ReadonlyArray<readonly [args: ReadonlyArray<string>, said: string]> = [
    [["run"], "Missing required argument: plan\n"],
    [["rnu", "plan.yaml"], "Did you mean this?\n    run\n"],
    [["run", "plan.yaml", "--offlin"], "Did you mean this?\n    --offline\n"],
    [
      ["check", "plan.yaml", "-j", "0"],
      'Invalid value for flag --concurrency: "0". Expected: a whole number ≥ 1, or unbounded\n'
    ],
    [[], "SUBCOMMANDS\n"]
  ]
  const cwd = folder({ "plan.yaml": plan })
  for (const [args, said] of wrong) {
    it(`answers a wrong \`fanfold ${args.join(" ")}\` on standard error alone, with 2`, async () => {
      const { code, stderr, stdout } = await fanfold(args, { cwd })
      assert.include(stderr, said)
      assert.notMatch(stderr, controls)
      assert.deepStrictEqual([code, stdout], [2, ""])
    })
  }

  it("tells its version and, on standard output, its help", async () => {
    const [version, help, run, init] = await Promise.all(
      [["--version"], ["--help"], ["run", "--help"], ["init", "--help"]].map((args) => fanfold(args))
    )
    assert.deepStrictEqual(version, { code: 0, stdout: `fanfold v${manifest.version}\n`, stderr: "" })
    for (const verb of ["run", "ask", "check", "init"]) assert.match(help!.stdout, new RegExp(`^  ${verb} `, "m"))
    assert.deepStrictEqual([help!.code, help!.stderr, run!.code], [0, "", 0])
    assert.include(init!.stdout, "written as NAME.yaml; travel-guide unless given")
    assert.match(run!.stdout, /--record file .*one that is there is added to/)
    for (const [layer, { schema }] of Object.entries(Stack.Options.fields)) {
      const options = Object.keys(schema.fields).flatMap((option) =>
        option === "limits" ? ["limits-rpm", "limits-itpm", "limits-otpm"] : [option]
      )
      for (const option of options) {
        const flag = `--${layer}-${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
        assert.match(
          run!.stdout,
          new RegExp(`^  ${flag} (n|time) +\\S.*\\(default`, "m"),
          "a flag of a layer, and what it does"
        )
      }
    }
  })

  it("gives the layers what their flags say", async () => {
    const claude = mockClaude()
    claude.fault(fault.overloaded())
    await using server = await claude.serve()
    const args = ["ask", "Why?", "--retry-attempts", "2", "--retry-max-wait", "1 millis", "--pacing-in-flight", "1"]
    args.push("--pacing-limits-rpm", "100")
    const { code, stderr } = await fanfold(args, { env: reaching(server) })
    assert.strictEqual(code, 1)
    assert.strictEqual(claude.journal.attempts, 2)
    assert.include(stderr, "Retrying ask1")
  })
})
