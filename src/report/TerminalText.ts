/**
 * Makes text of a model, the API, a plan or a user safe for a terminal. All such text that is written to a terminal goes
 * through one of these. They remove escape sequences, control characters and the characters that reorder text.
 */
import { stripVTControlCharacters } from "node:util"

/** One line: line breaks and tabs become spaces; every bidirectional control character is removed. */
export const inert = (text: string): string =>
  stripVTControlCharacters(text)
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
  stripVTControlCharacters(text)
    .replace(/\r(?!\n)/g, "\n")
    .replace(/(?![\t\n\r])\p{Cc}|[\u202A-\u202E\u2066-\u2069]/gu, "")
    .toWellFormed()
