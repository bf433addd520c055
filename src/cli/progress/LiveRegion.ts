/** What the live region looks like: the state of a run as lines that fit the terminal. Pure. */
import { inputTokensOf } from "../../claude/Message.ts"
import * as RunState from "../../report/RunState.ts"
import { inert } from "../../report/TerminalText.ts"
import { ended, isOpen, line, tokensOf, type View } from "./EntryLine.ts"
import { cut, lastLines, wrap } from "./TextWrap.ts"

/** Draws the region: the asks (or counts and the slowest ones), the synthesis's last lines, and the footer. */
export const live = (view: View): ReadonlyArray<string> => {
  const { columns, rows, tally } = view
  // The cursor rests on the row below the region.
  const room = Math.max(1, rows - 1) - 1
  const { synthesis } = tally
  const body = synthesis === undefined ? asks(view, room) : folding(view, synthesis, withSpace(room))
  const space = body.length > 0 && body.length < room ? [""] : []
  return [...body, ...space, footer(view)].map((line) => cut(line, columns))
}

/** Draws what stays: how each ask ended, or counts and the failed ones where there are many, then the summary. */
export const last = (view: View, summary: ReadonlyArray<string>): Last => {
  const { rows, tally } = view
  const room = Math.max(fewestLastLines, rows - 4)
  const failed = tally.asks.filter(({ status }) => status === "failed")
  const asks = tally.asks.length <= room ? tally.asks : failed.slice(0, room - 2)
  const hidden = tally.asks.length <= room ? 0 : failed.length - asks.length
  const shown = tally.synthesis === undefined ? asks : [...asks, tally.synthesis]
  const lines = asks.flatMap((entry) => ended(view, entry))
  if (asks !== tally.asks) {
    const { answered, failed, total } = tally
    lines.unshift(
      ...wrap(counts({ answered, failed, interrupted: total - answered - failed }).join(", "), view.columns)
    )
  }
  if (hidden > 0) lines.push(`… and ${RunState.numberText(hidden)} more failed`)
  if (tally.synthesis !== undefined) lines.push(...ended(view, tally.synthesis))
  if (summary.length > 0) lines.push("", ...summary.flatMap((line) => wrap(inert(line), view.columns)))
  return { lines: lines.map((line) => cut(line, view.columns)), shown }
}

/** What stays on the terminal, and the entries that are told of in full. */
export interface Last {
  readonly lines: ReadonlyArray<string>
  readonly shown: ReadonlyArray<Readonly<RunState.Entry>>
}

/** Asks whose end stays visible however low the terminal is. */
const fewestLastLines = 10

/** Rows from which one is left blank above the footer. */
const roomy = 10

/** Rows for the streamed synthesis that are worth folding the asks for. */
const fewestTextRows = 6

/** The slowest asks that are shown where not all can be: more would be a wall. */
const mostSlowest = 10

const withSpace = (room: number): number => (room < roomy ? room : room - 1)

const asks = (view: View, room: number): ReadonlyArray<string> => {
  const { tally } = view
  if (tally.total <= room) return tally.asks.map((entry) => line(view, entry))
  if (room < 1) return []
  const open = tally.asks.filter(({ status }) => status === "asking" || status === "answering" || status === "retrying")
  const slowest = open
    .toSorted((a, b) => (a.dispatchedAt ?? 0) - (b.dispatchedAt ?? 0))
    .slice(0, Math.min(mostSlowest, withSpace(room) - 1))
  return [choose(view.columns, fewer(counts(tally.count), " · ")), ...slowest.map((entry) => line(view, entry))]
}

const folding = (view: View, synthesis: RunState.Entry, room: number): ReadonlyArray<string> => {
  const { columns, paint, tally } = view
  if (room < 1) return []
  const fold = line(view, synthesis)
  const above =
    tally.total + 1 + fewestTextRows <= room
      ? asks(view, tally.total)
      : room < 3
        ? []
        : [choose(columns, fewer(counts(tally.count), " · "))]
  const tail = view.streamed(synthesis)?.tail ?? ""
  const text = isOpen(synthesis) ? lastLines(tail, columns - 2, room - 1 - above.length) : []
  const isBlank = text.every((row) => row === "")
  return [...above, fold, ...(isBlank ? [] : text.map((row) => `${paint("dim", "│")} ${row}`))]
}

const counts = (count: Partial<Record<RunState.Status, number>>): ReadonlyArray<string> =>
  (["answered", "failed", "answering", "asking", "retrying", "waiting", "interrupted"] as const).flatMap((status) => {
    const n = count[status] ?? 0
    return n === 0 ? [] : [`${RunState.numberText(n)} ${status === "interrupted" ? "stopped" : status}`]
  })

/** Lengths of the footer's bar: the longest one that fits is drawn. */
const barColumns = [20, 12, 6]

const footer = (view: View): string => {
  const { columns, now, paint, tally } = view
  const { costUsd, done, inFlight, total, usage } = tally
  const bars = barColumns.map((length) => {
    const reached = total === 0 ? 0 : Math.floor((done / total) * length)
    return `${paint("green", "━".repeat(reached))}${paint("dim", "─".repeat(length - reached))}`
  })
  const streaming = [...tally.asks, ...(tally.synthesis === undefined ? [] : [tally.synthesis])].reduce(
    (sum, entry) => sum + (entry.inFlight > 0 ? (view.streamed(entry)?.characters ?? 0) : 0),
    0
  )
  const tokens = inputTokensOf(usage) + usage.outputTokens + tokensOf(streaming)
  const parts = [
    `${RunState.numberText(done)}/${RunState.numberText(total)} done`,
    RunState.durationText(now - (tally.startedAt ?? now)),
    `${RunState.numberText(inFlight)} in flight`,
    `${streaming > 0 ? "~" : ""}${RunState.plural(tokens, "token", "tokens")}`,
    ...(costUsd === 0 ? [] : [costUsd === undefined ? "cost unknown" : `about ${RunState.usdText(costUsd)}`])
  ]
  const [fullest = "", ...shorter] = fewer(parts, " · ")
  return choose(columns, [...bars.map((bar) => `${bar} ${fullest}`), fullest, ...shorter])
}

/** The parts joined, then with one less each time: the last ones are missed the least. */
const fewer = (parts: ReadonlyArray<string>, separator: string): ReadonlyArray<string> =>
  parts.map((_, index) => parts.slice(0, parts.length - index).join(separator))

/** The first variant that fits, else the last one. */
const choose = (columns: number, variants: ReadonlyArray<string>): string =>
  variants.find((variant) => cut(variant, columns) === variant) ?? variants.at(-1) ?? ""
