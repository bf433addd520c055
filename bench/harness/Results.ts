/** Reports the result of a benchmark: prints its tables, and writes them with samples, seed, machine and versions to files. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { cpus, loadavg, totalmem } from "node:os"
import { fileURLToPath } from "node:url"
import { Schema } from "effect"
import type { Task } from "tinybench"
import type * as Plot from "./Plot.ts"
import * as PlotSvg from "./PlotSvg.ts"
import * as Table from "./Table.ts"

export interface Result {
  readonly name: string
  readonly seed: number
  /** Which parts are simulated. */
  readonly simulated: string
  readonly rows: ReadonlyArray<Table.Row>
  /** Tables after the first, by title. */
  readonly further?: Readonly<Record<string, ReadonlyArray<Table.Row>>>
  /** Sentences that explain the tables. */
  readonly notes?: ReadonlyArray<string>
  /** Every run, by arm: milliseconds, unless the arm's name has another unit. Lower is better. */
  readonly samples: Readonly<Record<string, ReadonlyArray<number>>>
  readonly plot?: Plot.Plot
  /** The rows that the README shows; written to a Markdown file. */
  readonly summary?: ReadonlyArray<Table.Row>
}

/** Increased when the file changes in a way that an old reader would misread. */
export const formatVersion = 1

const Rows = Schema.Array(Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite])))

/** The content of `bench/results/NAME.json`. */
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
    /** Load average of the minute before the start: how busy the machine was with other processes. */
    loadBefore: Schema.Finite
  }),
  versions: Schema.Record(Schema.String, Schema.String),
  rows: Rows,
  further: Schema.Record(Schema.String, Rows),
  notes: Schema.Array(Schema.String),
  samples: Schema.Record(Schema.String, Schema.Array(Schema.Finite))
})
export type Stored = typeof Stored.Type

/** Whether the benchmark runs with `--quick`: fewer cases and rounds. */
export const isQuick = process.argv.includes("--quick")

const startedAt = performance.now()
const [loadBefore = 0] = loadavg()

/** Writes the current step and the elapsed seconds to standard error; to a file at most every 5 s. */
export const progress = (step: string): void => {
  const elapsed = performance.now() - startedAt
  const line = `  ${Math.round(elapsed / 1000)} s  ${step}`
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[2K${line}`)
  else if (elapsed >= nextLineAt) {
    nextLineAt = elapsed + lineEveryMillis
    process.stderr.write(`${line}\n`)
  }
}

const lineEveryMillis = 5000
let nextLineAt = 0

/** The milliseconds of every run of a task. Throws if the task failed. */
export const samplesOf = (task: Task): ReadonlyArray<number> => {
  const { result } = task
  if (result.state !== "completed") throw new Error(`${task.name} did not complete: ${result.state}`)
  return result.latency.samples ?? []
}

/** The median; `NaN` of an empty list. */
export const medianOf = (numbers: ReadonlyArray<number>): number => {
  const sorted = numbers.toSorted((a, b) => a - b)
  const at = (index: number): number => sorted[index] ?? Number.NaN
  const middle = sorted.length / 2
  return sorted.length % 2 === 1 ? at(Math.floor(middle)) : (at(middle - 1) + at(middle)) / 2
}

/** Median, minimum, maximum and number of the samples: too few for percentiles. */
export const spreadOf = (samples: ReadonlyArray<number>) => ({
  median: medianOf(samples),
  min: Math.min(...samples),
  max: Math.max(...samples),
  n: samples.length
})

/** `spreadOf` the runs of a task. */
export const summaryOf = (task: Task) => spreadOf(samplesOf(task))

/** The folder of the result files. Quick runs have a folder of their own, so that they never replace full results. */
export const folder = new URL(isQuick ? "../results/quick/" : "../results/", import.meta.url)

/** Prints the tables and writes `NAME.json`, `NAME.svg` of the plot and `NAME.md` of the summary into `folder`. */
export const report = async (result: Result): Promise<void> => {
  const stored = storedOf(result)
  const { further, notes, rows } = stored
  if (process.stderr.isTTY) process.stderr.write("\r\u001B[2K")
  console.log(Table.toMarkdown(rows))
  for (const [title, rows] of Object.entries(further)) console.log(`\n${title}\n\n${Table.toMarkdown(rows)}`)
  console.log(`\n${[...notes, `${simulatedOf(stored)}; ${provenanceOf(stored)}`].join("\n")}`)
  mkdirSync(folder, { recursive: true })
  for (const [extension, text] of Object.entries(await filesOf(result, stored))) {
    const file = new URL(`${result.name}.${extension}`, folder)
    writeFileSync(file, text)
    console.log(`written: ${fileURLToPath(file)}`)
  }
}

/** The contents of the files, by extension. Plot and summary are shown on their own, so each says what is simulated. */
export const filesOf = async ({ plot, summary }: Result, stored: Stored): Promise<Readonly<Record<string, string>>> => {
  const simulated = simulatedOf(stored)
  const provenance = provenanceOf(stored)
  return {
    json: jsonOf(stored),
    ...(plot && {
      svg: await PlotSvg.render({ ...plot, note: [plot.note ?? [], simulated, provenance].flat().join("\n") })
    }),
    ...(summary && { md: `${Table.toMarkdown(summary)}\n\n${simulated}; ${provenance}\n` })
  }
}

/** The result with date, machine and versions, as it is written to the file. Samples are rounded to microseconds. */
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
    ...Object.fromEntries(
      ["@anthropic-ai/sdk", "@copilotkit/aimock", "effect", "msw", "p-limit", "tinybench"].map((name) => [
        name,
        versionOf(name)
      ])
    )
  },
  rows,
  further,
  notes,
  samples: Object.fromEntries(
    Object.entries(samples).map(([arm, millis]) => [arm, millis.map((each) => Number(each.toFixed(3)))])
  )
})

/** Indented JSON with the samples of each arm on one line. */
export const jsonOf = (stored: Stored): string => {
  const text = JSON.stringify(Schema.encodeSync(Stored)(stored), undefined, 2)
  return `${text.replace(/\[[-\d.,\s]+\]/g, (numbers) => numbers.replace(/\s+/g, ""))}\n`
}

const versionOf = (name: string): string =>
  JSON.parse(readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url), "utf8")).version

const simulatedOf = ({ seed, simulated }: Stored): string => `${simulated}; seed ${seed}`

/** Machine, Node version and date of a result, and whether it was quick, in a line. */
export const provenanceOf = ({ date, isQuick, machine, versions }: Stored): string =>
  `${machine.cpu}, ${machine.cores} cores, ${machine.platform}, Node ${versions["node"]}, ${date.slice(0, 10)}` +
  (isQuick ? ", quick" : "")
