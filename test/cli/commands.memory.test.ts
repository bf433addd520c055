/** What one process learns of the account's limits, and the next one begins with; and who leaves nothing behind. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { latency, mockClaude } from "fanfold/mocks"
import { fanfold, folders, key, reaching } from "./Process.ts"

const folder = folders()

/** Without the journal, which lies in the same folder. */
const ask = ["ask", "Why the sun?", "Why the moon?", "Why the tide?", "--no-journal"]

describe.concurrent("fanfold", { timeout: 60_000 }, () => {
  it("begins with the limits that an earlier process found, until a response tells of others", async () => {
    const claude = mockClaude({ latency: latency.fixed(200), limits: { rpm: 5000 } })
    await using server = await claude.serve()
    const state = folder()
    const env = { ...reaching(server), XDG_STATE_HOME: state }
    assert.strictEqual((await fanfold(ask, { env })).code, 0)
    const [name = "", ...others] = readdirSync(join(state, "fanfold"))
    assert.deepStrictEqual(others, [])
    const file = join(state, "fanfold", name)
    const remembered = JSON.parse(readFileSync(file, "utf8"))
    assert.strictEqual(remembered.requests.limit, 5000)
    assert.notInclude(readFileSync(file, "utf8") + name, key)

    writeFileSync(file, JSON.stringify({ ...remembered, requests: { limit: 60, burst: 1 } }))
    assert.strictEqual((await fanfold(ask, { env })).code, 0)
    const [first, ...rest] = claude.journal.entries.slice(3)
    assert.isTrue(rest.every(({ startedMillis }) => startedMillis >= first!.headersMillis!))
    assert.strictEqual(JSON.parse(readFileSync(file, "utf8")).requests.limit, 5000)
  })

  it("leaves nothing where that is not wanted, and where no account answers", async () => {
    await using server = await mockClaude().serve()
    const ways = [["--no-pacing-remember"], ["--offline"], ["--record", "tape.jsonl"]]
    for (const way of ways) {
      const cwd = folder()
      const { code } = await fanfold([...ask, ...way], { cwd, env: { ...reaching(server), XDG_STATE_HOME: cwd } })
      assert.deepStrictEqual([code, existsSync(join(cwd, "fanfold"))], [0, false])
    }
  })

  it("answers all the same where nothing can be kept", async () => {
    await using server = await mockClaude().serve()
    const state = folder({ fanfold: "not a folder" })
    const { code, stderr } = await fanfold([...ask, "--quiet"], { env: { ...reaching(server), XDG_STATE_HOME: state } })
    assert.deepStrictEqual([code, stderr], [0, ""])
  })
})
