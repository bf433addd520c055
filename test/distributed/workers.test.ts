/** Runs whose asks are answered by workers, over a real PostgreSQL, each process a real one that may be killed. */
import { assert, describe, it } from "@effect/vitest"
import { fanfold, folders, reaching, until } from "../cli/Process.ts"
import { isInstalled, server } from "../Postgres.ts"
import { answered, machinesIn, succeeded } from "./Machines.ts"

const postgres = server()
const folder = folders()
const machines = (asks: number, latency: number) => machinesIn(folder)(postgres(), { asks, latency })

const timeout = 60_000

/** Runs the plan once more, to see that it has everything. A worker may still have calls that another one's answers have overtaken. */
const rerun = async (all: Awaited<ReturnType<typeof machines>>) => {
  await all.end()
  const before = all.claude.journal.attempts
  succeeded(await all.run(0, "--reuse").ended)
  assert.strictEqual(all.claude.journal.attempts, before)
}

describe.skipIf(!isInstalled)("workers", () => {
  it("answer the asks of a run on another machine, each once", { timeout }, async () => {
    await using all = await machines(40, 200)
    const workers = [all.worker(), all.worker(), all.worker()]
    const run = await all.run().ended
    succeeded(run)
    assert.lengthOf(answered(all.cwd), 40)
    assert.strictEqual(all.claude.journal.attempts, 40)
    assert.match(run.stderr, /40 asks in/)
    assert.include(run.stderr, "No ask is sent by this process: all wait for fanfold worker with the same --journal\n")
    assert.notMatch(run.stderr, /may be paid twice/)
    for (const { child } of workers) child.kill("SIGTERM")
    const ends = await Promise.all(workers.map(({ ended }) => ended))
    for (const { code, stderr } of ends) {
      assert.strictEqual(code, 0, stderr)
      assert.match(
        stderr,
        /^Worker for runs of postgres:\/\/127.0.0.1:\d+\/\w+ that ask http:\/\/\S+, 8 at once; Ctrl-C ends it\n/
      )
      assert.notMatch(stderr, /Question/)
    }
    await rerun(all)
  })

  it("that are killed have their calls sent again by another one, which the run tells", { timeout }, async () => {
    await using all = await machines(24, 1000)
    const first = all.worker()
    const running = all.run()
    await until(() => all.claude.journal.inFlight === 8)
    first.child.kill("SIGKILL")
    all.worker()
    const run = await running.ended
    succeeded(run)
    assert.lengthOf(answered(all.cwd), 24)
    assert.isAtMost(all.repeats(), 8)
    assert.match(run.stderr, new RegExp(`^${all.repeats()} calls were lost with a worker and may be paid twice$`, "m"))
    await rerun(all)
  })

  it("go on when the run is killed, and the same command asks nothing twice", { timeout }, async () => {
    await using all = await machines(24, 1000)
    all.worker()
    const killed = all.run()
    await until(() => all.claude.journal.attempts >= 10)
    killed.child.kill("SIGKILL")
    await killed.ended
    const run = await all.run().ended
    succeeded(run)
    assert.lengthOf(answered(all.cwd), 24)
    assert.strictEqual(all.claude.journal.attempts, 24)
    await rerun(all)
  })

  it("are all killed, with the run, and what they had kept is not asked again", { timeout }, async () => {
    await using all = await machines(24, 1000)
    const lost = [all.worker("--concurrency", "4"), all.worker("--concurrency", "4"), all.run()]
    await until(() => all.claude.journal.attempts >= 12)
    for (const { child } of lost) child.kill("SIGKILL")
    await Promise.all(lost.map(({ ended }) => ended))
    all.worker()
    succeeded(await all.run().ended)
    assert.lengthOf(answered(all.cwd), 24)
    assert.isAtMost(all.repeats(), 8)
    await rerun(all)
  })

  it(
    "that stand still for longer than their lease cost their calls once more, and no answer is lost",
    { timeout },
    async () => {
      await using all = await machines(24, 1000)
      const still = all.worker()
      const running = all.run()
      await until(() => all.claude.journal.inFlight === 8)
      still.child.kill("SIGSTOP")
      all.worker()
      await until(() => all.claude.journal.attempts >= 25)
      still.child.kill("SIGCONT")
      succeeded(await running.ended)
      assert.lengthOf(answered(all.cwd), 24)
      assert.isAtMost(all.repeats(), 8)
      await rerun(all)
    }
  )

  it("that are told to end do so when their calls have, and leave the rest to others", { timeout }, async () => {
    await using all = await machines(16, 2000)
    const first = all.worker()
    const running = all.run()
    await until(() => all.claude.journal.inFlight === 8)
    first.child.kill("SIGINT")
    const { code, stderr } = await first.ended
    assert.strictEqual(code, 130)
    assert.match(stderr, /^8 answered$/m)
    assert.strictEqual(all.claude.journal.attempts, 8)
    all.worker()
    succeeded(await running.ended)
    assert.strictEqual(all.claude.journal.attempts, 16)
  })

  it("are not needed: a run sends what nobody takes", { timeout }, async () => {
    await using all = await machines(24, 100)
    succeeded(await all.run(4).ended)
    assert.lengthOf(answered(all.cwd), 24)
    assert.strictEqual(all.claude.journal.peakInFlight, 4)
    assert.strictEqual(all.claude.journal.attempts, 24)
  })

  it("say what is missing before they take anything", { timeout }, async () => {
    await using all = await machines(1, 0)
    const { ANTHROPIC_API_KEY: _, ...keyless } = reaching({ url: "http://127.0.0.1:1" })
    const withoutKey = await fanfold(["worker", "--journal", all.address], { env: keyless })
    assert.deepStrictEqual(
      [withoutKey.code, withoutKey.stderr],
      [2, "No key: set ANTHROPIC_API_KEY to your key, or add --offline for simulated answers\n"]
    )
    const env = reaching({ url: "http://127.0.0.1:1" })
    const elsewhere = await fanfold(["worker", "--journal", all.address.replace(/\/\w+$/, "/nowhere")], { env })
    assert.deepStrictEqual(
      [elsewhere.code, elsewhere.stderr.replace(/127.0.0.1:\d+/, "HOST")],
      [2, "--journal: the journal postgres://HOST/nowhere cannot be used: there is no such database\n"]
    )
    const aFile = await fanfold(["worker", "--journal", "journal.sqlite"], { env })
    assert.strictEqual(aFile.code, 2)
    assert.match(aFile.stderr, /^--journal: expected postgres:/)
  })
})
