/** What a benchmark leaves behind: tables on the terminal, and files with all that is needed to judge it. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { cpus, loadavg, totalmem } from "node:os"
import { fileURLToPath } from "node:url"
import { Schema } from "effect"
import type { Task } from "tinybench"
import * as Plot from "./Plot.ts"
import * as Table from "./Table.ts"

export interface Result {
  readonly name: string
  readonly seed: number
  /** Which parts are not real. */
  readonly simulated: string
  readonly rows: ReadonlyArray<Table.Row>
  /** Tables that follow the first, each under its title. */
  readonly further?: Readonly<Record<string, ReadonlyArray<Table.Row>>>
  /** Sentences that say how the tables are to be read. */
  readonly notes?: ReadonlyArray<string>
  /** Every run, by arm: milliseconds, unless the arm's name has another unit. Less is better. */
  readonly samples: Readonly<Record<string, ReadonlyArray<number>>>
  readonly plot?: Plot.Plot
  /** The few rows that a reader in a hurry wants; they get a Markdown file of their own. */
  readonly summary?: ReadonlyArray<Table.Row>
}

/** Raised when the shape of the file changes in a way that an old reader would misread. */
export const formatVersion = 1

const Rows = Schema.Array(Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite])))

/** A result as `bench/results/NAME.json` holds it. */
export const Stored = Schema.Struct({
  version: Schema.Literal(formatVersion),
  name: Schema.String,
  isQuick: Schema.Boolean,
  seed: Schema.Int,
  simulated: Schema.String,
  date: Schema.String,
  machine: Schema.Struct({
    platform: Schema.String,
    cpu: Schema.String,
    cores: Schema.Int,
    memoryBytes: Schema.Finite,
    /** Processes that were running or waiting, on average of the minute before: what else the machine had to do. */
    loadBefore: Schema.Finite
  }),
  versions: Schema.Record(Schema.String, Schema.String),
  rows: Rows,
  further: Schema.Record(Schema.String, Rows),
  notes: Schema.Array(Schema.String),
  samples: Schema.Record(Schema.String, Schema.Array(Schema.Finite))
})
export type Stored = typeof Stored.Type

/** Whether the question is to be answered small: `--quick`. */
export const isQuick = process.argv.includes("--quick")

const startedAt = performance.now()
const [loadBefore = 0] = loadavg()

/** Says on standard error what is being done, and how long the question has been running. */
export const progress = (doing: string): void => {
  const elapsed = performance.now() - startedAt
  const line = `  ${Math.round(elapsed / 1000)} s  ${doing}`
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[2K${line}`)
  else if (elapsed >= nextLineAt) {
    nextLineAt = elapsed + lineEveryMillis
    process.stderr.write(`${line}\n`)
  }
}

/** A log, where every line stays, gets no more than one in this time. */
const lineEveryMillis = 5000
let nextLineAt = 0

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
export const spreadOf = (samples: ReadonlyArray<number>) => ({
  median: medianOf(samples),
  min: Math.min(...samples),
  max: Math.max(...samples),
  n: samples.length
})

/** `spreadOf` the runs of a task. */
export const summaryOf = (task: Task) => spreadOf(samplesOf(task))

/** Where results are kept. A quick run has a folder of its own, so that it never replaces the figures of a full one. */
export const folder = new URL(isQuick ? "../results/quick/" : "../results/", import.meta.url)

/** Prints the tables and writes `NAME.json`, `NAME.svg` of the plot and `NAME.md` of the summary into `folder`. */
export const report = async (result: Result): Promise<void> => {
  const stored = storedOf(result)
  const { further, notes, rows } = stored
  if (process.stderr.isTTY) process.stderr.write("\r\u001B[2K")
  console.log(Table.toMarkdown(rows))
  for (const [title, rows] of Object.entries(further)) console.log(`\n${title}\n\n${Table.toMarkdown(rows)}`)
  console.log(`\n${[...notes, `${simulatedOf(stored)}; ${placeOf(stored)}`].join("\n")}`)
  mkdirSync(folder, { recursive: true })
  for (const [extension, text] of Object.entries(await filesOf(result, stored))) {
    const file = new URL(`${result.name}.${extension}`, folder)
    writeFileSync(file, text)
    console.log(`written: ${fileURLToPath(file)}`)
  }
}

/** The texts of the files, by extension. Picture and summary are shown apart from the rest, so each says what is not real. */
export const filesOf = async ({ plot, summary }: Result, stored: Stored): Promise<Readonly<Record<string, string>>> => {
  const simulated = simulatedOf(stored)
  const place = placeOf(stored)
  return {
    json: jsonOf(stored),
    ...(plot && { svg: await Plot.svg({ ...plot, note: [plot.note ?? [], simulated, place].flat().join("\n") }) }),
    ...(summary && { md: `${Table.toMarkdown(summary)}\n\n${simulated}; ${place}\n` })
  }
}

/** The result with all that tells where and when it was taken, as it is kept. */
export const storedOf = ({ further = {}, name, notes = [], rows, samples, seed, simulated }: Result): Stored => ({
  version: formatVersion,
  name,
  isQuick,
  seed,
  simulated,
  date: new Date().toISOString(),
  machine: {
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryBytes: totalmem(),
    loadBefore
  },
  versions: {
    node: process.versions.node,
    undici: process.versions["undici"] ?? "none",
    ...Object.fromEntries(["@anthropic-ai/sdk", "effect", "msw", "tinybench"].map((name) => [name, versionOf(name)]))
  },
  rows,
  further,
  notes,
  samples: Object.fromEntries(
    Object.entries(samples).map(([arm, millis]) => [arm, millis.map((each) => Number(each.toFixed(3)))])
  )
})

/** As JSON that a person can read: the samples of an arm are one line. */
export const jsonOf = (stored: Stored): string => {
  const text = JSON.stringify(Schema.encodeSync(Stored)(stored), undefined, 2)
  return `${text.replace(/\[[-\d.,\s]+\]/g, (numbers) => numbers.replace(/\s+/g, ""))}\n`
}

const versionOf = (name: string): string =>
  JSON.parse(readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url), "utf8")).version

/** What is not real, and what drew it. */
const simulatedOf = ({ seed, simulated }: Stored): string => `${simulated}; seed ${seed}`

/** Where, when and how thoroughly a result was taken, in a line. */
export const placeOf = ({ date, isQuick, machine, versions }: Stored): string =>
  `${machine.cpu}, ${machine.cores} cores, ${machine.platform}, Node ${versions["node"]}, ${date.slice(0, 10)}` +
  (isQuick ? ", quick" : "")
