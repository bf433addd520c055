/** What a benchmark leaves behind: a table on the terminal, and JSON with all that is needed to judge it. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { cpus, totalmem } from "node:os"
import type { Task } from "tinybench"

export interface Result {
  readonly name: string
  readonly seed: number
  /** Which parts are not real. */
  readonly simulated: string
  readonly rows: ReadonlyArray<Readonly<Record<string, string | number>>>
  /** Milliseconds of every run, by arm. */
  readonly samples: Readonly<Record<string, ReadonlyArray<number>>>
}

/** The milliseconds of every run of a task. */
export const samplesOf = (task: Task): ReadonlyArray<number> => {
  const { result } = task
  if (result.state !== "completed") throw new Error(`${task.name} did not complete: ${result.state}`)
  return result.latency.samples ?? []
}

/** The middle of the numbers; `NaN` where there are none. */
export const medianOf = (numbers: ReadonlyArray<number>): number => {
  const sorted = numbers.toSorted((a, b) => a - b)
  const at = (index: number): number => sorted[index] ?? Number.NaN
  const middle = sorted.length / 2
  return sorted.length % 2 === 1 ? at(Math.floor(middle)) : (at(middle - 1) + at(middle)) / 2
}

/** Median, least and most of few samples; a percentile of five runs does not exist. */
export const summaryOf = (task: Task) => {
  const samples = samplesOf(task)
  return { median: medianOf(samples), min: Math.min(...samples), max: Math.max(...samples), n: samples.length }
}

const folder = new URL("results/", import.meta.url)

const versionOf = (name: string): string =>
  JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), "utf8")).version

/** Prints the table and writes `bench/results/NAME.json`. */
export const report = (result: Result): void => {
  console.table(result.rows)
  console.log(`${result.name}: ${result.simulated}; seed ${result.seed}`)
  const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, memoryBytes: totalmem() }
  const versions = Object.fromEntries(
    ["@anthropic-ai/sdk", "effect", "tinybench", "undici"].map((name) => [name, versionOf(name)])
  )
  const record = {
    ...result,
    date: new Date().toISOString(),
    machine,
    versions: { node: process.version, ...versions }
  }
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL(`${result.name}.json`, folder), `${JSON.stringify(record, undefined, 2)}\n`)
}
