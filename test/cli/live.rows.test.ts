/** A run of rows that is changed from another process: what can be changed, and what is said of the rest. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { fault, mockClaude } from "fanfold/mocks"
import { fanfold, folders, reaching, start, told, until } from "./Process.ts"

const folder = folders()

it("stops asking rows, raises their deadline, and says why it changes nothing else", { timeout: 60_000 }, async () => {
  const claude = mockClaude()
  claude.fault(fault.hang(), { when: { user: "moon" } })
  await using api = await claude.serve()
  const cwd = folder({ "bodies.csv": "body\nsun\nmoon\nmars\nvenus\n" })
  const env = { ...reaching(api), XDG_STATE_HOME: join(cwd, "state") }
  const typed = (...args: ReadonlyArray<string>) => fanfold(args, { cwd, env })
  const question = ["ask", "How far is {body}?", "--from", "bodies.csv", "-o", "far.jsonl"]
  const run = start([...question, "-j", "1", "--deadline", "10m"], { cwd, env })
  await told(run, "Answered")
  await until(() => claude.journal.attempts === 2)
  const [{ id }] = JSON.parse((await typed("runs", "--json")).stdout).runs
  const concurrency = await typed("runs", "raise", id, "--concurrency", "4")
  assert.strictEqual(concurrency.code, 1)
  assert.match(concurrency.stderr, /^Nothing was changed: rows go on at the concurrency that they began with/)
  const again = await typed("runs", "ask", id)
  assert.match(again.stderr, /^Nothing was changed: rows are asked again once the run has ended, by .* --reuse$/m)
  assert.strictEqual((await typed("runs", "raise", id, "--budget", "5")).code, 1)
  const deadline = await typed("runs", "raise", id, "--deadline", "20m")
  assert.strictEqual(deadline.stdout, "Raised the deadline to 20 minutes\n", deadline.stderr)
  const stopped = await typed("runs", "stop", id)
  assert.deepStrictEqual([stopped.code, stopped.stdout], [0, "Stopped asking: what was there is folded\n"])

  const { code, stderr } = await run.ended
  assert.strictEqual(code, 3, stderr)
  assert.include(stderr, "Not asked: 3 of 4 rows\n")
  const lines = readFileSync(join(cwd, "far.jsonl"), "utf8").trim().split("\n")
  assert.include(JSON.parse(lines[0]!).answer, "Simulated")
  assert.strictEqual(claude.journal.attempts, 2)
})
