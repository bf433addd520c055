/** Runs each measurement in a process of its own, so that none inherits the compiled code and the heap of another. */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const execute = promisify(execFile)

/** Bytes of output that one process may print; its samples are far fewer. */
const maxBuffer = 64 * 1024 * 1024

const run = async <A>(conditions: ReadonlyArray<string>, file: string, args: ReadonlyArray<string>): Promise<A> => {
  const path = fileURLToPath(new URL(`../${file}`, import.meta.url))
  const { stdout } = await execute(process.execPath, [...conditions, "--expose-gc", path, ...args], { maxBuffer })
  return JSON.parse(stdout) as A
}

/** Runs a file, given by its path from `bench/`, with `node --expose-gc` on the sources; returns the JSON that it prints. */
export const measure = <A>(file: string, ...args: ReadonlyArray<string>): Promise<A> =>
  run(["--conditions=source"], file, args)

/** The same on the built package, as users have it: what loads during the measured time is not compiled from its sources first. */
export const measureBuilt = <A>(file: string, ...args: ReadonlyArray<string>): Promise<A> => run([], file, args)
