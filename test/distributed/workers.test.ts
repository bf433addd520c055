/** Runs whose asks are answered by workers, over a real PostgreSQL, each process a real one. */
import { join } from "node:path"
import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { mockClaude } from "fanfold/mocks"
import { fanfold, folders, reaching, start } from "../cli/Process.ts"
import { isInstalled, server } from "../Postgres.ts"

const postgres = server()
const folder = folders()

/** A plan of so many asks without a fold. */
const plan = (asks: number) =>
  `asks:\n${Array.from({ length: asks }, (_, n) => `  q${n}: Question ${n}?`).join("\n")}\n`

const prepared = async () => {
  const address = postgres().newDatabase()
  const { code, stderr } = await fanfold(["journal", "init", "--journal", address])
  assert.strictEqual(code, 0, stderr)
  return address
}

describe.skipIf(!isInstalled)("workers", () => {
  it("answer the asks of a run on another machine", { timeout: 60_000 }, async () => {
    const address = await prepared()
    const claude = mockClaude()
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": plan(20) })
    const options = { cwd, env: reaching(server) }
    const worker = start(["worker", "--journal", address], options)
    const run = await fanfold(
      ["run", "plan.yaml", "--journal", address, "--queue-places", "0", "-o", "out.json"],
      options
    )
    worker.child.kill("SIGTERM")
    const { code, stderr } = await worker.ended
    assert.strictEqual(run.code, 0, run.stderr)
    assert.strictEqual(claude.journal.attempts, 20)
    assert.lengthOf(Object.keys(JSON.parse(readFileSync(join(cwd, "out.json"), "utf8")).answers), 20)
    assert.strictEqual(code, 130)
    console.log(run.stderr, stderr)
  })
})
