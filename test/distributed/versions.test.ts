/** Processes of several versions over one database: each is refused by name, or leaves to others what it cannot read. */
import { assert, describe, it } from "@effect/vitest"
import { databaseOf } from "../cli/PostgresHome.ts"
import { folders, told } from "../cli/Process.ts"
import { isInstalled, server } from "../Postgres.ts"
import { answered, type Machines, machinesIn, succeeded } from "./Machines.ts"

const postgres = server()
const machines = machinesIn(folders())

/** Lets what is put into the queue be as another version would put it. */
const offering = (all: Machines, change: string) =>
  postgres().sql(
    `CREATE FUNCTION fanfold.otherwise() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${change}; RETURN NEW; END $$;
     CREATE TRIGGER otherwise BEFORE INSERT ON fanfold.queue FOR EACH ROW EXECUTE FUNCTION fanfold.otherwise()`,
    databaseOf(all.address)
  )

const timeout = 60_000

describe.skipIf(!isInstalled).concurrent("workers of two versions", () => {
  const others: ReadonlyArray<readonly [what: string, change: string]> = [
    ["gets no items of another version", "NEW.queue_name := replace(NEW.queue_name, 'asks 1 ', 'asks 2 ')"],
    ["leaves an item that it cannot read", `NEW.element := replace(NEW.element, '"version":1', '"version":2')`]
  ]
  for (const [what, change] of others) {
    it(`side by side: one ${what}, which the run sends itself`, { timeout }, async () => {
      await using all = await machines(postgres(), { asks: 6, latency: 200 })
      offering(all, change)
      const worker = all.worker()
      await told(worker, "Ctrl-C ends it")
      succeeded(await all.run(1).ended)
      assert.lengthOf(answered(all.cwd), 6)
      assert.strictEqual(all.claude.journal.attempts, 6)
      assert.strictEqual(all.claude.journal.peakInFlight, 1)
      worker.child.kill("SIGTERM")
      const { code, stderr } = await worker.ended
      assert.strictEqual(code, 0, stderr)
      assert.notMatch(stderr, /answered|failed/)
    })
  }

  it("are refused by name where the tables are of a newer or an older one, as the run is", { timeout }, async () => {
    await using all = await machines(postgres(), { asks: 1, latency: 0 })
    for (const [version, words] of [
      [99, /its tables are of a newer fanfold \(version 99, not \d+\): upgrade this one/],
      [0, /its tables are of an older fanfold \(version 0, not \d+\): fanfold journal init --journal postgres:/]
    ] as const) {
      postgres().sql(
        `DELETE FROM fanfold.migration; INSERT INTO fanfold.migration VALUES (${version}, now(), '')`,
        databaseOf(all.address)
      )
      for (const { code, stderr } of await Promise.all([all.worker().ended, all.run().ended])) {
        assert.strictEqual(code, 2, stderr)
        assert.match(stderr, words)
      }
    }
    assert.strictEqual(all.claude.journal.attempts, 0)
  })
})
