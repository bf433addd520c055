/** One ask, or the synthesis, as a line of the live region. Pure. */
import { charactersPerToken } from "../../cost/TextLength.ts"
import { roundedText, secondsText } from "../../options/DurationText.ts"
import { type AskState, isOpen, isReused, type Status } from "../../report/AskState.ts"
import { plural } from "../../options/NumberText.ts"
import type { RunState } from "../../report/RunState.ts"
import { inert } from "../../report/TerminalText.ts"
import { reusedText } from "./ReusedText.ts"
import { cut, wrap } from "./TextWrap.ts"

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan"

/** One frame: the state of the run, the time and the size of the terminal. */
export interface View {
  readonly state: RunState
  /** Length and last part of the text streamed for an ask; `undefined` if none was. */
  readonly streamed: (ask: AskState) => { readonly characters: number; readonly tail: string } | undefined
  /** Epoch milliseconds. */
  readonly now: number
  /** Number of the frame; selects the character of the spinner. */
  readonly frame: number
  /** Lines below the footer. */
  readonly notes?: ReadonlyArray<string>
  readonly columns: number
  readonly rows: number
  readonly paint: (style: Style, text: string) => string
}

/** Sign, name and status, and the question if there is room for it. */
export const line = (view: View, ask: AskState): string => {
  const { columns, paint } = view
  const head = headOf(view, ask)
  if (columns < narrowColumns) return head
  const status = statusText(view, ask)
  const questionColumns = columns - 2 - nameColumns(view) - 2 - statusColumns
  if (status.length > statusColumns || questionColumns < minQuestionColumns || ask.part === "synthesis") {
    return `${head}  ${paintStatus(view, ask, status)}`
  }
  const question = inert(ask.question).slice(0, columns * 2)
  return `${head}  ${paintStatus(view, ask, status.padEnd(statusColumns))}${paint("dim", question)}`
}

/** The same at the end of the run: an open ask counts as interrupted, and the message of a failed one is wrapped, not cut. */
export const finalLines = (view: View, ask: AskState): ReadonlyArray<string> => {
  const ended: AskState = isOpen(ask) ? { ...ask, status: "interrupted" } : ask
  if (ended.status !== "failed") return [line(view, ended)]
  if (view.columns < narrowColumns) return [headOf(view, ended), ...wrap(statusText(view, ended), view.columns)]
  const indent = nameColumns(view) + 4
  const [first = "", ...more] = wrap(statusText(view, ended), Math.max(view.columns - indent, 10))
  const rest = more.map((text) => " ".repeat(indent) + paintStatus(view, ended, text))
  return [`${headOf(view, ended)}  ${paintStatus(view, ended, first)}`, ...rest]
}

/** In a terminal with fewer columns a line holds a name and nothing else. */
const narrowColumns = 24

/** Fits the longest status without a message, so that the questions after it are aligned. */
const statusColumns = 30

/** With fewer columns left, the question is not shown. */
const minQuestionColumns = 16

const spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

const headOf = (view: View, ask: AskState): string => {
  const columns = nameColumns(view)
  const name = cut(inert(ask.name), columns).padEnd(columns)
  return `${signOf(view, ask)} ${view.paint(ask.status === "waiting" ? "dim" : "bold", name)}`
}

const nameColumns = ({ columns, state }: View): number => {
  const longest = state.asks.reduce((max, { name }) => Math.max(max, name.length), state.synthesis ? 9 : 0)
  return Math.min(longest, columns < narrowColumns ? columns - 2 : Math.max(10, Math.floor(columns * 0.35)))
}

const signs: Readonly<Record<Status, readonly [Style, string]>> = {
  waiting: ["dim", "·"],
  asking: ["cyan", spinner],
  answering: ["cyan", spinner],
  retrying: ["yellow", "↻"],
  answered: ["green", "✔"],
  failed: ["red", "✖"],
  interrupted: ["yellow", "■"]
}

const signOf = ({ frame, paint }: View, { status }: AskState): string => {
  const [style, sign] = signs[status]
  return paint(style, sign[frame % sign.length] ?? "")
}

const statusText = (view: View, ask: AskState): string => {
  const { now, state, streamed } = view
  const elapsed = roundedText(now - (ask.dispatchedAt ?? now))
  const attempt = ask.attempt > 1 ? ` (attempt ${ask.attempt})` : ""
  switch (ask.status) {
    case "waiting":
      return "waiting"
    case "asking":
      return `${ask.part === "ask" ? `asking${votesText(ask)}` : foldingText(state)}${attempt} ${elapsed}`
    case "answering": {
      const text = streamed(ask)
      // The text of a run of another process is not known.
      const tokens = text === undefined ? "" : ` ~${plural(estimateTokens(text.characters), "token", "tokens")}`
      return `${ask.part === "ask" ? "answering" : foldingText(state)}${tokens} ${elapsed}`
    }
    case "retrying": {
      const leftMillis = (ask.retryAt ?? now) - now
      const when = leftMillis > 0 ? `in ${secondsText(Math.ceil(leftMillis / 1000) * 1000)}` : "now"
      return `retrying ${when}: ${inert(ask.message ?? "")}`
    }
    case "answered":
      if (isReused(ask)) return reusedText(ask)
      return `${ask.part === "ask" ? "answered" : "folded"} in ${roundedText(ask.durationMillis ?? 0)}${votedText(ask)}`
    case "failed":
      return `failed: ${inert(ask.message ?? "")}`
    default:
      return "stopped"
  }
}

/** How many of the votes have ended. */
const votesText = ({ votes }: AskState): string => (votes === undefined ? "" : `, ${votes.ended}/${votes.count} votes`)

const votedText = ({ voted }: AskState): string =>
  voted === undefined ? "" : ` (${voted.agreeing}/${voted.votes} agree)`

const foldingText = ({ answered }: RunState): string => `folding ${plural(answered, "answer", "answers")}`

const paintStatus = ({ paint }: View, { status }: AskState, text: string): string => {
  if (status === "failed") return paint("red", text)
  if (status === "retrying" || status === "interrupted") return paint("yellow", text)
  return status === "waiting" ? paint("dim", text) : text
}

/** Tokens of streamed text, by its length. */
export const estimateTokens = (characters: number): number => Math.ceil(characters / charactersPerToken)
