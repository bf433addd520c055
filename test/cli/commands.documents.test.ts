/** Questions about documents as a process: what is sent, what the journal keeps, and what is told of files that cannot be sent. */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { mockClaude } from "fanfold/mocks"
import { pdfOf, pngOf } from "../documents/Files.ts"
import { fanfold, folders, reaching, root } from "./Process.ts"

const folder = folders()
const contract = join(root, "examples/contract.pdf")

/** The tokens that a run wrote to the prompt cache and read there, by ask. */
const cacheOf = (report: string) => {
  const { spent } = JSON.parse(report) as {
    spent: { asks: Record<string, { usage: { cacheCreationInputTokens: number; cacheReadInputTokens: number } }> }
  }
  return Object.values(spent.asks).map(({ usage }) => [usage.cacheCreationInputTokens, usage.cacheReadInputTokens])
}

describe.concurrent("fanfold with documents", { timeout: 120_000 }, () => {
  it("sends a PDF with each question, writes it to the cache once, and keeps it in the journal once", async () => {
    await using server = await mockClaude().serve()
    const cwd = folder()
    copyFileSync(contract, join(cwd, "contract.pdf"))
    const args = ["ask", "Who pays?", "Who may leave?", "Which law?", "--file", "contract.pdf", "--json"]
    const { code, stderr, stdout } = await fanfold([...args, "--journal", "j.db"], { cwd, env: reaching(server) })
    assert.strictEqual(code, 0, stderr)
    assert.deepStrictEqual(cacheOf(stdout).toSorted(), [
      [0, 11_576],
      [0, 11_576],
      [11_576, 0]
    ])
    const journal = new DatabaseSync(join(cwd, "j.db"), { readOnly: true })
    const texts = journal.prepare("SELECT length(body) AS length FROM text").all()
    const requests = journal.prepare("SELECT length(json) AS length FROM request").all()
    journal.close()
    assert.deepStrictEqual(
      texts.map(({ length }) => Number(length)),
      [6336]
    )
    assert.isTrue(requests.length === 3 && requests.every(({ length }) => Number(length) < 1000))
  })

  it("asks about each file of a pattern, with the files of all after its own", async () => {
    const claude = mockClaude()
    await using server = await claude.serve()
    const cwd = folder({
      "plan.yaml": "asks: { from: '*.pdf', question: What is it?, files: logo.png }\nsynthesis: Compare them.\n"
    })
    for (const name of ["a.pdf", "b.pdf"]) writeFileSync(join(cwd, name), pdfOf([name]))
    writeFileSync(join(cwd, "logo.png"), pngOf(75, 100))
    const check = await fanfold(["check", "plan.yaml"], { cwd })
    assert.include(
      check.stdout,
      "Documents:\n" +
        "  a.pdf: 1 page, about 3,850 tokens (estimated), in 1 ask\n" +
        "  logo.png: 75 × 100 pixels, about 10 tokens (estimated), in 2 asks\n" +
        "  b.pdf: 1 page, about 3,850 tokens (estimated), in 1 ask\n"
    )
    const { code, stderr } = await fanfold(["run", "plan.yaml"], { cwd, env: reaching(server) })
    assert.strictEqual(code, 0, stderr)
    assert.deepStrictEqual(claude.journal.verdict().problems, [])
  })

  it("tells what is wrong with files by their names, and sends nothing", async () => {
    const claude = mockClaude()
    await using server = await claude.serve()
    const cwd = folder({
      "latin.txt": "",
      "plan.yaml": "context:\n  - { file: locked.pdf }\n  - { file: wide.png }\n  - { file: sub }\nasks: { a: x }\n"
    })
    writeFileSync(join(cwd, "latin.txt"), Buffer.from("Caf\xe9 ", "latin1"))
    writeFileSync(join(cwd, "locked.pdf"), pdfOf(["One."], "unknown"))
    writeFileSync(join(cwd, "wide.png"), pngOf(9000, 10))
    mkdirSync(join(cwd, "sub"))
    const env = reaching(server)
    const [run, ask] = await Promise.all([
      fanfold(["run", "plan.yaml"], { cwd, env }),
      fanfold(["ask", "Who?", "--file", "latin.txt"], { cwd, env })
    ])
    assert.deepStrictEqual([run.code, ask.code], [2, 2])
    assert.strictEqual(
      run.stderr,
      "plan.yaml:2:7 context.0.file: locked.pdf: is a PDF with a password or encryption, which the API rejects: save it without\n" +
        "plan.yaml:3:7 context.1.file: wide.png: has 9,000 × 10 pixels, and the API takes 8,000 on each side: save it smaller\n" +
        "plan.yaml:4:7 context.2.file: sub: is a folder: name the files in it\n"
    )
    assert.strictEqual(
      ask.stderr,
      "--file latin.txt: is not UTF-8 (byte 0xE9 in line 1, at offset 3): save it as UTF-8\n"
    )
    assert.strictEqual(claude.journal.attempts, 0)
  })
})
