/** Recognizes files that are no plan, such as lists of questions, and says how a plan has its questions. */
import { Result } from "effect"
import * as FileKind from "../documents/FileKind.ts"
import type { Issue } from "../options/Issue.ts"
import type { Problem } from "./Source.ts"

const howAsks = "a plan has asks by name, such as asks: { market: How large is it? }"

const isJson = (line: string): boolean => Result.isSuccess(Result.try(() => JSON.parse(line) as unknown))

/** Lines that are each an object of JSON. */
const isJsonLines = (text: string): boolean => {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "")
  return lines.length > 1 && lines.every((line) => /^\s*\{/.test(line) && isJson(line))
}

/** A file name as a word of a shell. */
const quoted = (word: string): string => (/^[\w./:@=+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)

const questionColumn = /^(?:question|prompt|query|input|text|description|instruction|task|q)$/i

/** The names in the first line of a table. */
const headingOf = (text: string): ReadonlyArray<string> => {
  const [line = ""] = text.replace(/^\uFEFF?(?:sep=.\r?\n)?/, "").split(/\r?\n/)
  return line.split(/[,;\t]/).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"))
}

/** The command that asks about a document which was given as a plan; `undefined` for what is none by its name. */
export const commandAbout = (file: string): string | undefined =>
  FileKind.typeOfName(file) === undefined
    ? undefined
    : `this is a document, and a plan has asks by name; to ask about it: fanfold ask "What does it say?" --file ${quoted(file)}`

/** The command that runs a file of questions or rows which was given as a plan; `undefined` for what may be a plan. */
export const commandFor = (file: string, text: string): string | undefined => {
  const from = quoted(file)
  const ending = /\.(\w+)$/.exec(file.toLowerCase())?.[1] ?? ""
  const isTable = ["csv", "tsv", "tab"].includes(ending)
  if (isTable && text.trim() === "") return "is empty: expected rows under a heading"
  if (isTable || ((ending === "jsonl" || ending === "ndjson") && isJsonLines(text))) {
    const columns = isTable ? headingOf(text) : Object.keys(Object(JSON.parse(text.trim().split(/\r?\n/)[0] ?? "{}")))
    const hasQuestions = columns.some(
      (column) => questionColumn.test(column) || /^(?:messages|body|params)$/.test(column)
    )
    const asked = hasQuestions ? "" : ` "What is {${columns.at(-1) ?? "name"}}?"`
    return `these are rows, and a plan has asks by name; to ask them: fanfold ask${asked} --from ${from} -o answers.csv`
  }
  return ["md", "markdown", "txt"].includes(ending) && !/^["']?asks["']?\s*[:=]|^\[asks/m.test(text)
    ? `these are questions, and a plan has asks by name; to ask them: fanfold ask --from ${from}`
    : undefined
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

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isQuestions = (value: unknown): boolean =>
  isFields(value) && Object.keys(value).some((key) => questionColumn.test(key))

/** Whether data is a list of questions or rows, tasks by name, or the prompts and tests of promptfoo. */
const isMaterial = (value: unknown): boolean => {
  if (Array.isArray(value)) return value.length > 0 && value.every((each) => typeof each === "string" || isFields(each))
  if (!isFields(value) || "asks" in value || "synthesis" in value) return false
  const values = Object.values(value)
  return ("prompts" in value && "tests" in value) || (values.length > 0 && values.every(isQuestions))
}

/** The issue of data that has questions and is no plan, with the command that asks them. */
export const materialIssues = (file: string, value: unknown): ReadonlyArray<Issue> => {
  if (!isMaterial(value)) return []
  const [first] = Array.isArray(value) ? (value as ReadonlyArray<unknown>) : []
  const hasQuestions =
    first === undefined || typeof first === "string" || isQuestions(first) || "messages" in Object(first)
  const asked = hasQuestions ? "" : ` "What is {${Object.keys(Object(first)).at(-1) ?? "name"}}?"`
  return [
    {
      path: [],
      message: `these are questions, and a plan has asks by name; to ask them: fanfold ask${asked} --from ${quoted(file)}`
    }
  ]
}

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
