/** The journal of the command line: what a second run asks again, what it says of that, and what `check` foretells. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it, vi } from "@effect/vitest"
import { fault, latency, mockClaude } from "fanfold/mocks"
import { jsonIn, plan } from "./Planned.ts"
import { fanfold, folders, reaching, start as begun } from "./Process.ts"

const folder = folders()

/** A server with the number of requests it got, and a plan in a folder, with a journal beside it. */
const start = async (claude = mockClaude()) => {
  const server = await claude.serve()
  const cwd = folder({ "plan.yaml": plan })
  const run = (...args: ReadonlyArray<string>) =>
    fanfold([...args, "--journal", "journal.sqlite"], { cwd, env: reaching(server) })
  const sent = () => claude.journal.attempts
  return { server, cwd, run, sent, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

describe.concurrent("the journal of a run", { timeout: 120_000 }, () => {
  it("goes on with a run whose synthesis failed, and foretells that", async () => {
    const claude = mockClaude()
    const wrong = fault.other(400, { type: "invalid_request_error", message: "no", shouldRetry: false })
    // A rejected request is sent once more without the API's own fallbacks, which an older API does not know.
    claude.fault(wrong, { when: { part: "synthesis" }, times: 2 })
    await using session = await start(claude)
    assert.strictEqual((await session.run("run", "plan.yaml")).code, 1)
    assert.strictEqual(session.sent(), 4)
    const { stdout } = await session.run("check", "plan.yaml")
    assert.match(
      stdout,
      /^Journal: 2 of 2 asks answered from it; new: the synthesis: at most \$\S+ instead of \$0\.3782$/m
    )
    const { code, stderr } = await session.run("run", "plan.yaml")
    assert.match(stderr, /^Resuming: 2 of 2 asks answered, \$\S+ spent$/m)
    assert.match(stderr, /^✅ sun is from the journal, just now$/m)
    assert.match(stderr, /^2 answers from the journal: about \$\S+ saved \(estimated\)$/m)
    assert.deepStrictEqual([code, session.sent()], [0, 5])
  })

  it("says how much of an unfinished run the plan still asks after an edit", async () => {
    const claude = mockClaude()
    const wrong = fault.other(400, { type: "invalid_request_error", message: "no", shouldRetry: false })
    claude.fault(wrong, { when: { part: "synthesis" }, times: 2 })
    await using session = await start(claude)
    await session.run("run", "plan.yaml")
    writeFileSync(join(session.cwd, "plan.yaml"), plan.replace("the moon", "Mars"))
    assert.include(
      (await session.run("check", "plan.yaml")).stdout,
      "Journal: 1 of 2 asks answered from it; new: 1 ask, the comparison and the synthesis: at most"
    )
    const { stderr } = await session.run("run", "plan.yaml")
    assert.match(
      stderr,
      /^Resuming: 1 of 2 asks answered, \$\S+ spent; 1 answer is to an ask that the plan does not have as it is$/m
    )
  })

  it("asks a finished plan again, says what --reuse would have kept, and takes all with it", async () => {
    await using session = await start()
    const first = await session.run("run", "plan.yaml")
    const second = await session.run("run", "plan.yaml")
    assert.match(
      second.stderr,
      /^The journal had 2 answers to what was asked again: --reuse would have taken them, and saved about/m
    )
    assert.strictEqual(session.sent(), 6)
    assert.include((await session.run("check", "plan.yaml", "--reuse")).stdout, "and the synthesis: nothing is sent")
    const third = await session.run("run", "plan.yaml", "--reuse", "-o", "report.json", "-o", "report.md")
    assert.strictEqual(session.sent(), 6)
    assert.strictEqual(third.code, 0)
    const { document, estimatedCostUsd, spent } = jsonIn(session.cwd, "report.json")
    assert.include([first.stdout, second.stdout], `${document}\n`)
    assert.strictEqual(estimatedCostUsd, 0)
    for (const part of [spent.asks.sun, spent.asks.moon, spent.synthesis]) {
      assert.hasAllKeys(part.reused, ["from", "paidAt", "estimatedCostUsd"])
      assert.strictEqual(part.attempts, 0)
    }
  })

  it("foretells that a renamed ask is compared and folded anew, and not asked", async () => {
    await using session = await start()
    const named = (name: string) =>
      writeFileSync(
        join(session.cwd, "plan.yaml"),
        `asks: { ${name}: How far is the sun?, moon: How far is the moon? }\nsynthesis: { instruction: Compare., contradictions: warn }\n`
      )
    named("sun")
    await session.run("run", "plan.yaml")
    named("star")
    const { stdout } = await session.run("check", "plan.yaml", "--reuse")
    assert.include(stdout, "Journal: 2 of 2 asks answered from it; new: the comparison and the synthesis: at most")
    const sent = session.sent()
    await session.run("run", "plan.yaml", "--reuse")
    assert.strictEqual(session.sent() - sent, 2)
  })

  it("waits for a run of the same plan, and takes what that was answered", async () => {
    const claude = mockClaude({ latency: latency.fixed(1500) })
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": plan })
    const begin = () => begun(["run", "plan.yaml", "--journal", "journal.sqlite"], { cwd, env: reaching(server) })
    const first = begin()
    await vi.waitUntil(() => claude.journal.attempts === 2, { timeout: 60_000 })
    // It cannot end before the other one waits for it.
    first.child.kill("SIGSTOP")
    const second = begin()
    await new Promise<void>((resolve) =>
      second.child.stderr!.on("data", (said: Buffer) => {
        if (String(said).startsWith("Waiting for another run of this plan")) resolve()
      })
    )
    first.child.kill("SIGCONT")
    const [one, other] = await Promise.all([first.ended, second.ended])
    assert.deepStrictEqual([one.code, other.code, other.stdout], [0, 0, one.stdout])
    assert.match(other.stderr, /^Resuming: 2 of 2 asks answered, /m)
    assert.strictEqual(claude.journal.attempts, 3)
  })

  it("keeps and takes nothing where the plan says so, or --fresh does", async () => {
    await using session = await start()
    await session.run("run", "plan.yaml")
    const fresh = await session.run("run", "plan.yaml", "--fresh")
    assert.notInclude(fresh.stderr, "journal")
    assert.strictEqual(session.sent(), 6)
    const cwd = folder({ "plan.yaml": `${plan}\njournal: false\n` })
    const env = { ...reaching(session.server), XDG_STATE_HOME: join(cwd, "state") }
    await fanfold(["run", "plan.yaml"], { cwd, env })
    await fanfold(["run", "plan.yaml"], { cwd, env })
    assert.strictEqual(session.sent(), 12)
    const off = folder({ "plan.yaml": plan })
    await fanfold(["run", "plan.yaml", "--no-journal"], {
      cwd: off,
      env: { ...env, XDG_STATE_HOME: join(off, "state") }
    })
    assert.isFalse(existsSync(join(off, "state/fanfold/journal.sqlite")))
  })

  it("refuses to reuse what no journal keeps, and says how that is mended", async () => {
    const cwd = folder({
      "off.yaml": `${plan}\njournal: false\n`,
      "reusing.yaml": `${plan}\nreuse: 7 days\n`,
      "plan.yaml": plan
    })
    const mends: ReadonlyArray<[ReadonlyArray<string>, RegExp]> = [
      [
        ["off.yaml", "--reuse"],
        /^--reuse and journal: false in the plan exclude .*--journal FILE\), or leave --reuse out$/m
      ],
      [
        ["plan.yaml", "--no-journal", "--reuse"],
        /^--reuse and --no-journal exclude .*leave --no-journal out, or leave/m
      ],
      [["reusing.yaml", "--no-journal"], /^reuse in the plan and --no-journal exclude .*, or add --fresh$/m]
    ]
    for (const [words, message] of mends) {
      for (const verb of ["check", "run"]) {
        const { code, stderr } = await fanfold([verb, ...words], { cwd })
        assert.deepStrictEqual([code, message.test(stderr)], [2, true], stderr)
      }
    }
    for (const words of [
      ["reusing.yaml", "--no-journal", "--fresh"],
      ["off.yaml", "--fresh"]
    ]) {
      assert.strictEqual((await fanfold(["check", ...words], { cwd })).code, 0)
    }
  })

  it("lets --fresh and --reuse win over the plan's own rule, and takes only one of them", async () => {
    await using session = await start()
    await session.run("run", "plan.yaml")
    writeFileSync(join(session.cwd, "plan.yaml"), `${plan}reuse: 7 days\n`)
    await session.run("run", "plan.yaml", "--fresh")
    assert.strictEqual(session.sent(), 6)
    writeFileSync(join(session.cwd, "plan.yaml"), `${plan}reuse: never\n`)
    await session.run("run", "plan.yaml", "--reuse")
    assert.strictEqual(session.sent(), 6)
    const both = await session.run("run", "plan.yaml", "--reuse", "--fresh")
    assert.deepStrictEqual([both.code, both.stderr], [2, "--reuse and --fresh exclude each other\n"])
  })

  it("foretells that simulated answers are not taken, and what a plan without a synthesis needs", async () => {
    await using session = await start()
    await session.run("run", "plan.yaml", "--offline")
    const simulated = await session.run("check", "plan.yaml", "--reuse")
    assert.match(simulated.stdout, /^Journal: 0 of 2 asks answered from it; simulated answers do not count$/m)
    writeFileSync(join(session.cwd, "asks.yaml"), plan.replace(/synthesis.*\n/, ""))
    await session.run("run", "asks.yaml")
    const { stdout } = await session.run("check", "asks.yaml", "--reuse")
    assert.match(stdout, /^Journal: 2 of 2 asks answered from it: nothing is sent$/m)
  })

  it("foretells why answers do not count: simulated ones only where there are some of this plan, others by their age", async () => {
    await using session = await start()
    const foretold = async (...args: ReadonlyArray<string>) => {
      const { stderr, stdout } = await session.run("check", "plan.yaml", ...args)
      return [/^Journal: .*$/m.exec(stdout)?.[0], stderr]
    }
    const none = "Journal: 0 of 2 asks answered from it"
    await session.run("run", "plan.yaml")
    writeFileSync(join(session.cwd, "plan.yaml"), `${plan}reuse: 1 millis\n`)
    assert.deepStrictEqual(await foretold(), [`${none}; those it has are older than reuse allows`, ""])
    writeFileSync(join(session.cwd, "plan.yaml"), plan.replaceAll("How far", "How old"))
    assert.deepStrictEqual(await foretold("--reuse"), [none, ""])
    await session.run("run", "plan.yaml", "--offline")
    assert.deepStrictEqual(await foretold("--reuse"), [`${none}; simulated answers do not count`, ""])
  })

  it("foretells that a run waits for one of the same plan that is under way", async () => {
    const claude = mockClaude({ latency: latency.fixed(60_000) })
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": plan })
    const options = { cwd, env: reaching(server) }
    const first = begun(["run", "plan.yaml", "--journal", "journal.sqlite"], options)
    await vi.waitUntil(() => claude.journal.attempts === 2, { timeout: 60_000 })
    const { stdout } = await fanfold(["check", "plan.yaml", "--journal", "journal.sqlite"], options)
    assert.match(
      stdout,
      /^Journal: \w+, a run of this plan, is under way with 0 answers so far: another run waits for it/m
    )
    first.child.kill("SIGKILL")
    await first.ended
  })

  it("is not read by check where it is damaged, which says so and not that a run is not kept", async () => {
    await using session = await start()
    await session.run("run", "plan.yaml")
    const file = join(session.cwd, "journal.sqlite")
    const database = new DatabaseSync(file)
    const pages = database
      .prepare("SELECT rootpage FROM sqlite_schema WHERE tbl_name IN ('request_key', 'entry', 'turn') AND rootpage > 0")
      .all()
    const size = Number(database.prepare("PRAGMA page_size").get()!["page_size"])
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    const bytes = readFileSync(file)
    for (const { rootpage } of pages) bytes.fill(0x5a, (Number(rootpage) - 1) * size, Number(rootpage) * size)
    writeFileSync(file, bytes)
    const { code, stderr, stdout } = await session.run("check", "plan.yaml", "--reuse")
    assert.match(stderr, /^The journal is not read: the journal \S+ cannot be read: .*\n$/)
    assert.notMatch(stdout, /^Journal:/m)
    assert.strictEqual(code, 0)
  })
})
