/** The key of the command line: asked for where there is none, sent to no wrong place, and never shown. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { fault, mockClaude } from "fanfold/mocks"
import { failing, plan } from "./Planned.ts"
import { fanfold, folders, key, reaching } from "./Process.ts"

const folder = folders()

describe.concurrent("the key", { timeout: 60_000 }, () => {
  it("is asked for with both ways out where there is none, and nothing is sent", async () => {
    const claude = mockClaude()
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": plan })
    const url = { ANTHROPIC_BASE_URL: server.url }
    const ended = await Promise.all([
      fanfold(["run", "plan.yaml"], { cwd, env: url }),
      fanfold(["ask", "Why?"], { cwd, env: { ...url, ANTHROPIC_API_KEY: " " } })
    ])
    const stderr = "No key: set ANTHROPIC_API_KEY to your key, or add --offline for simulated answers\n"
    assert.deepStrictEqual(ended, [
      { code: 2, stdout: "", stderr },
      { code: 2, stdout: "", stderr }
    ])
    assert.strictEqual(claude.journal.attempts, 0)
  })

  it("is not asked for by runs cancel where nothing is to be canceled", async () => {
    const env = { XDG_STATE_HOME: folder({}) }
    await fanfold(["ask", "Why?", "--offline"], { env, hurried: true })
    const [{ id }] = JSON.parse((await fanfold(["runs", "--json"], { env })).stdout).runs
    const { code, stderr, stdout } = await fanfold(["runs", "cancel", id], { env })
    assert.deepStrictEqual([code, stdout, stderr], [0, `${id} has no batch that is in progress\n`, ""])
  })

  it("is sent to no base URL that is none, and standard error says so at once", async () => {
    const url = "ftp://claude.example.org"
    const env = { ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: url }
    assert.deepStrictEqual(await fanfold(["ask", "Why?"], { env }), {
      code: 2,
      stdout: "",
      stderr: `ANTHROPIC_BASE_URL: expected a URL that begins with http:// or https://, got "${url}", such as "https://api.anthropic.com"\n`
    })
    const { code } = await fanfold(["ask", "Why?", "--offline"], { env })
    assert.strictEqual(code, 0)
  })

  it("is in no output, error or file, at any log level", async () => {
    const echo = failing({ user: "moon", part: "ask" }, `who is ${key}?`)
    echo.fault(fault.other(401, { type: "authentication_error", message: `invalid ${key}`, shouldRetry: false }), {
      when: { part: "synthesis" }
    })
    await using server = await echo.serve()
    const env = { ...reaching(server), ANTHROPIC_LOG: "debug" }
    const runs = [["-o", "out.md", "-o", "out.json"], ["--json"], []].map(async (more) => {
      const cwd = folder({ "plan.yaml": plan })
      const { code, stderr, stdout } = await fanfold(["run", "plan.yaml", "--log-level", "trace", ...more], {
        cwd,
        env
      })
      const written = readdirSync(cwd).map((file) => readFileSync(join(cwd, file), "utf8"))
      assert.strictEqual(code, 1)
      assert.include(stderr, "who is <key>?")
      for (const text of [stdout, stderr, ...written]) assert.notInclude(text, "THE-KEY")
    })
    await Promise.all(runs)
  })
})
