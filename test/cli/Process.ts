/** The command line as a user meets it: a process of its own, in a folder of its own. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { text } from "node:stream/consumers"
import { afterAll } from "@effect/vitest"
import { bundled } from "./Bundle.ts"

export const root = resolve(import.meta.dirname, "../..")
/** Its entry. */
export const bin = await bundled()
const hurry = join(root, "test/Hurry.ts")
const endWithParent = join(root, "bench/harness/EndWithParent.ts")

/** Looks like a key, so that whatever cuts keys out has something to cut. */
export const key = "sk-ant-api03-THE-KEY-that-must-never-be-seen"

/** How a process ended, and all that it said. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Options {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  /** Scripts that it loads before anything else. */
  readonly preloads?: ReadonlyArray<string>
  /** Lets the time of simulated answers fly. */
  readonly hurried?: boolean
}

/** A process under way. */
export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
}

/** What a process remembers goes with the tests. */
const state = { XDG_STATE_HOME: process.env["XDG_STATE_HOME"] ?? tmpdir() }

/** Nothing of the machine's own settings reaches the process but what it needs to start. */
const clean = {
  PATH: process.env["PATH"] ?? "",
  HOME: tmpdir(),
  ...state,
  NODE_COMPILE_CACHE: join(tmpdir(), "fanfold-cache")
}

/** Starts a script of this project under its own Node. */
export const node = (script: string, args: ReadonlyArray<string>, options: Options = {}): Running => {
  const { cwd = tmpdir(), env = {}, hurried = false, preloads = [], stdin = "" } = options
  const preload = [endWithParent, ...(hurried ? [hurry] : []), ...preloads].flatMap((file) => ["--import", file])
  const child = spawn(process.execPath, ["--conditions=source", ...preload, script, ...args], {
    cwd,
    env: { ...clean, ...env },
    stdio: ["pipe", "pipe", "pipe", "pipe"]
  })
  child.stdin.on("error", () => {}).end(stdin)
  const code = new Promise<number | null>((resolve) => child.on("close", resolve))
  const ended = Promise.all([code, text(child.stdout), text(child.stderr)])
  return { child, ended: ended.then(([code, stdout, stderr]) => ({ code, stdout, stderr })) }
}

/** Starts the command line. */
export const start = (args: ReadonlyArray<string>, options?: Options): Running => node(bin, args, options)

/** Runs the command line to its end. */
export const fanfold = (args: ReadonlyArray<string>, options?: Options): Promise<Ended> => start(args, options).ended

/** The environment that leads to a server on loopback. */
export const reaching = ({ url }: { readonly url: string }) => ({
  ...state,
  ANTHROPIC_BASE_URL: url,
  ANTHROPIC_API_KEY: key
})

/** Gives folders with files in them, which go when the test file is done. */
export const folders = (): ((files?: Readonly<Record<string, string>>) => string) => {
  const base = mkdtempSync(join(tmpdir(), "fanfold-test-"))
  afterAll(() => rmSync(base, { recursive: true, force: true }))
  return (files = {}) => {
    const folder = mkdtempSync(join(base, "f"))
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), content)
    }
    return folder
  }
}

/** Waits until something has come true; the test's own limit ends a wait in vain. */
export const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** Waits until a process has told something on standard error, or has ended. */
export const told = async ({ child }: Running, text: string): Promise<void> => {
  let said = ""
  child.stderr!.on("data", (chunk: Buffer) => (said += chunk.toString()))
  await until(() => said.includes(text) || child.exitCode !== null)
}

/** What a terminal would obey. */
// oxlint-disable-next-line no-control-regex
export const controls = /(?!\n)[\u0000-\u001F\u007F-\u009F]/
