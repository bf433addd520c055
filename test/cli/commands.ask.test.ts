/** `fanfold ask` as a process: questions from the command line, and their answers. */
import { assert, describe, it } from "@effect/vitest"
import { mockClaude } from "fanfold/mocks"
import { fanfold, reaching } from "./Process.ts"

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

  it("searches the web for each question with --web-search, and names its sources", async () => {
    await using server = await mockClaude().serve()
    const { code, stderr, stdout } = await fanfold(["ask", "Sky news?", "Grass news?", "--web-search"], {
      env: reaching(server)
    })
    assert.strictEqual(code, 0)
    assert.include(stderr, "with 2 web searches (estimated)")
    for (const name of ["news", "grass-news"]) assert.include(stdout, `https://example.org/${name}/1`)
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
