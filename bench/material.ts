/**
 * What do rows, large plans and documents take: 100,000 rows of CSV asked offline without latency, the check of a plan of 20,000
 * asks, and the input of 30 questions over a PDF of 200 pages?
 */
import { createHash } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ensureBuilt } from "./harness/Build.ts"
import * as Results from "./harness/Results.ts"
import { type Ran, run } from "./material/CommandLine.ts"
import * as Documents from "./material/Documents.ts"

const seed = 1
const rowCount = Results.isQuick ? 5000 : 100_000
const askCount = Results.isQuick ? 2000 : 20_000
const checks = Results.isQuick ? 1 : 3
const pageCount = 200
const questionCount = 30
/** The model of the target, and the default of asks. */
const models = ["claude-sonnet-5-5", "claude-haiku-5-5"] as const
/** The share of the cost of the same input sent cold. */
const mostCost = 0.08

ensureBuilt()
const folder = mkdtempSync(join(tmpdir(), "fanfold-material-"))
const regions = ["the EU", "North America", "Japan", "Brazil", "India"]
const companies = Array.from(
  { length: rowCount },
  (_, index) => `c${index + 1},"Company ${index + 1}, Inc.",${regions[index % regions.length]}\r\n`
)
writeFileSync(join(folder, "companies.csv"), `\ufeffid,company,region\r\n${companies.join("")}`)
writeFileSync(
  join(folder, "rows.yaml"),
  `asks: { from: companies.csv, question: "What is {company}'s strategy in {region}?" }\n`
)
const asks = Array.from({ length: askCount }, (_, index) => [`q${index}`, `What is the strategy of company ${index}?`])
writeFileSync(join(folder, "plan.json"), JSON.stringify({ asks: Object.fromEntries(asks) }))
writeFileSync(
  join(folder, "plan.yaml"),
  `asks:\n${asks.map(([name, question]) => `  ${name}: ${question}\n`).join("")}`
)

const hashOf = (file: string): string =>
  createHash("sha256")
    .update(readFileSync(join(folder, file)))
    .digest("hex")

const runs: Array<Ran> = []
const hashes = new Set<string>()
for (const round of [1, 2]) {
  Results.progress(`${rowCount} rows, run ${round} of 2`)
  const output = `answers${round}.csv`
  runs.push(await run(["run", "rows.yaml", "--offline", "--fresh", "-o", output], folder))
  hashes.add(hashOf(output))
}

const checked: Record<string, Array<Ran>> = { "plan.json": [], "plan.yaml": [] }
for (let round = 0; round < checks; round++) {
  for (const [plan, ran] of Object.entries(checked)) {
    Results.progress(`check ${plan}, ${round + 1} of ${checks}`)
    ran.push(await run(["check", plan], folder))
  }
}
Documents.prepare(folder, pageCount, questionCount)
const asked: Array<Documents.Asked> = []
for (const model of models) {
  Results.progress(`${questionCount} questions over ${pageCount} pages, ${model}`)
  asked.push(await Documents.ask(folder, model))
}
rmSync(folder, { recursive: true, force: true })

const megabytes = (ran: ReadonlyArray<Ran>): number => Math.max(...ran.map(({ peakBytes }) => peakBytes)) / 1e6
const seconds = (millis: number): string => (millis / 1000).toFixed(2)
const firstMillis = Math.max(...runs.map(({ firstRequestMillis = Number.NaN }) => firstRequestMillis))
const figure = (what: string, value: string, target: string, isMet: boolean) => ({
  what,
  value,
  target,
  met: isMet ? "yes" : "no"
})
const count = (n: number): string => n.toLocaleString("en-US")
const shareOf = ({ coldUsd, inputUsd }: Documents.Asked): number => inputUsd / coldUsd
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
const [target] = asked as [Documents.Asked, ...ReadonlyArray<Documents.Asked>]
const isShared = asked.every(({ reads, writes }) => writes === 1 && reads === questionCount - 1)

await Results.report({
  name: "material",
  seed,
  simulated: "Claude is the mock of --offline, whose answers come at once; files, journal and tables are real",
  rows: [
    figure(
      `peak memory of ${count(rowCount)} rows`,
      `${megabytes(runs).toFixed(0)} MB`,
      "<= 400 MB",
      megabytes(runs) <= 400
    ),
    figure("first request after the start", `${seconds(firstMillis)} s`, "<= 1 s", firstMillis <= 1000),
    figure("answers.csv of two runs", hashes.size === 1 ? "byte-equal" : "different", "byte-equal", hashes.size === 1),
    ...Object.entries(checked).flatMap(([plan, ran]) => {
      const millis = Results.medianOf(ran.map(({ millis }) => millis))
      return [
        figure(`check of ${count(askCount)} asks, ${plan}`, `${seconds(millis)} s`, "<= 3 s", millis <= 3000),
        figure(`its peak memory`, `${megabytes(ran).toFixed(0)} MB`, "<= 500 MB", megabytes(ran) <= 500)
      ]
    }),
    figure(
      `${questionCount} questions over a PDF of ${pageCount} pages`,
      `${target.writes} cache write, ${target.reads} reads`,
      `1 write, ${questionCount - 1} reads`,
      isShared
    ),
    figure(
      `their input, of its cost sent cold (${target.model})`,
      percent(shareOf(target)),
      `<= ${percent(mostCost)}`,
      shareOf(target) <= mostCost
    )
  ],
  further: {
    "Questions over the PDF, by model": asked.map((one) => ({
      model: one.model,
      "tokens in": count(one.inputTokens),
      "cache writes": one.writes,
      "cache reads": one.reads,
      "cost of the input": `$${one.inputUsd.toFixed(2)}`,
      "sent cold": `$${one.coldUsd.toFixed(2)}`,
      share: percent(shareOf(one))
    })),
    "Each run of the rows": runs.map(({ cpuMillis, firstRequestMillis, millis, peakBytes }, index) => ({
      run: index + 1,
      seconds: seconds(millis),
      "seconds of processor time": seconds(cpuMillis),
      "first request after s": seconds(firstRequestMillis ?? Number.NaN),
      "peak MB": (peakBytes / 1e6).toFixed(0)
    }))
  },
  notes: [
    "The first request: from the start of the process until it says that it asks, all rows checked before. MB are 10^6 bytes, of the whole process with the mock.",
    "Sent cold: each of the questions writes the PDF to the prompt cache, as it is where all of them leave at once. What a read costs beside a write is a matter of the model's prices: a write costs 1.25 times the input, a read 0.05 of it with Sonnet and 0.10 with Haiku, so that the least share is (1.25 + 29 × 0.05) / (30 × 1.25) = 7.2 % and 11.1 %.",
    "Every timer of 60 s or less, as the mock has for its latencies, fires at once; but not where questions are asked over the PDF, whose latencies are simulated."
  ],
  samples: {
    "rows, ms": runs.map(({ millis }) => millis),
    ...Object.fromEntries(
      Object.entries(checked).map(([plan, ran]) => [`check ${plan}, ms`, ran.map(({ millis }) => millis)])
    )
  }
})
