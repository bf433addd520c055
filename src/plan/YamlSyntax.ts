/** Says in the words of a plan's author what the parser of YAML complains about, and where its cause is. */
import type { Found } from "./Source.ts"
import { cutText, entry, jsonComment } from "./YamlComment.ts"

/** Messages in the place of the parser's own, by its error codes. */
const messages: Readonly<Record<string, string>> = {
  BAD_DQ_ESCAPE: "this is no escape: in double quotes write a backslash as \\\\, or use single quotes",
  BLOCK_AS_IMPLICIT_KEY: 'text with ": " in it must stand in quotes',
  BLOCK_IN_FLOW: "a comma must stand between the entries in braces or brackets: one is missing here",
  MULTILINE_IMPLICIT_KEY:
    'a key stands in one line: its colon is missing, or this is text with ": " in it, which must stand in quotes',
  MULTIPLE_DOCS: "expected one document, and nothing after ---",
  RESOURCE_EXHAUSTION: "this is nested too deeply"
}

/** The same for a code that stands for several mistakes, by the parser's message. */
const noKey = "Implicit map keys need to be followed by map values"
const noKeyText =
  "this is no key: its colon is missing, or it goes on from a text above, which must stand in quotes or after |"

interface ParserError {
  readonly code: string
  readonly message: string
  readonly pos: readonly [number, number]
}

/** The codes for the rest of a text that has ended too early. */
const ofRest = new Set(["BAD_INDENT", "MISSING_CHAR"])

/** A syntax error in words that say what to write. */
export const found = (text: string, { code, message, pos }: ParserError): Found => {
  const [offset] = pos
  const next = nextText(text, offset)
  const isUnexpected = code === "BAD_SCALAR_START" || code === "UNEXPECTED_TOKEN"
  return (
    fenceHint(text) ??
    jsonComment(text) ??
    (isUnexpected ? (innerQuoteHint(text, offset) ?? quoteHint(text, offset)) : undefined) ??
    (ofRest.has(code) ? (cutText(text, next) ?? blockHint(text, next)) : undefined) ?? {
      message: messages[code] ?? (message === noKey ? noKeyText : undefined) ?? commentHint(text, code) ?? message,
      offset
    }
  )
}

/** The parser may report a line at the blank lines before it. */
const nextText = (text: string, offset: number): number => {
  const blanks = text.slice(offset).search(/\S/)
  return blanks === -1 ? offset : offset + blanks
}

const fenceHint = (text: string): Found | undefined =>
  /^\s*(?:```|~~~)/.test(text)
    ? {
        message: "this is a fence of Markdown: leave out the lines with ``` around the plan",
        offset: text.search(/\S/)
      }
    : undefined

/** Of a quote within a text in the same quotes, which ends it, and is followed by a letter. */
const innerQuoteHint = (text: string, offset: number): Found | undefined => {
  const quote = text[offset - 1]
  if ((quote !== "'" && quote !== '"') || !/[\p{L}\p{N}]/u.test(text[offset] ?? "")) return undefined
  const message =
    quote === "'"
      ? "this ' ends the text: within single quotes write '' for it, or put the text in double quotes"
      : 'this " ends the text: within double quotes write \\" for it'
  return { message, offset: offset - 1 }
}

/** Of a value that begins with a character of YAML's own, and goes on as text; the place is its beginning. */
const quoteHint = (text: string, offset: number): Found | undefined => {
  const lineStart = text.lastIndexOf("\n", offset - 1) + 1
  const line = text.slice(lineStart, offset + 1)
  const [before, start] = /^(?:[^"'{[]*?:[ \t]+|[ \t]*-[ \t]+)([{["'`@%*&!>|])/.exec(line) ?? []
  if (before === undefined || mapping.test(line.slice(before.length - 1))) return undefined
  const message = `text that begins with ${start} must stand in quotes, all of it: '${start}…'`
  return { message, offset: lineStart + before.length - 1 }
}

/** Braces with a key in them, which are no text. */
const mapping = /^\{[ \t]*(?:"[^"]*"|'[^']*'|[\w$-]+)[ \t]*:/

const header = /(?:^|[ \t])([|>])[-+\d]*[ \t]*$/

/** Of a line that begins further left than the text after `|` or `>` that it belongs to. */
const blockHint = (text: string, offset: number): Found | undefined => {
  const before = text.slice(0, offset).split(/\r?\n/)
  const lineStart = text.lastIndexOf("\n", offset - 1) + 1
  const [, blank = "", rest = ""] = /^([ \t]*)([^\n]*)/.exec(text.slice(lineStart)) ?? []
  if (entry.test(rest)) return undefined
  for (let number = before.length - 1; number > 0; number -= 1) {
    const line = before[number - 1] ?? ""
    const [, mark] = header.exec(line) ?? []
    if (mark !== undefined) {
      const message = `this belongs to the text after ${mark} in line ${number}: indent it as far as that text, further than its key`
      return { message, offset: lineStart + blank.length }
    }
    if (line.trim() !== "" && line.search(/\S/) <= blank.length) return undefined
  }
  return undefined
}

/** Of braces that are never closed, as a comment has swallowed the rest of their line. */
const commentHint = (text: string, code: string): string | undefined =>
  code === "BAD_INDENT" && /[{[][^\n"'}\]]* #/.test(text)
    ? 'braces that are not closed: " #" begins a comment, and text with it must stand in quotes'
    : undefined
