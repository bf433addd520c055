/** What `fanfold runs` prints: the journal and its runs, and the asks of one run. */
import { defaultBaseUrl } from "../claude/Claude.ts"
import { inputTokensOf } from "../claude/Message.ts"
import { usdText } from "../claude/Price.ts"
import { type RunSummary, simulated } from "../journal/Journal.ts"
import { isAddress } from "../journal/OpenJournal.ts"
import { keepFor, maxBytes } from "../journal/Retention.ts"
import { ageText, roundedText } from "../options/DurationText.ts"
import { numberText, plural, unlessZero } from "../options/NumberText.ts"
import { interventionText } from "../report/InterventionText.ts"
import type { AskRecord, Details, Listing, Run } from "../report/RunHistory.ts"
import { inert } from "../report/TerminalText.ts"
import { modelText } from "./progress/AskTable.ts"
import { countsText, line } from "./progress/BatchLines.ts"
import { ofTyped } from "./AgainCommand.ts"
import { command } from "./KeptRun.ts"
import * as TextTable from "./TextTable.ts"

/** What texts depend on: ages on the time, in epoch milliseconds, and short paths on the working directory. */
export interface Here {
  readonly now: number
  /** A path from the working directory, where that is shorter. */
  readonly shortened: (path: string) => string
}

export const noJournal = (place: string): string => inert(`No journal at ${place}: no run has been kept yet`)

/** Bytes in the largest decimal unit that gives at least one: `2.1 MB`. */
export const bytesText = (bytes: number): string => {
  const units = ["bytes", "kB", "MB", "GB"]
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)))
  const amount = bytes / 1000 ** power
  return `${Number(amount.toFixed(amount < 9.95 ? 1 : 0))} ${units[power]}`
}

/** Limits of what is kept, as words. */
export const limitsText = `for ${keepFor} or up to ${bytesText(maxBytes)}`

export const listing = ({ bytes, journal, more, runs }: Listing, here: Here): string =>
  [
    inert(`Journal: ${journal} (${bytesText(bytes)}, ${plural(runs.length + more, "run", "runs")})`),
    `It keeps prompts and answers in plain text, readable by ${readersOf(journal)}, ${limitsText} unless told otherwise.`,
    ...(runs.length === 0 ? [] : ["", ...TextTable.lines(runColumns(here), runs)]),
    ...(more === 0 ? [] : [`… and ${plural(more, "older run", "older runs")}: --all lists them`]),
    ""
  ].join("\n")

const readersOf = (journal: string | null): string =>
  journal !== null && isAddress(journal) ? "all whom the database lets read them" : "you alone"

const runColumns = (here: Here): ReadonlyArray<TextTable.Column<Run>> => [
  { title: "run", cell: ({ id }) => inert(id) },
  { title: "plan", cell: (run) => planText(run, here) },
  { title: "begun", cell: ({ startedAt }) => minuteText(startedAt) },
  { title: "state", cell: ({ state }) => state },
  { title: "answered", cell: ({ answered, asks }) => `${numberText(answered)} of ${numberText(asks)}`, isNumber: true },
  { title: "reused", cell: ({ reused }) => unlessZero(reused), isNumber: true },
  { title: "failed", cell: ({ failed }) => unlessZero(failed), isNumber: true },
  { title: "cost", cell: ({ estimatedCostUsd }) => costText(estimatedCostUsd), isNumber: true },
  { title: "time", cell: ({ durationMillis }) => roundedText(durationMillis), isNumber: true },
  { title: "source", cell: sourceText }
]

/** `named`: the journal, where the command line has named one. */
export const details = (
  {
    asks,
    batches = [],
    begun,
    comparisons = [],
    folds = [],
    interventions = [],
    journal,
    rounds = [],
    run,
    synthesis
  }: Details,
  here: Here,
  named?: string
): string => {
  const isInBatch = run.source !== simulated && batches.some(({ isEnded }) => !isEnded)
  const parts = [
    `${numberText(run.answered)} of ${plural(run.asks, "ask", "asks")} answered`,
    ...(run.reused === 0 ? [] : [`${numberText(run.reused)} from the journal`]),
    ...(run.failed === 0 ? [] : [`${numberText(run.failed)} failed`])
  ]
  const source = sourceText(run)
  const own = [...rounds, ...comparisons, ...folds]
  const rows = [...asks, ...own, ...(synthesis === null ? [] : [{ ...synthesis, name: "synthesis" }])]
  return [
    inert(`Journal: ${journal}`),
    `Run ${inert(run.id)} of ${planText(run, here)}: ${run.state}`,
    `Begun ${minuteText(run.startedAt)}, ${roundedText(run.durationMillis)}, ${costText(run.estimatedCostUsd)} (estimated${source === "" ? "" : `, ${source}`})`,
    ...(begun === undefined ? [] : [inert(`By: ${ofTyped(begun, false)}`)]),
    parts.join(", "),
    ...batches.flatMap((batch) => batchLines(batch, here).map(inert)),
    ...interventions.map(({ intervention }) => inert(interventionText(intervention))),
    ...(rows.length === 0 ? [] : ["", ...TextTable.lines(askColumns(run, here, isInBatch), rows)]),
    ...nextLines(run, isInBatch, named),
    ""
  ].join("\n")
}

