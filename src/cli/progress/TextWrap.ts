/** Fits text into terminal columns. A character takes zero, one or two of them. */
import cliTruncate from "cli-truncate"
import { inert } from "../../report/TerminalText.ts"

/** Cuts a line, with or without colours, to `columns`, the last of which is an ellipsis. */
export const cut = (line: string, columns: number): string => cliTruncate(line, columns)

/** Breaks one line of plain text between words, or inside a word that is wider than `columns`. */
export const wrap = (text: string, columns: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let rest = text.trimEnd()
  do {
    const line = nextLine(rest, Math.max(2, columns))
    lines.push(line.trimEnd())
    rest = rest.slice(line.length).trimStart()
  } while (rest !== "")
  return lines
}

/** Makes text inert, wraps it and returns its last `count` lines, without blank lines at the end. */
export const lastLines = (text: string, columns: number, count: number): ReadonlyArray<string> => {
  if (count < 1) return []
  const fromLast: Array<string> = []
  for (const paragraph of text.trimEnd().split("\n").toReversed()) {
    if (fromLast.length >= count) break
    fromLast.push(...wrap(inert(endOf(paragraph, columns * count)), columns).toReversed())
  }
  return fromLast.slice(0, count).toReversed()
}

/** Drops the beginning of a paragraph in steps of `stepCharacters`, so that appended text rarely moves the line breaks. */
const endOf = (paragraph: string, characters: number): string =>
  paragraph.slice(Math.max(0, Math.floor((paragraph.length - characters) / stepCharacters) * stepCharacters))

const stepCharacters = 1024

/** Characters beyond `columns` that are measured, as some have no width. It bounds the cost of one line. */
const zeroWidthAllowance = 64

const nextLine = (text: string, columns: number): string => {
  const ahead = text.slice(0, columns + zeroWidthAllowance)
  const fitting = cliTruncate(ahead, columns, { truncationCharacter: "" })
  // A character wider than the line is taken all the same: otherwise `wrap` would not end.
  if (fitting === "") return text.slice(0, 2)
  if (fitting.length === text.length || text[fitting.length] === " ") return fitting
  const lastSpace = fitting.lastIndexOf(" ")
  return lastSpace > 0 ? fitting.slice(0, lastSpace) : fitting
}
