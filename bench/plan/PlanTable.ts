/** Formats a plan's report: aligned for a terminal, as Markdown, as a plot. Times are simulated. */
import { Message, Price, type Research } from "fanfold"
import * as Makespan from "../harness/Makespan.ts"
import type { Plot } from "../harness/Plot.ts"
import { medianOf } from "../harness/Results.ts"
import type { PlanReport } from "./PlanReport.ts"

/** The name of an arm. */
export const armName = (concurrency: Research.Concurrency): string =>
  concurrency === 1 ? "sequential" : concurrency === "unbounded" ? "unbounded" : `${concurrency} at once`

/** Title, aligned tables and notes. */
export const toText = (report: PlanReport): string =>
  `${[titleOf(report), ...tablesOf(report).map(aligned), notesOf(report).map(wrapped).join("\n")].join("\n\n")}\n`

/** Title, tables and notes as Markdown, with date and machine. */
export const toMarkdown = (report: PlanReport): string => {
  const { date, machine, versions } = report
  const where = `${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, Node ${versions.node}, fanfold ${versions.fanfold}.`
  const parts = [
    `## ${inert(titleOf(report))}`,
    ...tablesOf(report).map(piped),
    [...notesOf(report), where].map((note) => `- ${inert(note)}`).join("\n")
  ]
  return `${parts.join("\n\n")}\n`
}

/** Time by concurrency, with the ideal and the lower bound. */
export const toPlot = (report: PlanReport): Plot => {
  const points = (millisOf: (arm: Arm) => number) =>
    report.arms.map((arm) => [armName(arm.concurrency), millisOf(arm) / 1000] as const)
  const { latency, seed, speed } = report
  return {
    title: titleOf(report),
    subtitle: `Median of ${report.iterations}, latency ${latency.name}, seed ${seed}, time ${speed} × as fast`,
    x: { label: "concurrency", scale: "category" },
    y: { label: "simulated seconds", scale: "linear" },
    series: [
      { name: "measured", kind: "bar", points: points(medianTotal) },
      { name: "ideal", kind: "line", points: points(({ idealMillis }) => idealMillis) },
      { name: "lower bound", kind: "line", dashed: true, points: points(({ lowerBoundMillis }) => lowerBoundMillis) }
    ],
    note: report.simulated
  }
}

type Arm = PlanReport["arms"][number]
type Table = ReadonlyArray<ReadonlyArray<string>>

const titleOf = ({ asks, hasSynthesis, plan }: PlanReport): string =>
  `${plan}: ${asks.length} ${asks.length === 1 ? "ask" : "asks"}${hasSynthesis ? " and a synthesis" : ""}, simulated`

const tablesOf = ({ arms, hasSynthesis, speed }: PlanReport): ReadonlyArray<Table> => {
  const sequentialMillis = Math.min(...arms.filter(({ concurrency }) => concurrency === 1).map(medianTotal))
  const times = arms.map((arm) => [
    armName(arm.concurrency),
    timeText(medianTotal(arm)),
    timeText(Math.min(...arm.totalMillis)),
    timeText(Math.max(...arm.totalMillis)),
    String(arm.totalMillis.length),
    timeText(arm.idealMillis),
    arm.idealMillis > 0 ? `${((100 * arm.idealMillis) / medianTotal(arm)).toFixed(1)} %` : "–",
    `${(sequentialMillis / medianTotal(arm)).toFixed(2)}×`
  ])
  const parts = arms.map((arm) => [
    armName(arm.concurrency),
    timeText(medianOf(arm.researchMillis)),
    hasSynthesis ? timeText(medianOf(arm.synthesisMillis)) : "–",
    timeText(arm.lowerBoundMillis),
    `${((medianTotal(arm) - arm.idealMillis) / speed).toFixed(1)} ms`,
    arm.estimatedCostUsd === null ? "unknown" : usdText(arm.estimatedCostUsd)
  ])
  return [
    [["", "median", "min", "max", "n", "ideal", "of ideal", "speed-up"], ...times],
    [["", "research", "synthesis", "lower bound", "overhead", "cost"], ...parts]
  ]
}

const medianTotal = ({ totalMillis }: Arm): number => medianOf(totalMillis)