const batchLines = (batch: NonNullable<Details["batches"]>[number], { now }: Here): ReadonlyArray<string> => {
  const { counts, failure, id, isEnded } = batch
  return [
    isEnded ? `Batch ${id} has ended: ${countsText(counts)}` : `${line(batch, now)}, when last looked at`,
    ...(failure === undefined
      ? []
      : [`It could not be reached from ${minuteText(failure.since)} on: ${failure.message}`])
  ]
}

/** How to go on with a run that has not ended. */
const nextLines = ({ id, state }: Run, isInBatch: boolean, journal: string | undefined): ReadonlyArray<string> => {
  if (state !== "unfinished") return []
  const named = { id, journal }
  return [
    "",
    inert(`Go on with it: ${command("resume", named)}`),
    ...(isInBatch ? [inert(`Cancel its batches: ${command("cancel", named)}`)] : [])
  ]
}

const askColumns = (run: Run, here: Here, isInBatch: boolean): ReadonlyArray<TextTable.Column<AskRecord>> => [
  { title: "ask", cell: ({ name }) => inert(name) },
  { title: "status", cell: (ask) => statusText(ask, run.state === "under way", isInBatch) },
  { title: "model", cell: ({ model }) => modelText(model ?? "") },
  { title: "attempts", cell: ({ attempts }) => (attempts > 1 ? numberText(attempts) : ""), isNumber: true },
  { title: "tokens in", cell: ({ usage }) => unlessZero(inputTokensOf(usage)), isNumber: true },
  { title: "out", cell: ({ usage }) => unlessZero(usage.outputTokens), isNumber: true },
  {
    title: "cost",
    cell: ({ estimatedCostUsd: usd }) => (usd === 0 ? "" : costText(usd)),
    isNumber: true
  },
  { title: "time", cell: ({ durationMillis }) => timeText(durationMillis), isNumber: true },
  { title: "", cell: (ask) => noteText(ask, here) }
]

const statusText = (
  { attempts, inFlight, model, reused, status }: AskRecord,
  isLive: boolean,
  isInBatch: boolean
): string => {
  if (reused !== undefined) return "from the journal"
  // Requests of a program that are no asks: one row has all of them, and only the run knows how many were answered.
  if (status === "waiting" && model !== null && inFlight === 0) return ""
  if (isLive || status === "answered" || status === "failed") return status
  if (inFlight > 0) return "on its way"
  if (attempts === 0 && isInBatch) return "waits for its batch"
  return attempts === 0 ? "not asked" : status === "interrupted" ? status : "not answered"
}

/** Where a reused answer is from, or why there is none. */
const noteText = ({ inFlight, message, reused, status }: AskRecord, { now }: Here): string => {
  if (reused !== undefined) {
    const saved = reused.estimatedCostUsd === null ? "" : `, saved ${usdText(reused.estimatedCostUsd)}`
    return inert(`from ${reused.from}, ${ageText(now - reused.paidAt)}${saved}`)
  }
  if (status === "failed" || status === "retrying") return inert(message ?? "")
  return inFlight > 0 ? "may have been paid" : ""
}

/** A line for a run that was forgotten. */
export const forgotten = (run: RunSummary, here: Here): string =>
  `Forgot ${inert(run.id)}: ${planText(run, here)}, begun ${minuteText(run.at)}, ${plural(run.answered, "answer", "answers")}`

/** A run in a message that asks for another one. */
export const named = ({ at, id, plan }: Pick<RunSummary, "id" | "plan" | "at">, here: Here): string =>
  `${inert(id)} (${planText({ plan }, here)}, ${minuteText(at)})`

const planText = ({ plan }: { readonly plan: string }, { shortened }: Here): string =>
  plan === "" ? "a program" : inert(shortened(plan))

/** Local time, as it sorts. */
const minuteText = (millis: number): string => {
  const offsetMillis = new Date(millis).getTimezoneOffset() * 60_000
  return new Date(millis - offsetMillis).toISOString().slice(0, 16).replace("T", " ")
}

/** Empty for the API itself. */
const sourceText = ({ source }: Pick<Run, "source">): string => (source === defaultBaseUrl ? "" : inert(source))

const costText = (usd: number | null): string => (usd === null ? "unknown" : usdText(usd))

const timeText = (millis: number | null): string => (millis === null ? "" : roundedText(millis))
