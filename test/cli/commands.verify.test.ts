/** `fanfold verify` and `contradictions: fail` as processes: what they find, and the exit codes they end with. */
import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { mockClaude } from "fanfold/mocks"
import { hashOf } from "../../src/pipeline/CitedAnswer.ts"
import { jsonIn } from "./Planned.ts"
import { fanfold, folders, reaching } from "./Process.ts"

const folder = folders()

const plan = `asks:
  sun: How far is the sun?
  moon: { question: How far is the moon?, answer: { type: object, properties: { km: { type: integer } }, required: [km] } }
synthesis: { instruction: Compare both., citations: true, contradictions: fail }
`

const sun = "The sun is 150 million km away, and the moon is 300,000 km away."

const right = "The sun is 150 million km away [sun]. The moon is 384400 km away [moon]."

/** Runs the plan with a Claude that answers so, with the second document where the marks of the first are wrong, and writes `doc.md`. */
const written = async (contradictions = false, first = right, second = right) => {
  const claude = mockClaude({
    scenario: contradictions
      ? { contradictions: [{ subject: "distance of the moon", statements: { sun: "300,000 km", moon: "384400" } }] }
      : {}
  })
  claude.when({ user: "The marks of your document are wrong" }).reply(second)
  claude.when({ part: "ask", user: "sun" }).reply(sun)
  claude.when({ part: "ask", user: "moon" }).reply({ km: 384_400 })
  claude.when({ part: "synthesis" }).reply(first)
  await using server = await claude.serve()
  const cwd = folder({ "plan.yaml": plan })
  const env = reaching(server)
  const ran = await fanfold(["run", "plan.yaml", "-o", "doc.md", "-o", "doc.json", "--journal", "j.sqlite"], {
    cwd,
    env
  })
  const { run } = jsonIn(cwd, "doc.json")
  const verify = (...args: ReadonlyArray<string>) => fanfold(["verify", "doc.md", ...args], { cwd })
  const edit = (file: string, change: (text: string) => string) =>
    writeFileSync(join(cwd, file), change(readFileSync(join(cwd, file), "utf8")))
  return { cwd, ran, run, verify, edit }
}

describe.concurrent("fanfold verify", { timeout: 60_000 }, () => {
  it("ends with 0 for a document that is what its run has written, by the journal too", async () => {
    const { ran, run, verify } = await written()
    assert.strictEqual(ran.code, 0, ran.stderr)
    for (const args of [[], ["--run", run, "--journal", "j.sqlite"]]) {
      const { code, stdout } = await verify(...args)
      assert.deepStrictEqual([code, /(\d+) errors?, (\d+) warnings?/.exec(stdout)?.slice(1)], [0, ["0", "0"]], stdout)
    }
  })

  it.each([
    ["the first document, where the second was no better", "warning", right.replace(" [moon]", ""), "Nothing is so."],
    ["the second, where it was", "", right.replace("[moon]", "[moons]"), right]
  ])("takes from the journal what was delivered: %s", async (_, fault, first, second) => {
    const { cwd, ran, run, verify } = await written(false, first, second)
    assert.strictEqual(ran.code, 0, ran.stderr)
    const { code, stdout } = await verify("--run", run, "--journal", "j.sqlite")
    assert.strictEqual(code, 0, stdout)
    assert.notInclude(stdout, "another statement")
    assert.strictEqual(stdout.includes("warning:"), fault !== "", stdout)
    await fanfold(["report", run, "--journal", "j.sqlite", "-o", "kept.json"], { cwd })
    assert.strictEqual(jsonIn(cwd, "kept.json").document, jsonIn(cwd, "doc.json").document)
  })

  it("ends with 1 for an answer and its proof that were changed together, which only the journal shows", async () => {
    const { edit, run, verify } = await written()
    edit("doc.md", (text) => text.replaceAll("150 million", "140 million"))
    edit("doc.proof.json", (text) => {
      const proof = JSON.parse(text)
      proof.answers.sun.sha256 = hashOf(sun.replace("150", "140"))
      return JSON.stringify({ ...proof, document: "" })
    })
    edit("doc.proof.json", (text) => text.replace('"document":""', `"document":"${"0".repeat(64)}"`))
    const { code, stdout } = await verify("--run", run, "--journal", "j.sqlite")
    assert.strictEqual(code, 1)
    assert.include(stdout, "error: the answer to sun is not the one that the journal has: its hash differs")
    assert.include(
      stdout,
      "error: the document is not the one that the journal has: it has another statement: The sun is 140"
    )
    assert.notInclude(stdout, "the answer to moon is not")
  })

  it("ends with 1 for a changed document, and with 2 where a file or the run is missing", async () => {
    const { cwd, edit, verify } = await written()
    const unknown = await verify("--run", "nothing", "--journal", "j.sqlite")
    assert.strictEqual(unknown.code, 2, unknown.stderr)
    edit("doc.md", (text) => text.replace("[\\[1\\]](#answer-sun)", ""))
    const changed = await verify()
    assert.strictEqual(changed.code, 1)
    assert.include(changed.stdout, "its hash differs")
    const missing = await fanfold(["verify", "none.md"], { cwd })
    assert.deepStrictEqual([missing.code, missing.stderr.trim()], [2, "none.md: cannot be read"])
    const json = await fanfold(["verify", "doc.json"], { cwd })
    const expected = "doc.json: expected a Markdown file (.md), which has the answers"
    assert.deepStrictEqual([json.code, json.stderr.trim()], [2, expected])
  })
})