/** Sentences that explain the figures, and what is simulated. */
const notesOf = (report: PlanReport): ReadonlyArray<string> => {
  const { latency, seed, speed } = report
  const pace =
    `Simulated time ran ${speed} × as fast, so that the machine's own milliseconds weigh ${speed}-fold ` +
    "in every time and percentage; --speed 1 runs in real time."
  return [
    "Simulated: no model was asked and nothing paid. " +
      `Latency ${latency.name} (${latency.basis}), seed ${seed}; ` +
      "every row has the same latencies; the order of the rows is shuffled for each round.",
    ...(speed === 1 ? [] : [pace]),
    "ideal: each ask, in order, is assigned to the slot that becomes free first, without overhead; then the synthesis. " +
      "lower bound: no schedule beats the slowest ask, nor the sum ÷ concurrency. " +
      "Every ask runs to its end, whatever the policy; limits of an account are not simulated.",
    ...limitNote(report),
    ownNote(report),
    costNote(report)
  ]
}

/** Empty without a synthesis, or if all latencies are zero. */
const limitNote = ({ asks, synthesisMillis }: PlanReport): ReadonlyArray<string> => {
  const allMillis = asks.reduce((sum, { millis }) => sum + millis, synthesisMillis)
  const slowest = asks.reduce((one, other) => (other.millis > one.millis ? other : one))
  if (synthesisMillis === 0 || slowest.millis === 0) return []
  const limit = Makespan.amdahl(synthesisMillis / allMillis)
  const reachable = allMillis / (slowest.millis + synthesisMillis)
  return [
    `The synthesis is the serial part, ${timeText(synthesisMillis)} of ${timeText(allMillis)}: ` +
      `no speed-up of these times passes ${limit.toFixed(2)}× (Amdahl), and as ${slowest.name} alone takes ` +
      `${timeText(slowest.millis)}, ${reachable.toFixed(2)}× here. The measured speed-up includes the overhead of the sequential run.`
  ]
}

const ownNote = ({ calls, ownMillis }: PlanReport): string => {
  const mockMillis = medianOf(ownMillis.mockAlone)
  const restMillis = Math.max(0, medianOf(ownMillis.withFanfold) - mockMillis)
  const own = (millis: number): string => `${millis.toFixed(1)} ms (${(millis / calls).toFixed(2)} a call)`
  return (
    `overhead: real milliseconds above the ideal. Without latency and all at once, ${calls} ${calls === 1 ? "call" : "calls"} took ` +
    `${own(restMillis)} of fanfold and the SDK, and ${own(mockMillis)} of the mock itself.`
  )
}

const costNote = ({ arms }: PlanReport): string => {
  const usage = arms[0]?.usage ?? Message.noUsage
  const differs = new Set(arms.map(({ estimatedCostUsd }) => estimatedCostUsd)).size > 1
  return (
    `cost: estimated from list prices of ${Price.pricedAt} and simulated answers ` +
    `(${tokens(Message.inputTokensOf(usage))} tokens in, ${tokens(usage.outputTokens)} out); ` +
    "real answers have other lengths." +
    (differs ? " The rows differ, as asks that are sent together cannot read from the cache what they share." : "")
  )
}

const tokens = (count: number): string => count.toLocaleString("en-US")

/** With 4 decimals; amounts below $0.001 with 2 significant digits. */
const usdText = (usd: number): string =>
  `$${usd > 0 && usd < 0.001 ? usd.toLocaleString("en-US", { maximumSignificantDigits: 2 }) : usd.toFixed(4)}`

const timeText = (millis: number): string => {
  if (millis < 1000) return `${millis.toFixed(0)} ms`
  return millis < 10_000 ? `${(millis / 1000).toFixed(2)} s` : `${(millis / 1000).toFixed(1)} s`
}

const aligned = (table: Table): string => {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  const line = (row: ReadonlyArray<string>) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
  return table.map((row) => line(row).join("  ").trimEnd()).join("\n")
}

const piped = ([head = [], ...rows]: Table): string => {
  const rule = head.map((_, column) => (column === 0 ? "---" : "---:"))
  return [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n")
}

/** Characters per line of a note, as wide as the tables. */
const columns = 78

const wrapped = (note: string): string =>
  note.split(" ").reduce((text, word) => {
    const lineLength = text.length - text.lastIndexOf("\n") - 1
    return text === "" ? word : lineLength + word.length < columns ? `${text} ${word}` : `${text}\n  ${word}`
  }, "")

/** Escapes Markdown, which the name of a plan's file may contain. */
const inert = (text: string): string => text.replace(/[\\`*_[\]<>|]/g, "\\$&")
