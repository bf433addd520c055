/** Types the shell lines of a page, one after the other, in the one folder of its reader. */
import { globSync } from "node:fs"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import type { Server } from "fanfold/mocks"
import manifest from "../../package.json" with { type: "json" }
import { type Ended, fanfold, reaching, root, type Running, start, until } from "../cli/Process.ts"

/** A line's words, and the variables that it sets for its command. */
const parse = (line: string) => {
  const words = [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, ...parts]) =>
    parts.find((part) => part !== undefined)!
  )
  const first = words.findIndex((word) => !/^[A-Z_]+=/.test(word))
  const env = Object.fromEntries(words.slice(0, first).map((word) => word.split("=", 2) as [string, string]))
  return { env, words: words.slice(first) }
}

/** A recording is made from the test's server, and a line may name a mock's address; every other line runs without one. */
const environment = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>>, server: Server) => {
  if (args.includes("--record")) return { env: reaching(server) }
  return args[0] === "bench" ? {} : { env, hurried: true }
}

/** Types what `timeout -s KILL` kills: here as soon as one ask has its answer, at any speed of the machine. */
const killed = async (args: ReadonlyArray<string>, cwd: string, env: Readonly<Record<string, string>>) => {
  const { child, ended } = start(args, { cwd, env })
  let said = ""
  child.stderr!.on("data", (data: Buffer) => (said += String(data)))
  await until(() => said.includes("Answered") || child.exitCode !== null)
  child.kill("SIGKILL")
  assert.strictEqual((await ended).code, null, said)
}

/** The line with ids of runs: that of the latest in the place of `RUN`, and of the one before in that of `EARLIER`. */
const withRuns = async (
  args: ReadonlyArray<string>,
  cwd: string,
  env: Readonly<Record<string, string>>
): Promise<ReadonlyArray<string>> => {
  if (!args.includes("RUN")) return args
  const { runs } = JSON.parse((await fanfold(["runs", "--json"], { cwd, env })).stdout)
  return args.map((arg) => (arg === "RUN" ? runs[0].id : arg === "EARLIER" ? runs[1].id : arg))
}

const ports = /^(\d{4,5})$/

/** A mock stays until all lines are typed; it takes a free port where the page names one. */
const serve = async (args: ReadonlyArray<string>, cwd: string) => {
  const running: Running = start(
    args.map((arg) => (ports.test(arg) ? "0" : arg)),
    { cwd, hurried: true }
  )
  let url = ""
  running.child.stdout!.on("data", (data: Buffer) => (url += String(data)))
  await until(() => url.includes("\n") || running.child.exitCode !== null)
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\n$/)
  return { running, url: url.trim(), named: `http://127.0.0.1:${args.find((arg) => ports.test(arg)) ?? "4010"}` }
}

/** A worker stays until all lines are typed, and must have answered something by then. */
const work = async (args: ReadonlyArray<string>, cwd: string): Promise<Running> => {
  const running = start(args, { cwd, hurried: true })
  let said = ""
  running.child.stderr!.on("data", (data: Buffer) => (said += String(data)))
  await until(() => said.includes("\n") || running.child.exitCode !== null)
  assert.match(said, /^Worker for runs of postgres:/)
  return running
}

/** Sends the request of a curl line with `-H`, `-d` and `-X` to the mock whose address it names. */
const curl = async (
  line: string,
  [, named = "", ...options]: ReadonlyArray<string>,
  mocks: ReadonlyArray<{ readonly named: string; readonly url: string }>
): Promise<void> => {
  const mock = mocks.find((one) => named.startsWith(one.named))
  assert.isDefined(mock, `${line}: no mock listens there`)
  const valuesOf = (flag: string) => options.filter((_, index) => options[index - 1] === flag)
  const headers = valuesOf("-H").map((header) => header.split(": ", 2) as [string, string])
  const [body] = valuesOf("-d")
  const [method = body === undefined ? "GET" : "POST"] = valuesOf("-X")
  const init = { headers, method, ...(body !== undefined && { body }) }
  const response = await fetch(named.replace(mock.named, mock.url), init)
  assert.isTrue(response.ok, `${line}\n${await response.text()}`)
}

