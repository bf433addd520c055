/** Recognizes files that are no plan, such as lists of questions, and says how a plan has its questions. */
import { Result } from "effect"
import type { Issue } from "../options/Issue.ts"
import type { Problem } from "./Source.ts"

const howAsks = "a plan has asks by name, such as asks: { market: How large is it? }"

const isJson = (line: string): boolean => Result.isSuccess(Result.try(() => JSON.parse(line) as unknown))

/** Lines that are each an object of JSON. */
const isJsonLines = (text: string): boolean => {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "")
  return lines.length > 1 && lines.every((line) => /^\s*\{/.test(line) && isJson(line))
}

/** The syntax problems of a text; of one without the key `asks`, the first one says how a plan looks. */
export const problemsOf = (text: string, problems: ReadonlyArray<Problem>): ReadonlyArray<Problem> => {
  const [first, ...others] = problems
  // A mapping with other keys may be a plan that is broken before its asks.
  if (first === undefined || (/^\s*(?:[[{]|[\w"-]+:(?:\s|$))/.test(text) && !isJsonLines(text))) return problems
  if (/^[ \t]*\[?["']?asks\b/m.test(text) || /[{,]\s*["']?asks["']?\s*:/.test(text)) return problems
  if (isJsonLines(text)) return [{ ...first, message: `these are JSON lines, no plan: ${howAsks}` }]
  return [{ ...first, message: `${first.message}; is this a plan? ${howAsks}` }, ...others]
}

/** Asks that are one text, as `a:What?` is. */
const glued = /got "[\w-]+:[^ ]/

/** The issues of a plan; where there are no asks by name, as in a list or a text, they are shown. */
export const issuesOf = (issues: ReadonlyArray<Issue>): ReadonlyArray<Issue> =>
  issues.map((issue) => {
    const isOfAll = issue.path.length === 0 && issue.message.startsWith("expected a plan with asks")
    const isOfAsks =
      issue.path.join() === "asks" && (issue.message === "missing" || issue.message.startsWith("expected asks by name"))
    if (!isOfAll && !isOfAsks) return issue
    const how = glued.test(issue.message) ? "a blank must follow the colon after a name" : howAsks
    return { ...issue, message: `${issue.message}; ${how}` }
  })
