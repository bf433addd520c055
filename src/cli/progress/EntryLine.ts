/** One ask, or the synthesis, on a line of the live region. Pure. */
import * as RunState from "../../report/RunState.ts"
import { inert } from "../../report/TerminalText.ts"
import { cut, wrap } from "./TextWrap.ts"

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan"

/** What is drawn, where, and how. */
export interface View {
  readonly tally: RunState.RunState
  /** What has been streamed for an entry: how much, and the end of it. */
  readonly streamed: (entry: RunState.Entry) => { readonly characters: number; readonly tail: string } | undefined
  /** Epoch milliseconds. */
  readonly now: number
  /** Counts the frames, which turns the spinner. */
  readonly frame: number
  readonly columns: number
  readonly rows: number
  readonly paint: (style: Style, text: string) => string
}

/** One entry on one line: sign, name, state, and the question where there is room for it. */
export const line = (view: View, entry: RunState.Entry): string => {
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
export const ended = (view: View, entry: RunState.Entry): ReadonlyArray<string> => {
  const over: RunState.Entry = isOpen(entry) ? { ...entry, status: "interrupted" } : entry
  if (over.status !== "failed") return [line(view, over)]
  if (view.columns < narrowColumns) return [headOf(view, over), ...wrap(stateOf(view, over), view.columns)]
  const indent = nameColumns(view) + 4
  const [first = "", ...more] = wrap(stateOf(view, over), Math.max(view.columns - indent, 10))
  const rest = more.map((text) => " ".repeat(indent) + paintState(view, over, text))
  return [`${headOf(view, over)}  ${paintState(view, over, first)}`, ...rest]
}

export const isOpen = ({ status }: RunState.Entry): boolean =>
  status !== "answered" && status !== "failed" && status !== "interrupted"

/** Columns below which a line has no room for more than a name. */
const narrowColumns = 24

/** Columns that hold every state but the ones with a message, so that the questions after it stand in one column. */
const stateColumns = 30

/** Columns below which a question is not worth showing. */
const fewestQuestionColumns = 16

/** Claude's text has about four characters to a token. */
const charactersPerToken = 4

const spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

const headOf = (view: View, entry: RunState.Entry): string => {
  const columns = nameColumns(view)
  const name = cut(inert(titleOf(entry)), columns).padEnd(columns)
  return `${signOf(view, entry)} ${view.paint(entry.status === "waiting" ? "dim" : "bold", name)}`
}

const titleOf = ({ name, part }: RunState.Entry): string => (part === "synthesis" ? "synthesis" : name)

const nameColumns = ({ columns, tally }: View): number => {
  const longest = tally.asks.reduce((most, { name }) => Math.max(most, name.length), tally.synthesis ? 9 : 0)
  return Math.min(longest, columns < narrowColumns ? columns - 2 : Math.max(10, Math.floor(columns * 0.35)))
}

const signs: Readonly<Record<RunState.Status, readonly [Style, string]>> = {
  waiting: ["dim", "·"],
  asking: ["cyan", spinner],
  answering: ["cyan", spinner],
  retrying: ["yellow", "↻"],
  answered: ["green", "✔"],
  failed: ["red", "✖"],
  interrupted: ["yellow", "■"]
}

const signOf = ({ frame, paint }: View, { status }: RunState.Entry): string => {
  const [style, sign] = signs[status]
  return paint(style, sign[frame % sign.length] ?? "")
}

const stateOf = (view: View, entry: RunState.Entry): string => {
  const { now, streamed, tally } = view
  const since = RunState.durationText(now - (entry.dispatchedAt ?? now))
  const again = entry.attempt > 1 ? ` (attempt ${entry.attempt})` : ""
  switch (entry.status) {
    case "waiting":
      return "waiting"
    case "asking":
      return `${entry.part === "ask" ? "asking" : foldingText(tally)}${again} ${since}`
    case "answering": {
      const tokens = tokensOf(streamed(entry)?.characters ?? 0)
      return `${entry.part === "ask" ? "answering" : foldingText(tally)} ~${RunState.plural(tokens, "token", "tokens")} ${since}`
    }
    case "retrying": {
      const leftMillis = (entry.retryAt ?? now) - now
      const when = leftMillis > 0 ? `in ${Math.ceil(leftMillis / 1000)} s` : "now"
      return `retrying ${when}: ${inert(entry.message ?? "")}`
    }
    case "answered":
      return `${entry.part === "ask" ? "answered" : "folded"} in ${RunState.durationText(entry.durationMillis ?? 0)}`
    case "failed":
      return `failed: ${inert(entry.message ?? "")}`
    default:
      return "stopped"
  }
}

const foldingText = ({ answered }: RunState.RunState): string =>
  `folding ${RunState.plural(answered, "answer", "answers")}`

const paintState = ({ paint }: View, { status }: RunState.Entry, text: string): string => {
  if (status === "failed") return paint("red", text)
  if (status === "retrying" || status === "interrupted") return paint("yellow", text)
  return status === "waiting" ? paint("dim", text) : text
}

/** Estimates the tokens of streamed text. */
export const tokensOf = (characters: number): number => Math.ceil(characters / charactersPerToken)
