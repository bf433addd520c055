/** Fits text into columns, where a character may take none, one or two of them. */
import cliTruncate from "cli-truncate"
import { inert } from "../../report/TerminalText.ts"

/** Cuts a line, styled or not, to `columns` and marks the cut with an ellipsis. */
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

/** Wraps foreign text and gives its last `count` lines, without blank ones at the end. */
export const lastLines = (text: string, columns: number, count: number): ReadonlyArray<string> => {
  if (count < 1) return []
  const fromLast: Array<string> = []
  for (const paragraph of text.trimEnd().split("\n").toReversed()) {
    if (fromLast.length >= count) break
    fromLast.push(...wrap(inert(endOf(paragraph, columns * count)), columns).toReversed())
  }
  return fromLast.slice(0, count).toReversed()
}

/** Leaves out what is too far up to be seen, in large steps, so that lines do not break anew with each word that comes. */
const endOf = (paragraph: string, characters: number): string =>
  paragraph.slice(Math.max(0, Math.floor((paragraph.length - characters) / step) * step))

const step = 1024

/** Room for characters without a width of their own, so that measuring a line never looks at the whole text. */
const slack = 64

const nextLine = (text: string, columns: number): string => {
  const ahead = text.slice(0, columns + slack)
  const fitting = cliTruncate(ahead, columns, { truncationCharacter: "" })
  // A character that does not fit, however wide the line, is taken all the same: the text must get shorter.
  if (fitting === "") return text.slice(0, 2)
  if (fitting.length === text.length || text[fitting.length] === " ") return fitting
  const lastSpace = fitting.lastIndexOf(" ")
  return lastSpace > 0 ? fitting.slice(0, lastSpace) : fitting
}
