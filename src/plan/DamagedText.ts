/** Finds text in a plan that cannot be what its author wrote: control characters, and halves of surrogate pairs. */
import type { Issue } from "../options/Issue.ts"
import { halfIn } from "../schema/WellFormed.ts"

/** The control characters below U+0020 but tab, line feed, carriage return, and a form feed that begins a line, as a new page does. */
const control = /(?![\t\n\r\u007f-\u009f]|(?<=\n)\f)\p{Cc}/u

/** The same of a file, where no escape can have become one: `\f` and `\v` are what programs that convert documents write. */
const controlInFile = /(?![\t\n\v\f\r\u007f-\u009f])\p{Cc}/u

/** Said of text that was copied from a terminal, or of the output of a program that thinks it writes to one. */
const terminalText = "has escape sequences of a terminal: save it without its colours"

/** The name of a character: `U+0008`. */
export const codeOf = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`

/** Most texts have none at all, which is found ten times as fast. */
const anyControl = /\p{Cc}/u

const controlMessage = (text: string): string | undefined => {
  if (!anyControl.test(text)) return undefined
  const [found] = control.exec(text) ?? []
  if (found === undefined) return undefined
  if (text.includes("\u001b[")) return terminalText
  return `has the control character ${codeOf(found)}: in double quotes write a backslash as \\\\, or use single quotes`
}

/** What is wrong with a text that becomes a question. */
export const textIssue = (text: string): string | undefined => halfIn(text) ?? controlMessage(text)

/** Whether a path leads to the schema of an answer, whose reader reports halves of surrogate pairs. */
const isAnswer = (path: ReadonlyArray<PropertyKey>): boolean =>
  path.at(-1) === "answer" && path.length === (path[0] === "asks" ? 3 : 2)

/** The issues of all text in a value. A value that stands in several places is reported at its first. */
export const issuesOf = (value: unknown): ReadonlyArray<Issue> => {
  const issues: Array<Issue> = []
  const seen = new Set<unknown>()
  const visit = (part: unknown, path: ReadonlyArray<PropertyKey>, isInAnswer: boolean): void => {
    const messageOf = (text: string) => (isInAnswer ? undefined : halfIn(text)) ?? controlMessage(text)
    if (typeof part === "string") {
      const message = messageOf(part)
      if (message !== undefined) issues.push({ path, message })
    } else if (typeof part === "object" && part !== null && !seen.has(part)) {
      seen.add(part)
      for (const [key, item] of Object.entries(part)) {
        // The schema of plans rejects the names of asks that are not plain.
        const isName = Array.isArray(part) || (path.length === 1 && path[0] === "asks")
        const message = isName ? undefined : messageOf(key)
        if (message !== undefined) issues.push({ path: [...path, key], message: `this key ${message}` })
        const at = [...path, Array.isArray(part) ? Number(key) : key]
        visit(item, at, isInAnswer || isAnswer(at))
      }
    }
  }
  visit(value, [], false)
  return issues
}

/** What is wrong with the path of a file that has control characters, as `"C:\temp"` has a tab. */
export const pathIssue = (path: string): string | undefined => {
  const [found] = /[\p{Cc}\u2028\u2029]/u.exec(path) ?? []
  return found === undefined
    ? undefined
    : `this path has the control character ${codeOf(found)}: in double quotes \\ begins an escape; write \\\\ or /, or use single quotes`
}

/** What is wrong with the text of a file; only escape sequences are certain to be no part of what was written. */
export const fileIssue = (text: string): { readonly message: string; readonly isCertain: boolean } | undefined => {
  const { 0: found, index } = controlInFile.exec(text) ?? /\ufffd/.exec(text) ?? {}
  if (found === undefined || index === undefined) return undefined
  const before = text.slice(0, index)
  const place = `line ${before.split("\n").length}, column ${index - before.lastIndexOf("\n")}`
  if (found === "\u001b") return { message: `${terminalText} (${place})`, isCertain: true }
  const what =
    found === "\ufffd" ? "U+FFFD, which stands for a character that was lost" : `the control character ${codeOf(found)}`
  return { message: `has ${what} (${place})`, isCertain: false }
}
