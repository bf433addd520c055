/** What the start of a run leaves for later. */
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { mockClaude } from "fanfold/mocks"
import { fanfold, folders, reaching, root } from "./Process.ts"

const folder = folders()

describe("the start of a run", () => {
  it("makes nothing of Intl before the first request, as the first one of a process loads tables for 15 ms", async () => {
    await using server = await mockClaude().serve()
    const cwd = folder({ "plan.yaml": "asks: { a: One?, b: Two? }\nsynthesis: Write a guide.\n" })
    const preloads = [join(root, "test/cli/IntlBeforeRequest.ts")]
    const { stdout } = await fanfold(["run", "plan.yaml"], { cwd, env: reaching(server), preloads })
    assert.strictEqual(stdout, "[]")
  })
})
