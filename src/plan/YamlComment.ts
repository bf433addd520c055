/** Comments that cut a text of several lines: its rest is then no YAML, and the parser complains about that. */
import type { Found } from "./Source.ts"

/** A line up to the `#` of its comment; a quote after a letter is an apostrophe. */
const commented = /^(?:[^"']|(?<=[\p{L}\p{N}])["']|(?<![\p{L}\p{N}])(?:"(?:[^"\\]|\\.)*"|'[^']*'))*?(?:^|[ \t])#/u

/** A line that begins another value, and so is no rest of a text. */
export const entry = /^[ \t]*(?:-[ \t]|[\w"'.-]+[ \t]*:(?:[ \t\r]|$))/

/** The comment that a syntax error comes from: of the line before it, or of the first of several such lines. */
export const cutText = (text: string, offset: number): Found | undefined => {
  const lines = text.slice(0, offset).split("\n")
  const number = lines.length
  const [rest = ""] = text.slice(offset - (lines.pop() ?? "").length).split("\n", 1)
  if (entry.test(rest) || !/^[ \t]+\S/.test(rest)) return undefined
  while (lines.at(-1)?.trim() === "") lines.pop()
  const [upToComment] = commented.exec(lines.at(-1) ?? "") ?? []
  if (upToComment === undefined) return undefined
  const lineStart = lines.slice(0, -1).reduce((sum, line) => sum + line.length + 1, 0)
  const message = `" #" begins a comment and ends the text, which goes on in line ${number}: put all of it in quotes, or write it after |`
  return { message, offset: lineStart + upToComment.length - 1 }
}

/** Text in quotes, or the beginning of a comment of JavaScript. */
const quotedOrComment = /"(?:[^"\\]|\\[^])*(?:"|$)|'[^']*'|(?<![^\s,{}[\]"'])(\/\/|\/\*)/g

/** The first comment of JavaScript in a text that begins as JSON; YAML takes it for text. */
export const jsonComment = (text: string): Found | undefined => {
  if (!/^\s*(?:\{|\/\/|\/\*)/.test(text)) return undefined
  for (const { 1: mark, index } of text.matchAll(quotedOrComment)) {
    if (mark !== undefined)
      return { message: `${mark} begins no comment here: write #, or leave it out`, offset: index }
  }
  return undefined
}
