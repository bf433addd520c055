/** The lines of the live region for one frame, fitted to the terminal, and the lines that stay after the run. Pure. */
import { inputTokensOf } from "../../claude/Message.ts"
import { roundedText } from "../../options/DurationText.ts"
import { type AskState, isOpen, type Status } from "../../report/AskState.ts"
import { numberText, plural } from "../../options/NumberText.ts"
import { interventionText } from "../../report/InterventionText.ts"
import { inert } from "../../report/TerminalText.ts"
import { usdText } from "../../claude/Price.ts"
import { estimateTokens, finalLines, line, type View } from "./AskLine.ts"
import * as BatchLines from "./BatchLines.ts"
import { withReferences } from "./RepeatedReasons.ts"
import { cut, lastLines, wrap } from "./TextWrap.ts"

/** The asks (or their counts and the longest-running ones), the last lines of the streamed synthesis, and the footer. */
export const frameLines = (view: View): ReadonlyArray<string> => {
  const { columns, rows, state } = view
  const notes = rows < minRowsForBlank ? [] : (view.notes ?? []).map(inert)
  const changes = [...BatchLines.shown(state, view.now), ...interventionLines(view)]
  const besides = changes.slice(0, Math.max(0, rows - minRowsForBlank))
  // One row is for the footer, and one for the cursor below the region.
  const bodyRows = Math.max(1, rows - 1) - 1 - besides.length - notes.length
  const { synthesis } = state
  const body =
    synthesis === undefined ? askLines(view, bodyRows) : synthesisLines(view, synthesis, rowsWithoutBlank(bodyRows))
  const blank = body.length > 0 && body.length < bodyRows ? [""] : []
  return [...body, ...besides, ...blank, footer(view), ...notes].map((line) => cut(line, columns))
}

/** The latest of them: the closing summary has them all. */
const interventionLines = ({ state }: View): ReadonlyArray<string> =>
  state.interventions.slice(-1).map(({ intervention }) => `✋ ${inert(interventionText(intervention))}`)

/** The end of each ask, or, if they do not fit, the counts and the failed asks that do; then `summary`. */
export const finalRegion = (view: View, summary: ReadonlyArray<string>): ReadonlyArray<string> => {
  const { rows, state } = view
  const maxAsks = Math.max(minFinalAsks, rows - 4)
  const failed = state.asks.filter(({ status }) => status === "failed")
  const areAllShown = state.total <= maxAsks
  const asks = areAllShown ? state.asks : failed.slice(0, maxAsks - 2)
  const hiddenCount = areAllShown ? 0 : failed.length - asks.length
  const lines = withReferences(asks).flatMap((ask) => finalLines(view, ask))
  if (!areAllShown) {
    const { answered, failed, total } = state
    const counts = countTexts({ answered, failed, interrupted: total - answered - failed }).join(", ")
    lines.unshift(...wrap(counts, view.columns))
  }
  if (hiddenCount > 0) lines.push(`… and ${numberText(hiddenCount)} more failed`)
  if (state.synthesis !== undefined) lines.push(...finalLines(view, state.synthesis))
  if (summary.length > 0) lines.push("", ...summary.flatMap((line) => wrap(inert(line), view.columns)))
  return lines.map((line) => cut(line, view.columns))
}

/** Up to this many asks stay with a line each, whatever the height of the terminal. */
const minFinalAsks = 10

/** With this many rows or more, one above the footer is left blank. */
const minRowsForBlank = 10

/** With fewer rows left for the text of the synthesis, the asks are reduced to their counts. */
const minTextRows = 6

/** Longest-running asks that are shown when not all fit. */
const maxLongestRunning = 10

const rowsWithoutBlank = (rows: number): number => (rows < minRowsForBlank ? rows : rows - 1)

const askLines = (view: View, maxRows: number): ReadonlyArray<string> => {
  const { state } = view
  if (state.total <= maxRows) return state.asks.map((ask) => line(view, ask))
  if (maxRows < 1) return []
  const open = state.asks.filter(({ status }) => status === "asking" || status === "answering" || status === "retrying")
  const longestRunning = open
    .toSorted((a, b) => (a.dispatchedAt ?? 0) - (b.dispatchedAt ?? 0))
    .slice(0, Math.min(maxLongestRunning, rowsWithoutBlank(maxRows) - 1))
  return [countsLine(view), ...longestRunning.map((ask) => line(view, ask))]
}

const synthesisLines = (view: View, synthesis: AskState, maxRows: number): ReadonlyArray<string> => {
  const { columns, paint, state } = view
  if (maxRows < 1) return []
  const above =
    state.total + 1 + minTextRows <= maxRows ? askLines(view, state.total) : maxRows < 3 ? [] : [countsLine(view)]
  const tail = view.streamed(synthesis)?.tail ?? ""
  const text = isOpen(synthesis) ? lastLines(tail, columns - 2, maxRows - 1 - above.length) : []
  const isBlank = text.every((row) => row === "")
  return [...above, line(view, synthesis), ...(isBlank ? [] : text.map((row) => `${paint("dim", "│")} ${row}`))]
}

const countsLine = ({ columns, state }: View): string =>
  firstThatFits(columns, prefixes(countTexts(state.count), " · "))

const countTexts = (count: Partial<Record<Status, number>>): ReadonlyArray<string> =>
  (["answered", "failed", "answering", "asking", "retrying", "waiting", "interrupted"] as const).flatMap((status) => {
    const n = count[status] ?? 0
    return n === 0 ? [] : [`${numberText(n)} ${status === "interrupted" ? "stopped" : status}`]
  })

/** Lengths of the footer's bar: the longest one that fits is drawn. */
const barColumns = [20, 12, 6]

const footer = (view: View): string => {
  const { columns, now, paint, state } = view
  const { costUsd, done, inFlight, total, usage } = state
  const bars = barColumns.map((length) => {
    const doneColumns = total === 0 ? 0 : Math.floor((done / total) * length)
    return `${paint("green", "━".repeat(doneColumns))}${paint("dim", "─".repeat(length - doneColumns))}`
  })
  const streamedCharacters = [...state.asks, ...(state.synthesis === undefined ? [] : [state.synthesis])].reduce(
    (sum, ask) => sum + (ask.inFlight > 0 ? (view.streamed(ask)?.characters ?? 0) : 0),
    0
  )
  const tokens = inputTokensOf(usage) + usage.outputTokens + estimateTokens(streamedCharacters)
  const parts = [
    `${numberText(done)}/${numberText(total)} done`,
    roundedText(now - (state.startedAt ?? now)),
    `${numberText(inFlight)} in flight`,
    `${streamedCharacters > 0 ? "~" : ""}${plural(tokens, "token", "tokens")}`,
    ...(costUsd === 0 ? [] : [costUsd === undefined ? "cost unknown" : `about ${usdText(costUsd)}`])
  ]
  const [complete = "", ...shorter] = prefixes(parts, " · ")
  return firstThatFits(columns, [...bars.map((bar) => `${bar} ${complete}`), complete, ...shorter])
}

/** All parts joined, then all but the last, and so on down to the first part alone. */
const prefixes = (parts: ReadonlyArray<string>, separator: string): ReadonlyArray<string> =>
  parts.map((_, index) => parts.slice(0, parts.length - index).join(separator))

/** The first variant that is not cut at `columns`, else the last one. */
const firstThatFits = (columns: number, variants: ReadonlyArray<string>): string =>
  variants.find((variant) => cut(variant, columns) === variant) ?? variants.at(-1) ?? ""
