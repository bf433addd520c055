/** The command line, killed at random moments and started again until it is done. */
import { mkdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { mockClaude } from "fanfold/mocks"
import * as Kills from "../../bench/journal/Kills.ts"
import { isInstalled, server } from "../Postgres.ts"
import { databases } from "../journal/postgres/KilledHome.ts"
import { bin, folders, reaching, start, until } from "./Process.ts"

const folder = folders()

describe("a run that is killed", () => {
  it("pays no answer twice, and comes to the document of an undisturbed run", { timeout: 180_000 }, async () => {
    const { boughtAgain, inFlight, kills, problems, repeats } = await Kills.play([bin], 10, 13)
    assert.deepStrictEqual(problems, [])
    assert.deepStrictEqual([kills, boughtAgain], [10, 0])
    assert.isAtMost(repeats, inFlight)
  })

  it("has not ended before its document is written, so that the next one pays for nothing", async () => {
    const claude = mockClaude()
    const cwd = folder({ "plan.yaml": "asks: { sun: How hot?, moon: How far? }\nsynthesis: Fold", "out/of": "before" })
    await using server = await claude.serve()
    const run = () => start(["run", "plan.yaml", "-o", "out/out.md"], { cwd, env: reaching(server) }).ended
    const first = run()
    await until(() => claude.journal.attempts > 0)
    // Gone while the run is under way: its document cannot be written.
    rmSync(join(cwd, "out"), { recursive: true })
    assert.strictEqual((await first).code, 1)
    assert.strictEqual(claude.journal.attempts, 3)
    mkdirSync(join(cwd, "out"))
    const { code, stderr } = await run()
    assert.strictEqual(code, 0, stderr)
    assert.match(stderr, /^Resuming: 2 of 2 asks answered, \$[\d.]+ spent\n/)
    assert.strictEqual(claude.journal.attempts, 3)
    assert.include(readFileSync(join(cwd, "out/out.md"), "utf8"), "Simulated synthesis of 2 findings.")
  })
})

describe.skipIf(!isInstalled)("a run with its journal in PostgreSQL that is killed", () => {
  const postgres = server()

  it("pays no answer twice, and comes to the document of an undisturbed run", { timeout: 180_000 }, async () => {
    const command = [bin]
    const home = databases(postgres())
    const { boughtAgain, inFlight, kills, problems, repeats } = await Kills.play(command, 5, 7, undefined, home)
    assert.deepStrictEqual(problems, [])
    assert.deepStrictEqual([kills, boughtAgain], [5, 0])
    assert.isAtMost(repeats, inFlight)
  })
})
