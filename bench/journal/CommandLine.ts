/** The command line in a process of its own, with a state folder of its own. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"

/** The arguments that Node runs the command line with: a built bin, or the sources. */
export type Command = ReadonlyArray<string>

/** How a process ended, and all that it wrote. A process that a signal has ended has no code. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
}

/** What configures the SDK, fanfold, Node or a proxy is left out. */
const inherited = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(ANTHROPIC|FANFOLD|NODE|XDG)_|_proxy$|^FORCE_COLOR$/i.test(name))
)

const endWithParent = fileURLToPath(new URL("../harness/EndWithParent.ts", import.meta.url))

/**
 * Starts it in `folder`, where its state is kept too; `url` is where Claude is. `isBound`: it ends with this process, also where that
 * is killed, and takes a little longer to start.
 */
export const start = (
  command: Command,
  args: ReadonlyArray<string>,
  folder: string,
  url: string,
  isBound = false
): Running => {
  const preload = isBound ? ["--import", endWithParent] : []
  const child = spawn(process.execPath, [...preload, ...command, ...args], {
    cwd: folder,
    env: {
      ...inherited,
      ANTHROPIC_API_KEY: "of-no-account",
      ANTHROPIC_BASE_URL: url,
      XDG_STATE_HOME: join(folder, "state")
    },
    stdio: ["ignore", "pipe", "pipe", "pipe"]
  })
  const closed = once(child, "close") as Promise<[Ended["code"], Ended["signal"]]>
  const ended = Promise.all([closed, text(child.stdout!), text(child.stderr!)])
  return { child, ended: ended.then(([[code, signal], stdout, stderr]) => ({ code, signal, stdout, stderr })) }
}

/** The journal where `start` lets it be kept. */
export const journalOf = (folder: string): string => join(folder, "state", "fanfold", "journal.sqlite")
