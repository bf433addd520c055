/**
 * Makes text of a model, the API, a plan or a user safe for a terminal. All such text that is written to a terminal goes
 * through one of these. They remove escape sequences, control characters and the characters that reorder text.
 */
import { stripVTControlCharacters } from "node:util"

/**
 * Removes escape sequences. After the last character that ends a command, each escape is searched alone: the end of each would
 * else be looked for in all of the text after it.
 */
const withoutEscapes = (text: string): string => {
  if (!text.includes("\u001B")) return stripVTControlCharacters(text)
  const end = Math.max(0, ...commandEnds.map((mark) => endOf(text, mark)))
  const [before = "", ...escapes] = text.slice(end).split("\u001B")
  const parts = [text.slice(0, end), before, ...escapes.map((part) => `\u001B${part}`)]
  return parts.map((part) => stripVTControlCharacters(part)).join("")
}

/** What ends an operating system command, such as that of a link. */
const commandEnds = ["\u0007", "\u001B\\", "\u009C"]

/** Where the last `mark` of a text ends; 0 where there is none. */
const endOf = (text: string, mark: string): number => {
  const at = text.lastIndexOf(mark)
  return at < 0 ? 0 : at + mark.length
}

/** One line: line breaks and tabs become spaces; every bidirectional control character is removed. */
export const inert = (text: string): string =>
  withoutEscapes(text)
    .replace(/[\t\n\v\f\r\p{Zl}\p{Zp}]+/gu, " ")
    .replace(/[\p{Cc}\p{Bidi_Control}]+/gu, "")
    .toWellFormed()

/** Several lines, each made inert: for messages that have a line for each issue. */
export const inertLines = (text: string): string => text.split("\n").map(inert).join("\n")

/**
 * A document: line breaks and tabs stay. Of the bidirectional controls only embeddings, overrides and isolates are removed;
 * direction marks and joiners stay, because some languages and emoji need them.
 */
export const inertDocument = (text: string): string =>
  withoutEscapes(text)
    .replace(/\r(?!\n)/g, "\n")
    .replace(/(?![\t\n\r])\p{Cc}|[\u202A-\u202E\u2066-\u2069]/gu, "")
    .toWellFormed()
