/** Runs the built command line and says what it took. */
import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { pathToFileURL } from "node:url"
import { bin } from "../harness/Build.ts"
import type { Used } from "./Probe.ts"

const probe = pathToFileURL(join(import.meta.dirname, "Probe.ts")).href

/** Milliseconds from the start of the process; `firstRequestMillis` until it says that it asks. */
export interface Ran extends Used {
  readonly millis: number
  readonly firstRequestMillis: number | undefined
}

/** Runs arguments in a folder, which also holds the state of the user. Throws where the command fails. */
export const run = (args: ReadonlyArray<string>, folder: string): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const file = join(folder, "used.json")
    const startedAt = performance.now()
    let firstRequestMillis: number | undefined
    const last: Array<string> = []
    const child = spawn(process.execPath, ["--import", probe, bin, ...args], {
      cwd: folder,
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: folder,
        TMPDIR: folder,
        XDG_STATE_HOME: folder,
        FANFOLD_BENCH_USED: file
      },
      stdio: ["ignore", "ignore", "pipe"]
    })
    createInterface(child.stderr).on("line", (line) => {
      if (line.startsWith("🔄")) firstRequestMillis ??= performance.now() - startedAt
      last.push(line)
      if (last.length > 20) last.shift()
    })
    child.on("error", reject)
    child.on("close", (code) => {
      if (code !== 0) return reject(new Error(`fanfold ${args.join(" ")} ended with ${code}: ${last.join("\n")}`))
      const used = JSON.parse(readFileSync(file, "utf8")) as Used
      resolve({ ...used, millis: performance.now() - startedAt, firstRequestMillis })
    })
  })
