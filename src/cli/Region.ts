/** What the live region looks like: the state of a run as lines that fit the terminal. Pure. */
import { inputTokensOf } from "../Message.ts"
import * as Tally from "../Tally.ts"
import { inert } from "./Inert.ts"
import { cut, lastLines, wrap } from "./Wrap.ts"

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan"

/** What is drawn, where, and how. */
export interface View {
  readonly tally: Tally.Tally
  /** What has been streamed for an entry: how much, and the end of it. */
  readonly streamed: (entry: Tally.Entry) => { readonly characters: number; readonly tail: string } | undefined
  /** Epoch milliseconds. */
  readonly now: number
  /** Counts the frames, which turns the spinner. */
  readonly frame: number
  readonly columns: number
  readonly rows: number
  readonly paint: (style: Style, text: string) => string
}

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
export const last = (view: View, summary: ReadonlyArray<string>): ReadonlyArray<string> => {
  const { rows, tally } = view
  const room = Math.max(fewestLastLines, rows - 4)
  const failed = tally.asks.filter(({ status }) => status === "failed")
  const shown = tally.asks.length <= room ? tally.asks : failed.slice(0, room - 2)
  const hidden = tally.asks.length <= room ? 0 : failed.length - shown.length
  const lines = shown.flatMap((entry) => ended(view, entry))
  if (shown !== tally.asks) {
    const { answered, failed, total } = tally
    lines.unshift(
      ...wrap(counts({ answered, failed, interrupted: total - answered - failed }).join(", "), view.columns)
    )
  }
  if (hidden > 0) lines.push(`… and ${Tally.numberText(hidden)} more failed`)
  if (tally.synthesis !== undefined) lines.push(...ended(view, tally.synthesis))
  if (summary.length > 0) lines.push("", ...summary.flatMap((line) => wrap(inert(line), view.columns)))
  return lines.map((line) => cut(line, view.columns))
}

/** Asks whose end stays visible however low the terminal is. */
const fewestLastLines = 10

/** Rows from which one is left blank above the footer. */
const roomy = 10

/** Rows for the streamed synthesis that are worth folding the asks for. */
const fewestTextRows = 6

/** Columns below which a line has no room for more than a name. */
const narrowColumns = 24

/** Columns that hold every state but the ones with a message, so that the questions after it stand in one column. */
const stateColumns = 28

/** Columns below which a question is not worth showing. */
const fewestQuestionColumns = 16

/** Claude's text has about four characters to a token. */
const charactersPerToken = 4

/** The slowest asks that are shown where not all can be: more would be a wall. */
const mostSlowest = 10

const spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

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

