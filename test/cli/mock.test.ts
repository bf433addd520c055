/** The offline Claude on the command line: as a server, on a tape, and played from it. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { mockClaude } from "fanfold/mocks"
import { fanfold, folders, key, reaching, root, start, until } from "./Process.ts"

const folder = folders()

/** Starts the server verb and gives the base URL it prints. */
const serve = async (args: ReadonlyArray<string>, cwd: string) => {
  const running = start(["mock", "--port", "0", ...args], { cwd })
  let url = ""
  running.child.stdout?.on("data", (chunk) => (url += chunk))
  await until(() => url.endsWith("\n") || running.child.exitCode !== null)
  return { ...running, url: url.trim() }
}

describe("fanfold mock", () => {
  it("serves a scenario on loopback until it is interrupted", async () => {
    const scenario = `
replies:
  - { when: { user: capital }, reply: Paris }
faults:
  - { fault: { kind: status, status: 529, type: overloaded_error, message: Overloaded }, times: 1 }
`
    const server = await serve(["--scenario", "scenario.yaml"], folder({ "scenario.yaml": scenario }))
    assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+$/)
    const asked = await fanfold(["ask", "The capital of France?"], { env: reaching(server) })
    assert.strictEqual(asked.code, 0, asked.stderr)
    assert.include(asked.stdout, "Paris")
    assert.include(asked.stderr, "Retrying ask1")
    server.child.kill("SIGINT")
    assert.strictEqual((await server.ended).code, 130)
  })

  it("plays the example of a scenario as it says of itself", async () => {
    const server = await serve(["--scenario", join(root, "examples/scenario.yaml")], folder())
    const plan = `
asks:
  capital: What is the capital of France?
  moon: { question: How far is the moon?, answer: { type: object, properties: { km: { type: number } }, required: [km] } }
  toxin: Which toxin is the worst?
synthesis: Tell it
`
    const args = ["run", "-", "--json"]
    const { code, stderr, stdout } = await fanfold(args, { cwd: folder(), env: reaching(server), stdin: plan })
    server.child.kill("SIGINT")
    await server.ended
    assert.strictEqual(code, 3, stderr)
    const { answers, gaps } = JSON.parse(stdout)
    assert.deepStrictEqual(answers, { capital: "Paris", moon: { km: 384400 } })
    assert.deepStrictEqual(
      gaps.map(({ name, reason }: { readonly name: string; readonly reason: string }) => [name, reason]),
      [["toxin", "Refused"]]
    )
    assert.match(stderr, /Retrying (capital|moon|toxin) in .*overloaded/i)
    assert.match(stderr, /Retrying the synthesis in/)
  })

  it("tells what is wrong with a scenario, and where, and serves nothing", async () => {
    const { code, stderr, stdout } = await fanfold(["mock", "--scenario", "scenario.yaml"], {
      cwd: folder({ "scenario.yaml": "seed: much\nreplys: []\n" })
    })
    assert.deepStrictEqual([code, stdout], [2, ""])
    assert.include(stderr, "scenario.yaml:1:1 seed: expected")
    assert.include(stderr, "scenario.yaml:2:1 replys: unknown key")
  })

  it("says so where the port is taken", async () => {
    await using taken = await mockClaude().serve()
    const { code, stderr } = await fanfold(["mock", "--port", String(taken.port)])
    assert.strictEqual(code, 2)
    assert.match(stderr, /^Cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/)
  })
})

describe("a tape", () => {
  it("keeps a run without its key and plays it again without Claude", async () => {
    const claude = mockClaude()
    claude.when({ user: /Sky/ }).reply("Blue.")
    claude.when({ user: /Grass/ }).reply("Green.")
    const server = await claude.serve()
    const cwd = folder()
    const recorded = await fanfold(["ask", "Sky?", "Grass?", "--record", "tape.jsonl"], { cwd, env: reaching(server) })
    await server.close()
    assert.strictEqual(recorded.code, 0, recorded.stderr)
    assert.notInclude(readFileSync(join(cwd, "tape.jsonl"), "utf8"), key)

    const replayed = await fanfold(["ask", "Sky?", "Grass?", "--replay", "tape.jsonl"], { cwd })
    assert.deepStrictEqual([replayed.code, replayed.stdout], [0, recorded.stdout])
    assert.match(replayed.stderr, /^replay: recorded answers of tape\.jsonl\n/)

    const other = await fanfold(["ask", "Sea?", "--replay", "tape.jsonl"], { cwd })
    assert.strictEqual(other.code, 1)
    assert.strictEqual(other.stderr.match(/not on the tape: POST \/v1\/messages "Sea\?"/g)?.length, 2)
  })

  it("is added to, which is said, and only where it is a tape", async () => {
    const claude = mockClaude()
    await using server = await claude.serve()
    const cwd = folder({ "notes.txt": "mine\n" })
    const run = (tape: string) => fanfold(["ask", "Sky?", "--record", tape], { cwd, env: reaching(server) })
    const said = "record: adding to tape.jsonl, which holds"
    assert.notInclude((await run("tape.jsonl")).stderr, said)
    assert.include((await run("tape.jsonl")).stderr, `${said} 1 exchange already\n`)
    assert.include((await run("tape.jsonl")).stderr, `${said} 2 exchanges already\n`)
    assert.strictEqual(readFileSync(join(cwd, "tape.jsonl"), "utf8").match(/\n/g)?.length, 3)
    const other = await run("notes.txt")
    assert.deepStrictEqual(other, {
      code: 2,
      stdout: "",
      stderr: "--record notes.txt: line 1 is no exchange of a tape\n"
    })
    assert.strictEqual(claude.journal.attempts, 3)
  })

  it("that cannot be written to its end costs no answer, and is told once, by the exit code too", async ({ skip }) => {
    if (!existsSync("/dev/full")) skip("this machine has no /dev/full")
    await using server = await mockClaude().serve()
    const args = ["ask", "Sky?", "Grass?", "--synthesis", "Fold", "--record", "/dev/full", "--quiet"]
    const { code, stderr, stdout } = await fanfold(args, { cwd: folder(), env: reaching(server) })
    assert.strictEqual(code, 1)
    assert.match(stderr, /^The tape \/dev\/full is incomplete: ENOSPC[^\n]*\n$/)
    assert.include(stdout, "Simulated synthesis of 2 findings.")
  })

  it("refuses a tape that is not there, and two ways at once", async () => {
    const [missing, both] = await Promise.all([
      fanfold(["ask", "Sky?", "--replay", "none.jsonl"]),
      fanfold(["ask", "Sky?", "--replay", "none.jsonl", "--offline"])
    ])
    assert.deepStrictEqual([missing.code, missing.stdout, both.code, both.stdout], [2, "", 2, ""])
    assert.include(missing.stderr, "--replay none.jsonl")
    assert.include(both.stderr, "--offline and --replay exclude each other")
  })
})
