/** `npm run bench`: runs the benchmarks, each in a process of its own, and compares their results with earlier ones. */
import { spawnSync } from "node:child_process"
import { resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import * as Compare from "./harness/Compare.ts"
import * as Results from "./harness/Results.ts"
import * as Table from "./harness/Table.ts"

/** The question of each benchmark, by the name of its file. */
const questions: Readonly<Record<string, string>> = {
  batch: "What do Message Batches cost, and what is paid twice or lost when a process with a batch is killed?",
  "cold-start": "How long does a first run take, from the start of its process, with nothing configured or remembered?",
  concurrency: "How does the time of a research shrink with its concurrency?",
  delivery: "How does a fan-out behave on a bad day of the API?",
  "end-to-end": "What does a call cost, from the question to the answer, over HTTP/1.1 and HTTP/2?",
  journal: "What does the journal keep of an edited and of a killed run, and what does it cost?",
  material: "What do rows of a file and large plans take, in memory and until the first request?",
  mock: "What does the mock itself cost?",
  overhead: "What does fanfold itself cost for each ask, and beside a call of the SDK?",
  reduction: "Does a fold of many answers lose nothing, and what does it cost?",
  report: "What does the page of a run cost: how long is it made, how large is it, and how soon can it be used?",
  scale: "What do an ask and a worker take of a database, and what breaks first with a thousand workers?",
  "sequential-vs-parallel": "How much does asking in parallel buy, and how near is it to what is possible?",
  startup: "How long does the command line take to start, and how much does it load?",
  telemetry: "What does telemetry cost a run, by JSON and by protobuf, and what does it cost where it is off?",
  workers: "How do workers share the asks of a run, and what becomes of a run whose workers or database are killed?"
}
const names = Object.keys(questions)
const nameColumns = Math.max(...names.map(({ length }) => length))

const usage = `npm run bench -- [NAME…] [--quick] [--compare FILE]

Answers the questions NAME…, or all of them. Nothing leaves this machine; answers and latencies are simulated.

  --quick          fewer cases and rounds: the whole set in about 9 minutes; results go to bench/results/quick
  --compare FILE   after the question that FILE is an earlier result of, prints ratios new ÷ old with their spread;
                   without NAME only that question is run; may be given several times;
                   keep a copy of FILE where it is in the results folder, as the run replaces it
  --help           this text

Questions:
${Object.entries(questions)
  .map(([name, question]) => `  ${name.padEnd(nameColumns)}  ${question}`)
  .join("\n")}

Results: bench/results/NAME.json, NAME.svg where there is a plot, and NAME.md where there is a summary
`

const usageError = (problem: string): never => {
  console.error(`${problem}\n\n${usage}`)
  process.exit(2)
}

const parse = () => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: "boolean", default: false },
        compare: { type: "string", multiple: true, default: [] },
        help: { type: "boolean", short: "h", default: false }
      }
    })
  } catch (error) {
    return usageError((error as Error).message)
  }
}

/** Reads earlier results before anything runs: a run replaces those in the results folder, and an invalid file shows at once. */
const readAll = (files: ReadonlyArray<string>): ReadonlyArray<Results.Stored> => {
  try {
    return files.map(Compare.read)
  } catch (error) {
    return usageError((error as Error).message)
  }
}

const { positionals, values } = parse()
if (values.help) {
  console.log(usage)
  process.exit(0)
}
const unknown = positionals.filter((name) => !names.includes(name))
if (unknown.length > 0) usageError(`No such question: ${unknown.join(", ")}`)

const earlier = readAll(values.compare)
const compared = earlier.map(({ name }) => name)
const requested = positionals.length > 0 ? positionals : compared.length > 0 ? compared : names
const selected = names.filter((name) => requested.includes(name))
const unrelated = compared.filter((name) => !selected.includes(name))
if (unrelated.length > 0)
  usageError(`--compare: its result is of ${unrelated.join(", ")}, which is not among what is run`)

const startedAt = performance.now()
const elapsed = (): string => {
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

const failed: Array<string> = []
for (const [index, name] of selected.entries()) {
  console.error(`\n[${index + 1}/${selected.length}] ${name} · ${elapsed()} elapsed`)
  const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url))
  const flags = values.quick ? ["--quick"] : []
  const { signal, status } = spawnSync(process.execPath, ["--conditions=source", file, ...flags], { stdio: "inherit" })
  if (signal === "SIGINT") process.exit(130)
  if (status !== 0) {
    failed.push(name)
    continue
  }
  const result = fileURLToPath(new URL(`${name}.json`, Results.folder))
  for (const [index, older] of earlier.entries()) {
    if (older.name !== name) continue
    const comparison = Compare.compare(older, Compare.read(result))
    console.log(`\nCompared with the result of ${older.date}\n\n${Table.toMarkdown(Compare.rowsOf(comparison))}\n`)
    console.log([Compare.legend, ...comparison.differences.map((each) => `Different: ${each}`)].join("\n"))
    const given = values.compare[index]!
    if (resolve(given) === result) console.error(`${given}: read before the run, and now replaced by its result`)
  }
}
console.error(`\n${selected.length - failed.length} of ${selected.length} answered in ${elapsed()}`)
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(", ")}`)
  process.exit(1)
}
