/** Machines whose clocks differ by minutes: leases go by the database's clock, and nothing else by two clocks at once. */
import { assert, describe, it } from "@effect/vitest"
import { folders, until } from "../cli/Process.ts"
import { isInstalled, server } from "../Postgres.ts"
import { answered, machinesIn, reportOf, succeeded } from "./Machines.ts"

const postgres = server()
const machines = machinesIn(folders())

const minute = 60_000
const timeout = 60_000

/** What a run says that is a minute before or after its worker, whose calls take longer than a lease. */
const apart = async (clock: number) => {
  await using all = await machines(postgres(), { asks: 8, latency: 4000 })
  all.shifted(clock).worker()
  const run = await all.shifted(-clock).run(0, "--budget", "1").ended
  succeeded(run)
  assert.lengthOf(answered(all.cwd), 8)
  assert.strictEqual(all.claude.journal.attempts, 8)
  assert.notMatch(run.stderr, /may be paid twice/)
  for (const { durationMillis } of Object.values(reportOf(all.cwd).spent.asks)) {
    assert.isAtLeast(durationMillis, 1000)
    assert.isBelow(durationMillis, minute / 2)
  }
}

// At once, as they wait for calls and leases most of the time.
describe.skipIf(!isInstalled).concurrent("clocks that differ by a minute", () => {
  it("have no effect where that of the worker is ahead: calls longer than a lease are sent once", { timeout }, () =>
    apart(minute)
  )

  it("have no effect where it is behind", { timeout }, () => apart(-minute))

  it("have no effect when a worker dies: another has its asks when the lease has ended", { timeout }, async () => {
    await using all = await machines(postgres(), { asks: 8, latency: 1000 })
    const first = all.shifted(minute).worker()
    const running = all.run()
    await until(() => all.claude.journal.inFlight === 8)
    first.child.kill("SIGKILL")
    all.shifted(-minute).worker()
    succeeded(await running.ended)
    assert.lengthOf(answered(all.cwd), 8)
    assert.isAtMost(all.repeats(), 8)
  })
})