const folding = (view: View, synthesis: Tally.Entry, room: number): ReadonlyArray<string> => {
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

const isOpen = ({ status }: Tally.Entry): boolean =>
  status !== "answered" && status !== "failed" && status !== "interrupted"

/** One entry on one line: sign, name, state, and the question where there is room for it. */
const line = (view: View, entry: Tally.Entry): string => {
  const { columns, paint } = view
  const head = headOf(view, entry)
  if (columns < narrowColumns) return head
  const state = stateOf(view, entry)
  const questionColumns = columns - 2 - nameColumns(view) - 2 - stateColumns
  if (state.length > stateColumns || questionColumns < fewestQuestionColumns || entry.part === "synthesis") {
    return `${head}  ${paintState(view, entry, state)}`
  }
  const question = inert(entry.question).slice(0, columns * 2)
  return `${head}  ${paintState(view, entry, state.padEnd(stateColumns))}${paint("dim", question)}`
}

/** The same for an entry that is over; why it failed is told in full, on as many lines as that takes. */
const ended = (view: View, entry: Tally.Entry): ReadonlyArray<string> => {
  const over: Tally.Entry = isOpen(entry) ? { ...entry, status: "interrupted" } : entry
  if (over.status !== "failed" || view.columns < narrowColumns) return [line(view, over)]
  const indent = nameColumns(view) + 4
  const [first = "", ...more] = wrap(stateOf(view, over), Math.max(view.columns - indent, 10))
  const rest = more.map((text) => " ".repeat(indent) + paintState(view, over, text))
  return [`${headOf(view, over)}  ${paintState(view, over, first)}`, ...rest]
}

const headOf = (view: View, entry: Tally.Entry): string => {
  const columns = nameColumns(view)
  const name = cut(inert(titleOf(entry)), columns).padEnd(columns)
  return `${signOf(view, entry)} ${view.paint(entry.status === "waiting" ? "dim" : "bold", name)}`
}

const titleOf = ({ name, part }: Tally.Entry): string => (part === "synthesis" ? "synthesis" : name)

const nameColumns = ({ columns, tally }: View): number => {
  const longest = tally.asks.reduce((most, { name }) => Math.max(most, name.length), tally.synthesis ? 9 : 0)
  return Math.min(longest, columns < narrowColumns ? columns - 2 : Math.max(10, Math.floor(columns * 0.35)))
}

const signs: Readonly<Record<Tally.Status, readonly [Style, string]>> = {
  waiting: ["dim", "·"],
  asking: ["cyan", spinner],
  answering: ["cyan", spinner],
  retrying: ["yellow", "↻"],
  answered: ["green", "✔"],
  failed: ["red", "✖"],
  interrupted: ["yellow", "■"]
}

const signOf = ({ frame, paint }: View, { status }: Tally.Entry): string => {
  const [style, sign] = signs[status]
  return paint(style, sign[frame % sign.length] ?? "")
}

const stateOf = (view: View, entry: Tally.Entry): string => {
  const { now, streamed, tally } = view
  const since = Tally.durationText(now - (entry.dispatchedAt ?? now))
  const again = entry.attempt > 1 ? ` (attempt ${entry.attempt})` : ""
  switch (entry.status) {
    case "waiting":
      return "waiting"
    case "asking":
      return `${entry.part === "ask" ? "asking" : foldingText(tally)}${again} ${since}`
    case "answering": {
      const tokens = tokensOf(streamed(entry)?.characters ?? 0)
      return `${entry.part === "ask" ? "answering" : foldingText(tally)} ~${Tally.plural(tokens, "token", "tokens")} ${since}`
    }
    case "retrying": {
      const leftMillis = (entry.retryAt ?? now) - now
      const when = leftMillis > 0 ? `in ${Math.ceil(leftMillis / 1000)} s` : "now"
      return `retrying ${when}: ${inert(entry.message ?? "")}`
    }
    case "answered":
      return `${entry.part === "ask" ? "answered" : "folded"} in ${Tally.durationText(entry.durationMillis ?? 0)}`
    case "failed":
      return `failed: ${inert(entry.message ?? "")}`
    default:
      return "stopped"
  }
}

const foldingText = ({ answered }: Tally.Tally): string => `folding ${Tally.plural(answered, "answer", "answers")}`

const paintState = ({ paint }: View, { status }: Tally.Entry, text: string): string => {
  if (status === "failed") return paint("red", text)
  if (status === "retrying" || status === "interrupted") return paint("yellow", text)
  return status === "waiting" ? paint("dim", text) : text
}

const tokensOf = (characters: number): number => Math.ceil(characters / charactersPerToken)

const counts = (count: Partial<Record<Tally.Status, number>>): ReadonlyArray<string> =>
  (["answered", "failed", "answering", "asking", "retrying", "waiting", "interrupted"] as const).flatMap((status) => {
    const n = count[status] ?? 0
    return n === 0 ? [] : [`${Tally.numberText(n)} ${status === "interrupted" ? "stopped" : status}`]
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
    `${Tally.numberText(done)}/${Tally.numberText(total)} done`,
    Tally.durationText(now - (tally.startedAt ?? now)),
    `${Tally.numberText(inFlight)} in flight`,
    `${streaming > 0 ? "~" : ""}${Tally.plural(tokens, "token", "tokens")}`,
    ...(costUsd === 0 ? [] : [costUsd === undefined ? "cost unknown" : `about ${Tally.usdText(costUsd)}`])
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
