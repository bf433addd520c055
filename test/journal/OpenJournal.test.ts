/** Where nothing can be kept: the run says so once and goes on, and a file that the user has named must be usable. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { serve, json, message } from "../Loopback.ts"
import { fanfold, folders, reaching } from "../cli/Process.ts"

const newFolder = folders()

const plan = "asks:\n  a: one?\n  b: two?\nsynthesis: Weigh.\n"
const server = serve((response) => json(response, 200, message("yes")))

/** Runs a plan in a folder, with an environment of its own. */
const run = (url: string, env: Readonly<Record<string, string>>, ...flags: ReadonlyArray<string>) =>
  Effect.promise(() =>
    fanfold(["run", "plan.yaml", ...flags], {
      cwd: newFolder({ "plan.yaml": plan }),
      env: { ...reaching({ url }), ...env }
    })
  )

describe("a run whose journal cannot be used", () => {
  it.live(
    "says so once and goes on: no home, a path under a file, a file of something else",
    () =>
      Effect.gen(function* () {
        const { url } = yield* server
        const folder = newFolder({ file: "", "state/fanfold/journal.sqlite": "Dear diary" })
        for (const [env, says] of [
          [{ HOME: "", XDG_STATE_HOME: "" }, "there is no home folder to keep the journal in"],
          [{ XDG_STATE_HOME: join(folder, "file") }, join(folder, "file/fanfold/journal.sqlite")],
          [{ XDG_STATE_HOME: join(folder, "state") }, "file is not a database"]
        ] as const) {
          const { code, stderr, stdout } = yield* run(url, env)
          assert.strictEqual(code, 0, stderr)
          assert.include(stdout, "yes")
          assert.lengthOf(
            stderr.split("\n").filter((line) => line.includes("Nothing of this run is kept")),
            1,
            stderr
          )
          assert.include(stderr, says)
        }
        assert.strictEqual(readFileSync(join(folder, "state/fanfold/journal.sqlite"), "utf8"), "Dear diary")
      }),
    60_000
  )

  it.live(
    "ends with exit code 2 before anything is sent where the user has named the file",
    () =>
      Effect.gen(function* () {
        const { arrived, url } = yield* server
        const folder = newFolder({ "diary.txt": "Dear diary" })
        const { code, stderr } = yield* run(url, {}, "--journal", join(folder, "diary.txt"))
        assert.strictEqual(code, 2, stderr)
        assert.include(
          stderr,
          `--journal: the journal ${join(folder, "diary.txt")} cannot be used: file is not a database`
        )
        assert.lengthOf(arrived, 0)
        assert.strictEqual(readFileSync(join(folder, "diary.txt"), "utf8"), "Dear diary")
      }),
    60_000
  )
})
