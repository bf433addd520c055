/** The CPU of a whole `fanfold run`, from the start of its process to its end, with telemetry and without. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Readable } from "node:stream"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { bin } from "../harness/Build.ts"
import { unboundLimits } from "../harness/Loopback.ts"

const preload = fileURLToPath(new URL("ReportCpu.ts", import.meta.url))

/** Milliseconds of one run of `asks` questions, with its journal, which are asked at `url`. `env`: where telemetry goes. */
export const cpuMillis = async (asks: number, url: string, env: Readonly<Record<string, string>>): Promise<number> => {
  const folder = mkdtempSync(join(tmpdir(), "fanfold-telemetry-run-"))
  const questions = Array.from({ length: asks }, (_, n) => [`ask${n}`, `What is the answer to question ${n}?`])
  const plan = { asks: Object.fromEntries(questions), pacing: { limits: unboundLimits } }
  writeFileSync(join(folder, "plan.json"), JSON.stringify(plan))
  const child = spawn(process.execPath, ["--import", preload, bin, "run", "plan.json", "-o", "answers.json"], {
    cwd: folder,
    env: {
      PATH: process.env["PATH"],
      HOME: folder,
      ANTHROPIC_API_KEY: "of-no-account",
      ANTHROPIC_BASE_URL: url,
      NODE_COMPILE_CACHE: join(tmpdir(), "fanfold-telemetry-compiled"),
      ...env
    },
    stdio: ["ignore", "ignore", "pipe", "pipe"]
  })
  const closed = once(child, "close")
  const [cpu, stderr] = await Promise.all([text(child.stdio[3] as Readable), text(child.stderr!)])
  const [code] = (await closed) as [number | null]
  rmSync(folder, { recursive: true, force: true })
  if (code !== 0) throw new Error(`fanfold run ended with ${code}: ${stderr.slice(-2000)}`)
  return Number(cpu)
}
