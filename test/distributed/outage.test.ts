/** Workers and runs whose database is gone for a time, each process a real one. */
import { assert, describe, it } from "@effect/vitest"
import { folders, until } from "../cli/Process.ts"
import { isInstalled, server } from "../Postgres.ts"
import { answered, machinesIn, succeeded } from "./Machines.ts"

const postgres = server()
const folder = folders()

const sleep = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))

describe.skipIf(!isInstalled)("a database", () => {
  it.each([0, 8000])(
    "that ends without a warning, and is back after %i ms, costs no answer, and no call twice",
    { timeout: 90_000 },
    async (away) => {
      await using all = await machinesIn(folder)(postgres(), { asks: 60, latency: 1000, lease: "45 seconds" })
      const workers = [all.worker(), all.worker()]
      const running = all.run()
      await until(() => all.claude.journal.attempts >= 30)
      await postgres().stop("immediate")
      await sleep(away)
      await postgres().start()
      const run = await running.ended
      succeeded(run)
      assert.lengthOf(answered(all.cwd), 60)
      assert.strictEqual(all.claude.journal.attempts, 60)
      for (const { child } of workers) child.kill("SIGTERM")
      for (const { code, stderr } of await Promise.all(workers.map(({ ended }) => ended))) {
        assert.strictEqual(code, 0, stderr)
        for (const line of stderr.split("\n")) {
          assert.match(line, /^$|^Worker for runs|^Waiting for the database, as |^\d+ answered(, \d+ under way)?$/)
        }
      }
    }
  )
})
