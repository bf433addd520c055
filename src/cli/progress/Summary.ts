/** What stands below a run: a table of what each ask took, what asking together bought, and what all of it cost. Pure. */
import { inputTokensOf } from "../../claude/Message.ts"
import { durationText, type Entry, numberText, plural, type RunState, usdText } from "../../report/RunState.ts"
import { inert } from "../../report/TerminalText.ts"
import * as FallbackLines from "./FallbackLines.ts"

/** The closing lines. Empty where nothing happened; `foreseenUsd` is what the run was to cost at most. */
export const closing = (tally: RunState, foreseenUsd?: number): ReadonlyArray<string> =>
  [timeLine(tally), spentLine(tally, foreseenUsd), ...FallbackLines.linesOf(tally)].filter((line) => line !== "")

/**
 * A line for each ask that was sent, and the synthesis; of many the dearest. No line is longer than `columns`: what matters
 * least is left out. Empty for fewer than two asks, of which the closing lines say all.
 */
export const table = ({ asks, synthesis }: RunState, columns = Number.POSITIVE_INFINITY): ReadonlyArray<string> => {
  if (asks.length < 2) return []
  const sent = asks.filter(({ dispatches }) => dispatches > 0)
  const listed = sent.length > mostListed ? sent.toSorted(dearestFirst).slice(0, fewestListed) : sent
  const folded = synthesis === undefined || synthesis.dispatches === 0 ? [] : [synthesis]
  const [heading, ...lines] = fitted(allColumns, [...listed, ...folded], columns)
  if (heading === undefined || lines.length === 0) return []
  const hidden = sent.length - listed.length
  const more = hidden === 0 ? [] : [`… and ${numberText(hidden)} more`]
  return [heading, ...lines.slice(0, listed.length), ...more, ...lines.slice(listed.length)]
}

/** More asks than these are a wall, of which the dearest few stay. */
const mostListed = 12
const fewestListed = 10

/** An unknown cost may be the highest. */
const dearestFirst = (a: Readonly<Entry>, b: Readonly<Entry>): number => {
  const [first = Number.POSITIVE_INFINITY, second = Number.POSITIVE_INFINITY] = [a.costUsd, b.costUsd]
  return first === second ? 0 : second - first
}

interface Column {
  readonly title: string
  readonly cell: (entry: Readonly<Entry>) => string
  readonly isText?: boolean
  /** Columns of a higher rank go first where a terminal is narrow. */
  readonly rank: number
}

/** The name of a model is foreign text. */
const longestModel = 40

const unlessNone = (n: number): string => (n === 0 ? "" : numberText(n))

const hasUsage = ({ usage }: Readonly<Entry>): boolean => inputTokensOf(usage) + usage.outputTokens > 0

const allColumns: ReadonlyArray<Column> = [
  { title: "ask", cell: ({ name, part }) => (part === "ask" ? inert(name) : "synthesis"), isText: true, rank: 0 },
  { title: "model", cell: ({ model = "" }) => inert(model).slice(0, longestModel), isText: true, rank: 4 },
  { title: "attempts", cell: ({ dispatches }) => (dispatches > 1 ? numberText(dispatches) : ""), rank: 6 },
  { title: "tokens in", cell: ({ usage }) => unlessNone(inputTokensOf(usage)), rank: 3 },
  { title: "of cache", cell: ({ usage }) => unlessNone(usage.cacheReadInputTokens), rank: 5 },
  { title: "out", cell: ({ usage }) => unlessNone(usage.outputTokens), rank: 2 },
  { title: "searches", cell: ({ usage }) => unlessNone(usage.webSearches), rank: 5 },
  {
    title: "cost",
    cell: (entry) => (entry.costUsd === undefined ? "unknown" : hasUsage(entry) ? usdText(entry.costUsd) : ""),
    rank: 1
  },
  {
    title: "time",
    cell: ({ durationMillis }) => (durationMillis === undefined ? "" : durationText(durationMillis)),
    rank: 7
  }
]

/** The heading and a line for each entry, in as many columns as fit and say something. */
const fitted = (
  columns: ReadonlyArray<Column>,
  entries: ReadonlyArray<Readonly<Entry>>,
  room: number
): ReadonlyArray<string> => {
  const drawn = columns
    .map(({ cell, isText, title }) => ({ isText, texts: [title, ...entries.map(cell)] }))
    .filter(({ texts }) => texts.slice(1).some((text) => text !== ""))
    .map(({ isText, texts }) => {
      const width = texts.reduce((most, { length }) => Math.max(most, length), 0)
      return texts.map((text) => (isText === true ? text.padEnd(width) : text.padStart(width)))
    })
  if (drawn.length < 2) return []
  const lines = ["", ...entries].map((_, row) => drawn.map((texts) => texts[row]).join("  "))
  if (lines.every(({ length }) => length <= room)) return lines.map((line) => line.trimEnd())
  const least = Math.max(...columns.map(({ rank }) => rank))
  return fitted(
    columns.filter(({ rank }) => rank !== least),
    entries,
    room
  )
}

const timeLine = ({ answered, researchMillis, sequentialMillis, speedUp, total }: RunState): string => {
  if (total === 0) return ""
  const asks = plural(total, "ask", "asks")
  const what = answered === total ? asks : `${numberText(answered)} of ${asks} answered`
  const compared =
    answered > 1 && speedUp !== undefined
      ? `; one after another ${durationText(sequentialMillis)}: ${factorText(speedUp)}×`
      : ""
  return `${what} in ${durationText(researchMillis)}${compared}`
}

const spentLine = ({ costUsd, unpriced, usage }: RunState, foreseenUsd: number | undefined): string => {
  const input = inputTokensOf(usage)
  if (input + usage.outputTokens === 0) return ""
  const searches = usage.webSearches === 0 ? "" : ` with ${plural(usage.webSearches, "web search", "web searches")}`
  const cost =
    costUsd === undefined
      ? `cost unknown: no price for ${[...unpriced].join(", ")}`
      : `about ${usdText(costUsd)}${searches} (estimated)${besideForeseen(costUsd, foreseenUsd)}`
  return `${numberText(input)} tokens in, ${numberText(usage.outputTokens)} out, ${cost}`
}

/** Attempts that failed and were paid are not foreseen, so that more may be spent. */
const besideForeseen = (costUsd: number, foreseenUsd: number | undefined): string => {
  if (foreseenUsd === undefined) return ""
  return costUsd > foreseenUsd
    ? `, more than the ${usdText(foreseenUsd)} foreseen`
    : `, of at most ${usdText(foreseenUsd)} foreseen`
}

const factorText = (factor: number): string => (factor < 99.95 ? factor.toFixed(1) : numberText(factor))
