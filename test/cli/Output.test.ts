/** Where a document goes: what must not be written over, and readers that are gone. */
import { readdirSync, readFileSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Path, PlatformError } from "effect"
import { mockClaude } from "fanfold/mocks"
import { check } from "../../src/cli/Output.ts"
import { outputFormats } from "../../src/cli/OutputFormat.ts"
import { fanfold, folders, reaching, start } from "./Process.ts"

const folder = folders()

describe.concurrent("a file that a run reads or writes", { timeout: 60_000 }, () => {
  it("is never written over: plan, context, tape, or what another -o names", async () => {
    const claude = mockClaude()
    await using server = await claude.serve()
    const cwd = folder({
      "plan.json": '{ "context": { "file": "brief.md" }, "asks": { "sun": "Sun?" } }',
      "brief.md": "We sell suns.",
      "deep/x": ""
    })
    symlinkSync(join(cwd, "plan.json"), join(cwd, "link.json"))
    const table: ReadonlyArray<readonly [args: ReadonlyArray<string>, said: string]> = [
      [["-o", "plan.json"], "-o plan.json: is the plan"],
      [["-o", "link.json"], "-o link.json: is the plan"],
      [["-o", "deep/../brief.md"], "-o deep/../brief.md: is the context of the plan"],
      [["-o", "a.md", "-o", join(cwd, "a.md")], `-o ${join(cwd, "a.md")}: is named by another -o`],
      [["-o", "t.json", "--record", "./t.json"], "-o t.json: is the tape of --record"],
      [["-o", "t.json", "--replay", "t.json"], "-o t.json: is the tape of --replay"],
      [["--record", "plan.json"], "--record plan.json: is the plan"]
    ]
    const before = readdirSync(cwd)
    for (const [args, said] of table) {
      const ended = await fanfold(["run", "plan.json", ...args], { cwd, env: reaching(server) })
      assert.deepStrictEqual(ended, { code: 2, stdout: "", stderr: `${said}: name another file\n` })
    }
    assert.deepStrictEqual(readdirSync(cwd), before)
    assert.strictEqual(claude.journal.attempts, 0)
  })

  it("may stand beside one of the same name", async () => {
    await using server = await mockClaude().serve()
    const cwd = folder({ "plan.json": '{ "asks": { "sun": "Sun?" } }', "out/plan.json": "old" })
    const args = ["run", "plan.json", "-o", "out/plan.json", "-o", "out/plan.md"]
    const { code, stderr } = await fanfold(args, { cwd, env: reaching(server) })
    assert.strictEqual(code, 0, stderr)
    assert.include(readFileSync(join(cwd, "out/plan.json"), "utf8"), '"sun"')
  })
})

const denied = (path: string) =>
  PlatformError.systemError({
    _tag: "PermissionDenied",
    module: "FileSystem",
    method: "access",
    pathOrDescriptor: path
  })

/** How `-o` ends where nothing may be written. */
const checked = (file: string, isThere: boolean) => {
  // A double, as whoever runs the tests as root may write anywhere.
  const files = FileSystem.layerNoop({
    access: (path, options) => (options?.writable === true ? Effect.fail(denied(path)) : Effect.void),
    exists: () => Effect.succeed(isThere),
    realPath: (path) => Effect.succeed(path),
    stat: (path) => Effect.succeed({ type: path === file ? "File" : "Directory" } as FileSystem.File.Info)
  })
  return Effect.flip(check([file], [], [], outputFormats)).pipe(
    Effect.provide(Layer.mergeAll(files, Path.layer)),
    Effect.map(({ exitCode, message }) => [exitCode, message])
  )
}

describe("a file of -o", () => {
  it.effect("that cannot be written, or whose folder cannot, is an error before anything is sent", () =>
    Effect.gen(function* () {
      const why = "cannot be written: no right to write"
      assert.deepStrictEqual(yield* checked("/kept/out.md", false), [2, `-o /kept/out.md: ${why} /kept`])
      assert.deepStrictEqual(yield* checked("/kept/out.csv", true), [2, `-o /kept/out.csv: ${why} /kept/out.csv`])
    })
  )
})

describe.concurrent("standard output", { timeout: 60_000 }, () => {
  it("that nobody reads any more is a failure, and the paid answers are kept", async () => {
    await using server = await mockClaude().serve()
    const cwd = folder()
    const { child, ended } = start(["ask", "Why?", "--quiet"], { cwd, env: reaching(server) })
    const code = new Promise((resolve) => child.on("close", resolve))
    let told = ""
    child.stderr!.on("data", (chunk) => (told += chunk))
    child.stdout!.destroy()
    // To read on from what was destroyed is the test's own failure.
    await ended.catch(() => undefined)
    assert.strictEqual(await code, 1)
    const [, file = ""] =
      /^Cannot print the document: nobody reads standard output\nWrote (\S+)\n$/.exec(told) ?? assert.fail(told)
    assert.hasAllKeys(JSON.parse(readFileSync(join(cwd, file), "utf8")).answers, ["ask1"])
  })
})
