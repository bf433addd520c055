/** Text of a model, an API or a plan may hold what a terminal obeys: escape sequences, control and reordering characters. */
import { stripVTControlCharacters } from "node:util"

/** Makes foreign text safe to show, on one line: what a terminal would obey is gone, line ends and tabs become spaces. */
export const inert = (text: string): string =>
  stripVTControlCharacters(text)
    .replace(/[\t\n\v\f\r\p{Zl}\p{Zp}]+/gu, " ")
    .replace(/[\p{Cc}\p{Bidi_Control}]+/gu, "")
    .toWellFormed()
