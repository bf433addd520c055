/** The folder of a user who has no account and no home, as in a container that is started with a number for its user. */
import { execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { createFor } from "../../src/options/UserFolder.ts"

const script = join(import.meta.dirname, "Homeless.ts")

const found = (env: Readonly<Record<string, string>>) =>
  execFileSync(process.execPath, ["--conditions=source", script], { env, encoding: "utf8" })

describe("the folder of a file", () => {
  it("is created for its owner alone, with those above it", () => {
    const base = mkdtempSync(join(tmpdir(), "fanfold-folder-"))
    createFor(join(base, "a/b/file"))
    createFor(join(base, "a/b/other"))
    assert.strictEqual(statSync(join(base, "a/b")).mode & 0o777, 0o700)
  })

  it.skipIf(!existsSync("/proc/self"))("fails where nothing can be created", () => {
    assert.throws(() => createFor("/proc/none/a/file"), "ENOENT")
  })
})

/** Only root can become such a user. */
describe.skipIf(process.getuid?.() !== 0)("the state folder of a user without an account", () => {
  it("is not there, and is the one that XDG_STATE_HOME names", () => {
    assert.strictEqual(found({}), "none")
    assert.strictEqual(found({ XDG_STATE_HOME: "/state" }), "/state/fanfold")
  })
})
