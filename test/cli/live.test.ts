/** A run that is watched and changed from other processes: what they see, what they change, and what the door refuses. */
import { spawn, spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { connect } from "node:net"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { stripVTControlCharacters } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { fault, type MockClaude, mockClaude } from "fanfold/mocks"
import { isInstalled, server } from "../Postgres.ts"
import { planOfThree as plan } from "./Planned.ts"
import { bin, controls, fanfold, folders, reaching, start, until } from "./Process.ts"

const folder = folders()

/** A folder with a plan and a state of its own, where runs meet this Claude. */
const room = (api: { readonly url: string }, text = plan, journal?: string) => {
  const cwd = folder({ "plan.yaml": text })
  const env = { ...reaching(api), XDG_STATE_HOME: join(cwd, "state") }
  const named = journal === undefined ? [] : ["--journal", journal]
  const doors = join(cwd, "state", "fanfold", "doors")
  const typed = (...args: ReadonlyArray<string>) => fanfold([...args, ...named], { cwd, env })
  return {
    cwd,
    doors,
    typed,
    begin: (...args: ReadonlyArray<string>) => start(["run", "plan.yaml", ...args, ...named], { cwd, env }),
    watch: (...args: ReadonlyArray<string>) => start(["runs", "watch", ...args, ...named], { cwd, env }),
    idOf: async (nth = 0): Promise<string> => JSON.parse((await typed("runs", "--json")).stdout).runs[nth].id,
    /** The door of the run under way, once it is open. */
    door: async (): Promise<string> => {
      const names = () => (existsSync(doors) ? readdirSync(doors) : [])
      await until(() => names().some((name) => (statSync(join(doors, name)).mode & 0o777) === 0o600))
      return join(doors, names()[0]!)
    }
  }
}

const hangingFor = (claude: MockClaude, user: string): void =>
  claude.fault(fault.hang(), { when: { user, part: "ask" } })

/** Says one thing at a door, and gives the answer. */
const saidAt = async (door: string, line: string): Promise<{ readonly _tag: string; readonly message?: string }> => {
  const socket = connect(door)
  socket.on("error", () => {})
  socket.write(`${line}\n`)
  return JSON.parse(await text(socket))
}

describe("a run under way", { timeout: 120_000 }, () => {
  it("is shown in another process, and folds what is there once it is stopped from a third", async () => {
    const claude = mockClaude()
    hangingFor(claude, "moon")
    await using api = await claude.serve()
    const { begin, cwd, door, doors, idOf, typed, watch } = room(api)
    const run = begin("-o", "out.md", "-o", "out.json")
    await until(() => claude.journal.attempts === 3)
    const place = await door()
    assert.deepStrictEqual([statSync(place).mode & 0o777, statSync(doors).mode & 0o777], [0o600, 0o700])
    const watched = watch()
    let seen = ""
    watched.child.stderr!.on("data", (chunk: Buffer) => void (seen += chunk.toString()))
    await until(() => seen.includes("Answered mars"))
    const id = await idOf()
    const stopped = await typed("runs", "stop", id.slice(0, 8))
    assert.deepStrictEqual(stopped, { code: 0, stdout: "Stopped asking: what was there is folded\n", stderr: "" })

    const [ended, watching] = [await run.ended, await watched.ended]
    assert.strictEqual(ended.code, 3, ended.stderr)
    assert.include(ended.stderr, "✋ Stopped asking: what was there is folded\n🛑 Stopped moon\n")
    assert.strictEqual(watching.code, 0, watching.stderr)
    assert.include(watching.stderr, "✋ Stopped asking: what was there is folded\n🛑 Stopped moon\n")
    assert.match(watching.stderr, /^2 of 3 asks answered in /m)
    assert.isTrue(watching.stderr.endsWith(`${id} has ended\n`))
    assert.include(readFileSync(join(cwd, "out.md"), "utf8"), "## Changed during the run\n\n- Stopped asking")
    const report = JSON.parse(readFileSync(join(cwd, "out.json"), "utf8"))
    assert.deepStrictEqual(
      report.interventions.map(({ intervention }: any) => intervention),
      [{ _tag: "Stop" }]
    )
    assert.deepStrictEqual(
      report.gaps.map(({ name, reason }: any) => [name, reason]),
      [["moon", "Interrupted"]]
    )
    assert.isFalse(existsSync(place))
    const late = await typed("runs", "stop", id)
    assert.deepStrictEqual([late.code, late.stderr], [1, `Nothing was changed: ${id} has ended\n`])
  })

  it("asks a gap again, and more at once", async () => {
    const claude = mockClaude()
    const wrong = fault.other(400, { type: "invalid_request_error", message: "no", shouldRetry: false })
    claude.fault(wrong, { when: { user: "sun", part: "ask", nth: 1 } })
    hangingFor(claude, "moon")
    await using api = await claude.serve()
    const { begin, cwd, idOf, typed } = room(api, `${plan}concurrency: 1\n`)
    const run = begin("-o", "out.json")
    await until(() => claude.journal.attempts === 2)
    const id = await idOf()
    const asked = await typed("runs", "ask", id, "mars")
    assert.deepStrictEqual([asked.code, asked.stderr], [1, "Nothing was changed: mars has not ended\n"])
    const raised = await typed("runs", "raise", id, "--concurrency", "2")
    assert.strictEqual(raised.stdout, "Raised the concurrency to 2\n", raised.stderr)
    await until(() => claude.journal.attempts === 3)
    assert.strictEqual((await typed("runs", "ask", id)).stdout, "Asked again: sun\n")
    await until(() => claude.journal.attempts === 4)
    const nothing = await typed("runs", "raise", id, "--budget", "5")
    assert.deepStrictEqual([nothing.code, nothing.stderr], [1, "Nothing was changed: the run has no budget\n"])
    assert.strictEqual((await typed("runs", "stop", id)).code, 0)
    assert.strictEqual((await run.ended).code, 3)
    const { answers, interventions } = JSON.parse(readFileSync(join(cwd, "out.json"), "utf8"))
    assert.deepStrictEqual(Object.keys(answers), ["sun", "mars"])
    assert.deepStrictEqual(
      interventions.map(({ intervention }: any) => intervention._tag),
      ["RaiseConcurrency", "AskAgain", "Stop"]
    )
    // The answer is found under the name of the first time, so that it is not bought again.
    const reusing = await typed("run", "plan.yaml", "--reuse", "--policy", "first=2", "-j", "3", "-o", "out.md")
    assert.deepStrictEqual([reusing.code, claude.journal.attempts], [0, 5], reusing.stderr)
    assert.include(reusing.stderr, "✅ sun is from the journal")
  })

  it("that was killed has no process any more, which watching it says; its door is removed by the next run", async () => {
    const claude = mockClaude()
    hangingFor(claude, "moon")
    await using api = await claude.serve()
    const { begin, door, idOf, typed, watch } = room(api)
    const run = begin()
    await until(() => claude.journal.attempts === 3)
    const place = await door()
    const watched = watch()
    let seen = ""
    watched.child.stderr!.on("data", (chunk: Buffer) => void (seen += chunk.toString()))
    await until(() => seen.includes("Answered mars"))
    run.child.kill("SIGKILL")
    const { code, stderr } = await watched.ended
    const id = await idOf()
    const resume = `Go on with it: fanfold runs resume ${id}`
    assert.strictEqual(code, 1)
    assert.isTrue(stderr.endsWith(`${id} has no process any more, and has not ended. ${resume}\n`), stderr)
    assert.isTrue(existsSync(place))
    const stop = await typed("runs", "stop", id)
    assert.deepStrictEqual(
      [stop.code, stop.stderr],
      [1, `Nothing was changed: ${id} is not under way: fanfold runs resume ${id} goes on with it\n`]
    )
    const none = await typed("runs", "watch")
    assert.deepStrictEqual(
      [none.code, none.stderr],
      [2, "No run is under way; fanfold runs lists those that there were\n"]
    )
    const next = begin()
    await until(() => !existsSync(place))
    next.child.kill("SIGINT")
    assert.strictEqual((await next.ended).code, 130)
  })

  it("answers a wrong request with an error, and goes on as it was", async () => {
    const claude = mockClaude()
    hangingFor(claude, "moon")
    await using api = await claude.serve()
    const { begin, door, idOf, typed } = room(api)
    const run = begin()
    await until(() => claude.journal.attempts === 3)
    const place = await door()
    const stop = '{ "_tag": "Stop" }'
    const wrong: ReadonlyArray<readonly [string, RegExp]> = [
      ["", /^not a request: /],
      ["GET / HTTP/1.1", /^not a request: /],
      ["{}", /^not a request: version: missing; interventions: missing$/],
      [`{ "version": 2, "interventions": [${stop}] }`, /^not a request: version/],
      ['{ "version": 1, "interventions": [{ "_tag": "Kill" }] }', /^not a request: interventions/],
      ['{ "version": 1, "interventions": [{ "_tag": "RaiseBudget", "usd": -1 }] }', /^not a request: interventions/],
      [`{ "version": 1, "interventions": [${stop}], "run": "other" }`, /^not a request: run: unknown key/],
      ['{ "version": 1, "interventions": [] }', /^nothing is to be changed$/],
      [`{ "version": 1, "interventions": [${stop}, ${stop}] }`, /^Stop is there twice$/],
      ["x".repeat(70_000), /^the request is too long$/]
    ]
    for (const [line, message] of wrong) {
      const answer = await saidAt(place, line)
      assert.strictEqual(answer._tag, "Refused", line)
      assert.match(answer.message!, message)
    }
    const silent = connect(place)
    silent.on("error", () => {})
    assert.strictEqual(claude.journal.inFlight, 1)
    assert.strictEqual((await typed("runs", "stop", await idOf())).code, 0)
    const { code, stderr } = await run.ended
    assert.strictEqual(code, 3)
    assert.strictEqual(stderr.split("✋").length - 1, 1)
    silent.destroy()
  })

  it("shows no control character of what a model or the API says to whoever watches", async () => {
    const claude = mockClaude()
    const message = "no\u001B[2J\u001B]0;title\u0007\u202Esuch\r\nthing"
    claude.fault(fault.other(400, { type: "invalid_request_error", message, shouldRetry: false }), {
      when: { user: "moon", part: "ask" }
    })
    await using api = await claude.serve()
    const { begin, idOf, watch } = room(api)
    await begin().ended
    const { code, stderr } = await watch(await idOf()).ended
    assert.strictEqual(code, 0)
    assert.match(stderr, /❌ Failed moon: .*nosuch thing/)
    assert.notMatch(stderr, controls)
  })
})

describe.skipIf(!isInstalled)("a run under way with its journal in PostgreSQL", { timeout: 120_000 }, () => {
  const postgres = server()

  it("is watched and stopped as one in a file", async () => {
    const claude = mockClaude()
    hangingFor(claude, "moon")
    await using api = await claude.serve()
    const { begin, typed, watch } = room(api, plan, postgres().newDatabase())
    assert.strictEqual((await typed("journal", "init")).code, 0)
    const run = begin("-o", "out.md")
    await until(() => claude.journal.attempts === 3)
    const watched = watch()
    let seen = ""
    watched.child.stderr!.on("data", (chunk: Buffer) => void (seen += chunk.toString()))
    await until(() => seen.includes("Answered mars"))
    const [, id] = /"id": "(\w+)"/.exec((await typed("runs", "--json")).stdout)!
    assert.strictEqual((await typed("runs", "stop", id!)).code, 0)
    assert.strictEqual((await run.ended).code, 3)
    const { code, stderr } = await watched.ended
    assert.strictEqual(code, 0, stderr)
    assert.include(stderr, "✋ Stopped asking: what was there is folded\n")
    assert.isTrue(stderr.endsWith(`${id} has ended\n`))
  })
})

const hasTerminal = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") ?? false

describe.runIf(hasTerminal)("a run that is watched on a terminal", { timeout: 120_000 }, () => {
  it("is left by one key, and stopped by another", async () => {
    const claude = mockClaude()
    hangingFor(claude, "moon")
    await using api = await claude.serve()
    const { begin, cwd, door } = room(api)
    const run = begin("-o", "out.md")
    await until(() => claude.journal.attempts === 3)
    await door()
    const onTerminal = () => {
      const command = `'${process.execPath}' --conditions=source '${bin}' runs watch`
      const child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
        cwd,
        env: {
          ...reaching(api),
          PATH: process.env["PATH"] ?? "",
          HOME: cwd,
          TERM: "xterm-256color",
          SHELL: "/bin/sh",
          XDG_STATE_HOME: join(cwd, "state")
        }
      })
      let seen = ""
      child.stdout.on("data", (chunk: Buffer) => void (seen += stripVTControlCharacters(chunk.toString())))
      const ended = new Promise<number | null>((resolve) => child.on("close", resolve))
      return { ended, seen: () => seen, type: (key: string) => child.stdin.write(key) }
    }
    const leaving = onTerminal()
    await until(() => leaving.seen().includes("q leave"))
    leaving.type("q")
    assert.strictEqual(await leaving.ended, 0)
    assert.match(leaving.seen(), /goes on: fanfold runs watch \w+\s*$/)

    const stopping = onTerminal()
    await until(() => stopping.seen().includes("q leave"))
    stopping.type("b")
    await until(() => stopping.seen().includes("Nothing was changed: the run has no budget"))
    stopping.type("s")
    assert.deepStrictEqual([await stopping.ended, (await run.ended).code], [0, 3])
    assert.match(stopping.seen(), /\w+ has ended\s*$/)
    assert.include(stopping.seen(), "2 of 3 asks answered")
  })
})