describe.concurrent("the proof of an earlier document", { timeout: 60_000 }, () => {
  it("is removed where a run ends without a document, and where one of the journal is written there", async () => {
    const { cwd, run } = await written()
    const proof = join(cwd, "doc.proof.json")
    const kept = readFileSync(proof)
    const claude = mockClaude()
    claude.when({ part: "synthesis" }).reply({ $refusal: "cyber" })
    await using server = await claude.serve()
    const words = ["run", "plan.yaml", "-o", "doc.md", "--journal", "k.sqlite"]
    const failed = await fanfold(words, { cwd, env: reaching(server) })
    assert.notStrictEqual(failed.code, 0)
    assert.isFalse(existsSync(proof))
    assert.include(failed.stderr, "Removed doc.proof.json, the proof of the document that was in doc.md\n")
    assert.strictEqual((await fanfold(["verify", "doc.md"], { cwd })).code, 2)

    writeFileSync(proof, kept)
    await fanfold(["report", run, "--journal", "j.sqlite", "-o", "doc.md"], { cwd })
    assert.isFalse(existsSync(proof))
  })

  it("is left alone where it is another's file, or where the document cannot be written", async () => {
    const { cwd, run } = await written()
    const proof = join(cwd, "doc.proof.json")
    for (const [file, text] of [
      ["other.proof.json", '{ "version": 1 }'],
      ["full.proof.json", readFileSync(proof, "utf8")]
    ] as const) {
      writeFileSync(join(cwd, file), text)
    }
    symlinkSync("/dev/full", join(cwd, "full.md"))
    const report = ["report", run, "--journal", "j.sqlite", "-o", "other.md", "-o", "full.md"]
    assert.strictEqual((await fanfold(report, { cwd })).code, 1)
    assert.strictEqual(readFileSync(join(cwd, "other.proof.json"), "utf8"), '{ "version": 1 }')
    assert.isTrue(existsSync(join(cwd, "full.proof.json")))
  })
})

describe.concurrent("a run with contradictions: fail", { timeout: 60_000 }, () => {
  it("delivers the document, names them, and ends with 5", async () => {
    const { cwd, ran } = await written(true)
    assert.strictEqual(ran.code, 5, ran.stderr)
    assert.match(
      ran.stderr,
      /the answers contradict each other: distance of the moon: sun says 300,000 km, moon says 384400/
    )
    assert.notInclude(ran.stderr, "--reuse")
    const { contradictions, document } = jsonIn(cwd, "doc.json")
    assert.strictEqual(contradictions[0].subject, "distance of the moon")
    assert.include(document, "The sun is 150 million km away")
    assert.match(
      readFileSync(join(cwd, "doc.md"), "utf8"),
      /\n## Contradictions\n\n.*\n\n- \*\*distance of the moon\*\*: sun says “300,000 km”/
    )
  })
})
