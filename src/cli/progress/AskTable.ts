/** The table below a run: model, attempts, tokens, cost and time of each ask and of the synthesis. */
import { inputTokensOf } from "../../claude/Message.ts"
import { roundedText } from "../../options/DurationText.ts"
import type { AskState } from "../../report/AskState.ts"
import { numberText, unlessZero } from "../../options/NumberText.ts"
import type { RunState } from "../../report/RunState.ts"
import { inert } from "../../report/TerminalText.ts"
import { usdText } from "../../claude/Price.ts"
import * as TextTable from "../TextTable.ts"

/**
 * A heading, a line for each ask that was sent (of more than 12 the ten that cost most), and one for the synthesis. Columns
 * are left out, least important first, until no line is longer than `maxColumns`. Empty for fewer than two asks, where the
 * summary says the same.
 */
export const lines = (
  { asks, comparisons, folds, lookings, synthesis }: RunState,
  maxColumns = Number.POSITIVE_INFINITY
): ReadonlyArray<string> => {
  if (asks.length < 2) return []
  const sent = asks.filter(({ dispatches }) => dispatches > 0)
  const listed = sent.length > maxListed ? sent.toSorted(byCostDescending).slice(0, listedOfMany) : sent
  const synthesisRow = [
    ...lookings.filter(({ dispatches }) => dispatches > 0),
    ...(comparisons.length > maxListed ? [] : comparisons.filter(({ dispatches }) => dispatches > 0)),
    ...(folds.length > maxListed ? [] : folds.filter(({ dispatches }) => dispatches > 0)),
    ...(synthesis === undefined || synthesis.dispatches === 0 ? [] : [synthesis])
  ]
  const [heading, ...rows] = fitted(allColumns, [...listed, ...synthesisRow], maxColumns)
  if (heading === undefined || rows.length === 0) return []
  const hiddenCount = sent.length - listed.length
  const more = hiddenCount === 0 ? [] : [`… and ${numberText(hiddenCount)} more`]
  return [heading, ...rows.slice(0, listed.length), ...more, ...rows.slice(listed.length)]
}

/** Up to this many asks are all listed. */
const maxListed = 12

/** Of more asks, this many are listed. */
const listedOfMany = 10

/** An unknown cost sorts first, because it may be the highest. */
const byCostDescending = (a: Readonly<AskState>, b: Readonly<AskState>): number => {
  const [first = Number.POSITIVE_INFINITY, second = Number.POSITIVE_INFINITY] = [a.costUsd, b.costUsd]
  return first === second ? 0 : second - first
}

interface Column extends TextTable.Column<Readonly<AskState>> {
  /** On a narrow terminal the columns with the highest rank are left out first. */
  readonly rank: number
}

/** Longest name of a model that is shown, in characters: the API or a plan may send any text. */
const maxModelCharacters = 40

export const modelText = (model: string): string => inert(model).slice(0, maxModelCharacters)

const hasUsage = ({ usage }: Readonly<AskState>): boolean => inputTokensOf(usage) + usage.outputTokens > 0

const allColumns: ReadonlyArray<Column> = [
  { title: "ask", cell: ({ name }) => inert(name), rank: 0 },
  { title: "model", cell: ({ model = "" }) => modelText(model), rank: 4 },
  {
    title: "attempts",
    cell: ({ dispatches }) => (dispatches > 1 ? numberText(dispatches) : ""),
    isNumber: true,
    rank: 6
  },
  { title: "tokens in", cell: ({ usage }) => unlessZero(inputTokensOf(usage)), isNumber: true, rank: 3 },
  { title: "of cache", cell: ({ usage }) => unlessZero(usage.cacheReadInputTokens), isNumber: true, rank: 5 },
  { title: "out", cell: ({ usage }) => unlessZero(usage.outputTokens), isNumber: true, rank: 2 },
  { title: "searches", cell: ({ usage }) => unlessZero(usage.webSearches), isNumber: true, rank: 5 },
  { title: "fetches", cell: ({ usage }) => unlessZero(usage.webFetches ?? 0), isNumber: true, rank: 5 },
  {
    title: "cost",
    cell: (ask) => (ask.costUsd === undefined ? "unknown" : hasUsage(ask) ? usdText(ask.costUsd) : ""),
    isNumber: true,
    rank: 1
  },
  {
    title: "time",
    cell: ({ durationMillis }) => (durationMillis === undefined ? "" : roundedText(durationMillis)),
    isNumber: true,
    rank: 7
  }
]

/** The heading and a line for each ask, with the columns that have a value and fit into `maxColumns` together. */
const fitted = (
  columns: ReadonlyArray<Column>,
  asks: ReadonlyArray<Readonly<AskState>>,
  maxColumns: number
): ReadonlyArray<string> => {
  const [name, ...others] = columns
  if (name === undefined || !others.some(({ cell }) => asks.some((ask) => cell(ask) !== ""))) return []
  const rows = TextTable.lines(columns, asks)
  if (rows.every(({ length }) => length <= maxColumns)) return rows
  const maxRank = Math.max(...columns.map(({ rank }) => rank))
  return fitted(
    columns.filter(({ rank }) => rank !== maxRank),
    asks,
    maxColumns
  )
}