/** Types the lines of blocks, which must all succeed, and gives how each line of each block ended. */
export const typed = async (blocks: ReadonlyArray<ReadonlyArray<string>>, cwd: string, server: Server) => {
  const ends = blocks.map(() => new Map<string, Ended>())
  // Pages are tested side by side, and each reader has a journal.
  const state = { XDG_STATE_HOME: join(cwd, ".state") }
  const mocks: Array<Awaited<ReturnType<typeof serve>>> = []
  const workers: Array<Running> = []
  try {
    for (const [block, line] of blocks.flatMap((lines, block) => lines.map((line) => [block, line] as const))) {
      const { env, words } = parse(line)
      const [command, bin, ...args] = words
      if (command === "npm") {
        assertNpm(line, words)
        continue
      }
      if (command === "curl") {
        await curl(line, words, mocks)
        continue
      }
      if (command === "timeout") {
        const [npx, name, ...rest] = words.slice(4)
        assert.deepStrictEqual([...words.slice(1, 3), npx, name], ["-s", "KILL", "npx", "fanfold"], line)
        await killed(rest, cwd, state)
        continue
      }
      assert.deepStrictEqual([command, bin], ["npx", Object.keys(manifest.bin)[0]!], line)
      if (args[0] === "mock") {
        mocks.unshift(await serve(args, cwd))
        continue
      }
      if (args[0] === "worker") {
        workers.push(await work(args, cwd))
        continue
      }
      for (const name of Object.keys(env))
        for (const { named, url } of mocks) env[name] = env[name]!.replace(named, url)
      const options = environment(args, env, server)
      const one = await fanfold(await withRuns(args, cwd, state), {
        cwd,
        ...options,
        env: { ...options.env, ...state }
      })
      assert.strictEqual(one.code, 0, `${line}\n${one.stderr}`)
      ends[block]!.set(line, one)
    }
  } finally {
    for (const { running } of mocks) {
      running.child.kill("SIGINT")
      await running.ended
    }
    for (const { child } of workers) child.kill("SIGTERM")
  }
  for (const { stderr } of await Promise.all(workers.map(({ ended }) => ended))) assert.match(stderr, /^\d+ answered/m)
  return ends
}

const files = (pattern: string): ReadonlyArray<string> => globSync(pattern, { cwd: root })

/** npm is not run: its scripts, packages, test files and questions must be there. */
const assertNpm = (line: string, [, verb = "", ...rest]: ReadonlyArray<string>): void => {
  if (verb === "ci") return
  if (verb === "install") {
    const optional = Object.entries(manifest.peerDependenciesMeta).filter(
      ([name, { optional }]) => optional && name !== "effect"
    )
    if (optional.some(([name]) => rest.length === 1 && rest[0] === name)) return
    const peers = Object.keys(manifest.peerDependencies).filter((name) => name === "effect")
    return assert.deepStrictEqual(rest, [manifest.name, ...peers], line)
  }
  const [script, ...args] = verb === "run" ? rest : [verb, ...rest]
  assert.property(manifest.scripts, script!, line)
  const named = args.find((arg) => arg !== "--") ?? ""
  if (script === "test" && named !== "") {
    const tests = [...files("test/**/*.test.ts"), ...files("examples/*.test.ts")]
    assert.isTrue(
      tests.some((file) => file.toLowerCase().includes(named.toLowerCase())),
      `${line}: no test file has this in its path`
    )
  }
  if (script === "bench") {
    const names = args.filter((arg) => /^[a-z-]+$/.test(arg) && !arg.startsWith("-"))
    for (const name of names) assert.include(files("bench/*.ts"), `bench/${name}.ts`, line)
  }
}
