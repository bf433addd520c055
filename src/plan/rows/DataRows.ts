/** Rows of a value of JSON or YAML: a list, questions or tasks by name, or the tests of promptfoo. */
import { Result } from "effect"
import { cellsOf } from "./JsonRows.ts"

type Fields = Readonly<Record<string, unknown>>

/** The cells of each row, the path of each, and what stands for a question and a name where the plan has none. */
export interface DataRows {
  readonly rows: ReadonlyArray<{
    readonly cells: Readonly<Record<string, string>>
    readonly path: ReadonlyArray<PropertyKey>
  }>
  readonly question?: string
}

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const ofList = (list: ReadonlyArray<unknown>, path: ReadonlyArray<PropertyKey>): Result.Result<DataRows, string> => {
  const rows: Array<DataRows["rows"][number]> = []
  for (const [index, value] of list.entries()) {
    const cells = cellsOf(value)
    if (cells === undefined) return Result.fail(`item ${index + 1} is neither text nor a mapping`)
    rows.push({ cells, path: [...path, index] })
  }
  return Result.succeed({ rows })
}

/** Jinja's and Handlebars' `{{ topic }}` as `{topic}`, and braces that are none of those doubled. */
const fromHandlebars = (prompt: string): string =>
  prompt.replace(/\{\{\s*([\w.-]+)\s*\}\}|[{}]/g, (whole, name: string | undefined) =>
    name === undefined ? whole + whole : `{${name}}`
  )

/** `prompts` and `tests` of promptfoo: each test is a row of its `vars`. */
const ofPromptfoo = ({ prompts, tests }: Fields): Result.Result<DataRows, string> => {
  const [prompt, ...others] = Array.isArray(prompts) ? (prompts as ReadonlyArray<unknown>) : [prompts]
  const text = isFields(prompt) ? (prompt["raw"] ?? prompt["content"]) : prompt
  if (typeof text !== "string" || /^(?:file:\/\/|[^\s]+\.(?:txt|md|json|ya?ml|js|ts|py)$)/.test(text))
    return Result.fail('its prompt is not in this file: write it as the question, fanfold ask "…{topic}…" --from …')
  if (others.length > 0)
    return Result.fail('it has several prompts: write one as the question, fanfold ask "…{topic}…" --from …')
  return Result.map(ofTests(tests), ({ rows }) => ({ rows, question: fromHandlebars(text) }))
}

const ofTests = (tests: unknown): Result.Result<DataRows, string> => {
  if (!Array.isArray(tests)) return Result.fail("its tests are not in this file: expected tests: [{ vars: { … } }]")
  return ofList(
    tests.map((test: unknown) => {
      if (!isFields(test) || !isFields(test["vars"])) return undefined
      const { description } = test
      return { ...(typeof description === "string" && { id: description }), ...test["vars"] }
    }),
    ["tests"]
  )
}

/** Each key is the `id` of a row; a text is its question. */
const ofNames = (fields: Fields): Result.Result<DataRows, string> => {
  const rows: Array<DataRows["rows"][number]> = []
  for (const [id, value] of Object.entries(fields)) {
    const cells = cellsOf(value)
    if (cells === undefined) return Result.fail(`${id} is neither text nor a mapping`)
    rows.push({ cells: { id, ...cells }, path: [id] })
  }
  return Result.succeed({ rows })
}

/** Keys under which other tools have their lists. */
const lists = ["questions", "queries", "prompts", "items", "rows", "data", "tasks"]

/** Reads the rows of a value; fails with what is wrong, in words that follow the file's name. `isPrompted`: the plan has the question. */
export const read = (value: unknown, isPrompted: boolean): Result.Result<DataRows, string> => {
  if (Array.isArray(value)) return ofList(value, [])
  if (!isFields(value)) return Result.fail("expected a list, or questions by name")
  if ("asks" in value) return Result.fail("is a plan itself: fanfold run reads it")
  if ("tests" in value && "prompts" in value) return isPrompted ? ofTests(value["tests"]) : ofPromptfoo(value)
  const list = lists.find((key) => Array.isArray(value[key]) || isFields(value[key]))
  if (list !== undefined && Object.keys(value).length <= 4) {
    const inner = value[list]
    return Array.isArray(inner) ? ofList(inner, [list]) : ofNames(inner as Fields)
  }
  return ofNames(value)
}
