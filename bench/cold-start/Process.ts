/** Runs a script of `cold-start` in a fresh process, with nothing configured and an empty state folder. */
import { execFile } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { root } from "../harness/Build.ts"
import type { Server } from "../harness/Loopback.ts"
import { type Contender, scripts } from "./Cases.ts"

/** What a script prints. `endedAtMillis` is of `process.hrtime`, which all processes of a machine share. */
export interface Printed {
  readonly endedAtMillis: number
  readonly cpuMillis: number
  readonly peakMegabytes: number
  readonly warmMillis: number
}

/**
 * The figures of one process. `coldMillis`: from before its spawn to the last answer of its first run; `warmMillis`: of its
 * second run. CPU and peak memory are those of the process until the end of the first run.
 */
export interface Measured {
  readonly coldMillis: number
  readonly warmMillis: number
  /** From before the spawn to the arrival of the first request at the server. */
  readonly firstRequestMillis: number
  readonly cpuMillis: number
  readonly peakMegabytes: number
  /** The version of HTTP that client and server negotiated. */
  readonly httpVersion: string
}

/** Environment variables that would configure the SDK, fanfold or Node are left out. */
const inherited = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(ANTHROPIC|FANFOLD|NODE|XDG)_|_proxy$/i.test(name))
)

/** A process that takes longer is killed, and its measurement fails. */
const timeoutMillis = 120_000

let runs = 0

export const measure = async (
  contender: Contender,
  asks: number,
  server: Server,
  caseIndex: number,
  certificate: string | undefined
): Promise<Measured> => {
  const run = `run${++runs}`
  const state = mkdtempSync(join(tmpdir(), "fanfold-cold-start-"))
  try {
    const env = {
      ...inherited,
      ANTHROPIC_API_KEY: "of-no-account",
      ANTHROPIC_BASE_URL: server.baseUrl(caseIndex, run),
      XDG_STATE_HOME: state,
      ...(certificate !== undefined && { NODE_EXTRA_CA_CERTS: certificate })
    }
    const args = [join(import.meta.dirname, "scripts", scripts[contender]), String(asks)]
    const startedAtMillis = Number(process.hrtime.bigint()) / 1e6
    // Without --conditions=source, so that "fanfold" is the built dist.
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env, timeout: timeoutMillis })
    const { endedAtMillis, ...printed } = JSON.parse(stdout) as Printed
    const { atMillis, httpVersion } = await server.firstRequest(run)
    return {
      ...printed,
      coldMillis: endedAtMillis - startedAtMillis,
      firstRequestMillis: atMillis - startedAtMillis,
      httpVersion
    }
  } finally {
    rmSync(state, { recursive: true })
  }
}
