/** Rows, variables and lists as a process: what is asked of whom, and the tables that come of it. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { mockClaude } from "fanfold/mocks"
import { failing } from "./Planned.ts"
import { fanfold, folders, reaching, root } from "./Process.ts"

const folder = folders()
const csv = '\ufeffid,company,note\r\nacme,"Acme, Inc.",=1+2\r\nbolt,"Bolt\r\nGmbH",-5\r\n'
const asked = "What is the strategy of {company}?"

const answering = () => {
  const claude = mockClaude()
  claude.when({ user: "Acme" }).reply('=HYPERLINK("http://x")')
  claude.when({ user: "Bolt" }).reply("Grow.\nSlowly.")
  return claude
}

const guide = (...args: ReadonlyArray<string>) =>
  fanfold(["run", join(root, "examples/travel-guide.yaml"), "--offline", "--json", ...args], { hurried: true })

describe.concurrent("fanfold with material", { timeout: 120_000 }, () => {
  it("writes the rows with their answers, in order, and no formula that a spreadsheet would run", async () => {
    const claude = answering()
    await using server = await claude.serve()
    const cwd = folder({ "companies.csv": csv })
    const { code, stderr, stdout } = await fanfold(
      ["ask", asked, "--from", "companies.csv", "-o", "a.csv", "-o", "a.jsonl"],
      { cwd, env: reaching(server) }
    )
    assert.deepStrictEqual([code, stdout], [0, ""], stderr)
    assert.strictEqual(
      readFileSync(join(cwd, "a.csv"), "utf8"),
      [
        "id,company,note,ask,answer,gap",
        `acme,"Acme, Inc.",'=1+2,acme,"'=HYPERLINK(""http://x"")",`,
        'bolt,"Bolt\r\nGmbH",-5,bolt,"Grow.\nSlowly.",',
        ""
      ].join("\r\n")
    )
    const lines = readFileSync(join(cwd, "a.jsonl"), "utf8").trim().split("\n")
    assert.deepStrictEqual(
      lines.map((line) => JSON.parse(line)),
      [
        { id: "acme", company: "Acme, Inc.", note: "=1+2", ask: "acme", answer: '=HYPERLINK("http://x")' },
        { id: "bolt", company: "Bolt\r\nGmbH", note: "-5", ask: "bolt", answer: "Grow.\nSlowly." }
      ]
    )
    assert.include(stderr, "2 asks in ")
    assert.include(stderr, "Wrote a.csv\nWrote a.jsonl\n")
  })

  it("tells the gaps of rows in a column and on standard error, and ends with their exit code", async () => {
    await using server = await failing({ user: "Acme", part: "ask" }, "no such company").serve()
    const cwd = folder({ "companies.csv": csv })
    const { code, stderr } = await fanfold(["ask", asked, "--from", "companies.csv", "-o", "a.jsonl"], {
      cwd,
      env: reaching(server)
    })
    const [first = "", second = ""] = readFileSync(join(cwd, "a.jsonl"), "utf8").split("\n")
    assert.match(JSON.parse(first).gap, /^InvalidRequest: .*no such company/)
    assert.isString(JSON.parse(second).answer)
    assert.include(stderr, "No answer: acme: ")
    assert.strictEqual(code, 3)
  })

  it("folds rows into a document, and writes their table beside it", async () => {
    const cwd = folder({ "companies.csv": csv })
    const args = ["ask", asked, "--from", "companies.csv", "--synthesis", "Compare them", "-o", "a.csv", "--offline"]
    const { code, stdout } = await fanfold(args, { cwd, hurried: true })
    assert.strictEqual(code, 0)
    assert.include(stdout, "Simulated synthesis of 2 findings.")
    assert.match(readFileSync(join(cwd, "a.csv"), "utf8"), /^id,company,note,ask,answer,gap\r\nacme,/)
  })

  it("sends nothing where a row is wrong, and says where", async () => {
    const claude = mockClaude()
    await using server = await claude.serve()
    const cwd = folder({ "companies.csv": "id,company\n1,a\n2,b,c\n" })
    const args = ["ask", "{company}?", "--from", "companies.csv", "-o", "a.csv"]
    const { code, stderr, stdout } = await fanfold(args, { cwd, env: reaching(server) })
    const said =
      "companies.csv:3:1 has 3 cells, and the heading 2: a cell with a delimiter in it must stand in quotes\n"
    assert.deepStrictEqual([code, stdout, stderr], [2, "", said])
    assert.strictEqual(claude.journal.attempts, 0)
  })

  it("goes on with rows that were answered before, and pays for none twice", async () => {
    const claude = failing({ user: "Bolt", part: "ask" })
    await using server = await claude.serve()
    const cwd = folder({ "companies.csv": csv, "plan.yaml": `asks: { from: companies.csv, question: "${asked}" }\n` })
    const options = { cwd, env: { ...reaching(server), XDG_STATE_HOME: cwd } }
    const first = await fanfold(["run", "plan.yaml", "--policy", "all", "-j", "1", "-o", "a.csv"], options)
    const again = await fanfold(["run", "plan.yaml", "--policy", "all", "-j", "1", "-o", "a.csv"], options)
    assert.deepStrictEqual([first.code, again.code], [1, 1])
    assert.include(again.stderr, "Resuming: 1 of 2 asks answered")
    assert.strictEqual(claude.journal.attempts, 3)
  })

  it("checks rows without a line for each of many, and shows the longest", async () => {
    const rows = Array.from({ length: 30 }, (_, index) => `c${index},${"x".repeat(index === 20 ? 80 : 4)}\n`)
    const cwd = folder({
      "c.csv": `id,company\n${rows.join("")}`,
      "plan.yaml": `asks: { from: c.csv, question: "${asked}" }\n`
    })
    const { code, stdout } = await fanfold(["check", "plan.yaml"], { cwd })
    assert.strictEqual(code, 0)
    assert.include(stdout, "30 asks, policy best-effort")
    const listed = stdout.split("\n").flatMap((line) => /^ {2}(c\d+|…)/.exec(line)?.[1] ?? [])
    assert.deepStrictEqual(listed, [...Array.from({ length: 10 }, (_, index) => `c${index}`), "…", "c20"])
    assert.include(stdout, "… and 19 more rows, none longer than\n")
  })

  it("does not write over the file of the rows", async () => {
    const cwd = folder({ "companies.csv": csv })
    const args = ["ask", asked, "--from", "companies.csv", "-o", "companies.csv", "--offline"]
    const { code, stderr } = await fanfold(args, { cwd })
    assert.deepStrictEqual([code, stderr], [2, "-o companies.csv: is the rows of the plan: name another file\n"])
  })

  it("runs the travel guide for another city, whose answers say that they are simulated", async () => {
    const cwd = folder({ "vars.toml": 'city = "Oslo"\n' })
    const [lisbon, kyoto, oslo] = await Promise.all([
      guide(),
      guide("--var", "city=Kyoto"),
      guide("--vars", join(cwd, "vars.toml"))
    ])
    const reports = [lisbon, kyoto, oslo].map(({ stdout }) => JSON.parse(stdout))
    assert.match(reports[0].document, /^# Lisbon in three days/)
    assert.match(reports[1].questions.culture, /visitor to Kyoto know/)
    for (const answer of Object.values(reports[1].answers)) assert.match(String(answer), /^Simulated answer to .*Kyoto/)
    assert.match(reports[2].questions.culture, /visitor to Oslo know/)
  })

  it("says what is wrong with a variable of the command line", async () => {
    const plan = join(root, "examples/travel-guide.yaml")
    const ended = await Promise.all(
      [
        ["--var", "city"],
        ["--var", "a=1", "--var", "a=2"],
        ["--vars", "no.yaml"],
        ["--var", "citi=x"]
      ].map((args) => fanfold(["check", plan, ...args]))
    )
    const said = [
      "--var city: expected name=value, such as city=Lisbon",
      "--var a=2: a is given twice",
      "--vars no.yaml: no such file",
      "--var citi: nothing in the plan uses it: {citi} names no variable; near: city"
    ]
    for (const [index, { code, stderr }] of ended.entries()) {
      assert.include(stderr, said[index]!)
      assert.strictEqual(code, 2)
    }
  })

  it("says how to use a file of rows that is given as a plan", async () => {
    const cwd = folder({ "companies.csv": csv, "list.md": "- What?\n- Why?\n" })
    const [rows, list] = await Promise.all([
      fanfold(["check", "companies.csv"], { cwd }),
      fanfold(["run", "list.md", "--offline"], { cwd })
    ])
    assert.deepStrictEqual(
      [rows.stderr, list.stderr],
      [
        'companies.csv: these are rows, and a plan has asks by name; to ask them: fanfold ask "What is {note}?" --from companies.csv -o answers.csv\n',
        "list.md: these are questions, and a plan has asks by name; to ask them: fanfold ask --from list.md\n"
      ]
    )
    assert.deepStrictEqual([rows.code, list.code], [2, 2])
  })

  it("says how to use a document that is given as a plan, and that a table is empty", async () => {
    const cwd = folder({ "contract.pdf": "%PDF-1.7\n", "none.csv": "" })
    const [document, table] = await Promise.all([
      fanfold(["check", "contract.pdf"], { cwd }),
      fanfold(["run", "none.csv", "--offline"], { cwd })
    ])
    assert.deepStrictEqual(
      [document.stderr, table.stderr],
      [
        'contract.pdf: this is a document, and a plan has asks by name; to ask about it: fanfold ask "What does it say?" --file contract.pdf\n',
        "none.csv: is empty: expected rows under a heading\n"
      ]
    )
    assert.deepStrictEqual([document.code, table.code], [2, 2])
  })

  it("names the file that is larger than the window of a model", async () => {
    const cwd = folder({ "log.txt": "word ".repeat(1_000_000) })
    const { code, stderr } = await fanfold(["ask", "What?", "--file", "log.txt", "--offline"], { cwd })
    assert.match(stderr, /^--file log\.txt: the context has about 1,\d{3},\d{3} tokens, more than the 1,000,000 of/)
    assert.strictEqual(code, 2)
  })
})
