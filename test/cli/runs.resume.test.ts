/** `fanfold runs resume`: a run that was killed is gone on with as it was begun, from any folder. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { fault, mockClaude } from "fanfold/mocks"
import { planOfThree as plan } from "./Planned.ts"
import { fanfold, folders, reaching, start, until } from "./Process.ts"

const folder = folders()

it("goes on with a killed run in any folder: with its flags, and into its files", { timeout: 60_000 }, async () => {
  const claude = mockClaude()
  claude.fault(fault.hang(), { when: { user: "moon", part: "ask" }, times: 1 })
  await using api = await claude.serve()
  const [cwd, other] = [folder({ "plan.yaml": plan }), folder()]
  const env = { ...reaching(api), XDG_STATE_HOME: join(cwd, "state") }
  const words = ["run", "plan.yaml", "-o", "out.md", "--model", "claude-sonnet-5-5"]
  const run = start([...words, "--journal", "j.sqlite"], { cwd, env })
  await until(() => claude.journal.attempts === 3)
  let isKept = false
  while (!isKept) {
    const { stdout } = await fanfold(["runs", "--json", "--journal", "j.sqlite"], { cwd, env })
    isKept = JSON.parse(stdout).runs[0].answered === 2
  }
  run.child.kill("SIGKILL")
  await run.ended

  const shown = await fanfold(["runs", "show", "", "--journal", "j.sqlite"], { cwd, env })
  const next = /^Go on with it: fanfold (.*)$/m.exec(shown.stdout)![1]!
  assert.include(shown.stdout, `\nBy: cd ${cwd} && fanfold ${words.join(" ")} --journal j.sqlite\n`)
  const { code, stderr } = await fanfold(next.split(" "), { cwd: other, env })
  assert.strictEqual(code, 0, stderr)
  assert.include(stderr, `As it was begun: -o ${cwd}/out.md --model claude-sonnet-5-5\nResuming: 2 of 3 asks answered`)
  assert.include(readFileSync(join(cwd, "out.md"), "utf8"), "Simulated synthesis of 3 findings.")
  assert.isFalse(existsSync(join(other, "out.md")))
  // With another model nothing of what was answered would have been taken.
  assert.strictEqual(claude.journal.attempts, 5)

  const kept = await fanfold(["runs", "--json", "--journal", "j.sqlite"], { cwd, env })
  const { id } = JSON.parse(kept.stdout).runs.find(({ state }: { readonly state: string }) => state === "ended")
  const late = await fanfold(["runs", "resume", id, "--journal", join(cwd, "j.sqlite")], { cwd, env })
  assert.strictEqual(late.code, 2)
  const again = /^\S+ has ended; to ask what it has no answer to: cd (\S+) && fanfold (.*)$/m.exec(late.stderr)
  assert.strictEqual(again?.[1], other, late.stderr)
  const repeated = await fanfold(again![2]!.split(" "), { cwd: other, env })
  assert.strictEqual(repeated.code, 0, repeated.stderr)
  assert.include(repeated.stderr, "sun is from the journal")
  assert.strictEqual(claude.journal.attempts, 5)
})
