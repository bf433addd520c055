/**
 * Loaded before the command line (`--import`): lets simulated answers come at once, and writes `Used` as JSON to the file named by
 * `FANFOLD_BENCH_USED` when the process exits.
 */
import { writeFileSync } from "node:fs"

/** The most memory that the process ever had, in bytes, and the time that its threads have run, in milliseconds. */
export interface Used {
  readonly peakBytes: number
  readonly cpuMillis: number
}

/** The simulated times of answers are shorter; timeouts are longer, and stay as they are. */
const longestLatency = 60_000

const { setTimeout } = globalThis
globalThis.setTimeout = ((run: () => void, millis = 0) =>
  setTimeout(run, millis <= longestLatency ? 0 : millis)) as typeof setTimeout

const file = process.env["FANFOLD_BENCH_USED"]
if (file !== undefined) {
  process.on("exit", () => {
    const { maxRSS, systemCPUTime, userCPUTime } = process.resourceUsage()
    const used: Used = { peakBytes: maxRSS * 1024, cpuMillis: (userCPUTime + systemCPUTime) / 1000 }
    writeFileSync(file, JSON.stringify(used))
  })
}
