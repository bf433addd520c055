/** The folder of a user who has no account and no home, as in a container that is started with a number for its user. */
import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"

const script = join(import.meta.dirname, "Homeless.ts")

const found = (env: Readonly<Record<string, string>>) =>
  execFileSync(process.execPath, ["--conditions=source", script], { env, encoding: "utf8" })

/** Only root can become such a user. */
describe.skipIf(process.getuid?.() !== 0)("the state folder of a user without an account", () => {
  it("is not there, and is the one that XDG_STATE_HOME names", () => {
    assert.strictEqual(found({}), "none")
    assert.strictEqual(found({ XDG_STATE_HOME: "/state" }), "/state/fanfold")
  })
})
