/** The asks of rows: checked once before anything is sent, then made one by one while they are sent. */
import { Data, Effect, Result, Stream } from "effect"
import type { Document } from "../../claude/Document.ts"
import * as DocumentTokens from "../../cost/DocumentTokens.ts"
import { charactersPerToken } from "../../cost/TextLength.ts"
import { isBlank } from "../../options/BlankText.ts"
import { numberText, plural } from "../../options/NumberText.ts"
import type { Issue } from "../../options/Issue.ts"
import type { Ask } from "../../pipeline/Ask.ts"
import * as DamagedText from "../DamagedText.ts"
import * as Template from "../Template.ts"
import { atLine, ofFile, type Row, type RowProblem, type RowSource } from "./Row.ts"
import { RowNames } from "./RowNames.ts"

/** An ask with the row that it was made of, `index` from 0. */
export interface RowAsk {
  readonly name: string
  readonly index: number
  readonly ask: Ask<unknown>
  readonly cells: Readonly<Record<string, string>>
}

/** Rows that were checked. */
export interface Rows {
  /** As the plan names them. */
  readonly from: string
  readonly files: ReadonlyArray<string>
  readonly count: number
  /** The columns of the rows, in the order in which they were met. */
  readonly columns: ReadonlyArray<string>
  /** The asks with the shortest and the longest question, by name: what is true of both is true of all. */
  readonly bounds: Readonly<Record<string, Ask<unknown>>>
  readonly notices: ReadonlyArray<Issue>
  /** All asks, in order. Fails where the rows are not those that were checked. */
  readonly read: Stream.Stream<RowAsk, RowProblem>
}

/** What a plan says of its rows. `values` are its variables, `toAsk` has its settings. */
export interface Given {
  readonly from: string
  readonly name: string | undefined
  readonly question: string | undefined
  readonly system: string | undefined
  readonly values: Template.Values
  readonly toAsk: (question: string, system: string | undefined, document: Document | undefined) => Ask<unknown>
}

/** A mistake of the plan, not of the rows. */
class PlanProblem extends Data.TaggedError("PlanProblem")<{ readonly issues: ReadonlyArray<Issue> }> {}

/** The columns that have the question where the plan has none, and the name, the first that is there. */
const questionColumns = ["question", "prompt", "query", "input", "text", "description", "instruction", "task", "q"]
const nameColumns = ["id", "custom_id", "key", "ask"]

/** What of a row becomes its ask. */
interface Made {
  readonly id: string
  readonly question: string
  readonly system: string | undefined
  readonly document: Document | undefined
}

/** How large an ask is beside others, by its question and its document. */
const sizeOf = ({ document, question }: Made): number =>
  question.length + (document === undefined ? 0 : charactersPerToken * DocumentTokens.estimated([document]))

/** What is wrong with a row: at its line, or of the file that it is. */
const problemOf = ({ from }: Given, { hidden }: RowSource, row: Row, message: string): RowProblem =>
  hidden === undefined ? atLine(from, row.line, message) : ofFile(row.cells["file"] ?? from, message)

/** The name of a column in another case, such as `Question`. */
const columnIn = (columns: ReadonlyArray<string>, wanted: ReadonlyArray<string>): string | undefined => {
  for (const name of wanted) {
    const found = columns.find((column) => column.toLowerCase() === name)
    if (found !== undefined) return found
  }
  return undefined
}

/** Whether the rows bring the question, which no text of the plan has. */
const isOfRows = (question: string | undefined, source: RowSource): boolean =>
  question === undefined && source.question === undefined

/** Makes a maker for rows like the first one; fails with what is wrong with the plan's texts. */
const makerOf = (
  { name, question, system, values, from }: Given,
  source: RowSource,
  first: Row
): Result.Result<(row: Row) => Result.Result<Made, string>, ReadonlyArray<Issue>> => {
  const columns = Object.keys(first.cells)
  const shown = columns.filter((column) => source.hidden?.has(column) !== true)
  const known = new Set([...columns, ...Object.keys(values)])
  const issues: Array<Issue> = []
  const templateOf = (key: string, text: string): Template.Template => {
    const template = Template.parse(text)
    const problems = [...Template.problemsOf(template, known), Template.doubledText(text, known) ?? []].flat()
    issues.push(...problems.map((message) => ({ path: ["asks", key], message: `${message} (${from})` })))
    return template
  }
  const column = columnIn(columns, questionColumns)
  const asked =
    question ?? source.question ?? (column === undefined || source.hidden !== undefined ? undefined : `{${column}}`)
  if (asked === undefined) {
    const example = `What is {${shown.at(-1) ?? "name"}}?`
    return Result.fail([
      {
        path: ["asks", "question"],
        message: `missing: say what is asked of each row, with its columns ${shown.map((each) => `{${each}}`).join(", ")}, such as ${example}`
      }
    ])
  }
  const nameColumn = columnIn(columns, nameColumns)
  const named = name ?? source.name ?? (nameColumn === undefined ? undefined : `{${nameColumn}}`)
  const questions = templateOf("question", asked)
  const names = named === undefined ? undefined : templateOf("name", named)
  const systems = system === undefined ? undefined : templateOf("system", system)
  if (issues.length > 0) return Result.fail(issues)
  const needed = new Set([...questions.names, ...(names?.names ?? []), ...(systems?.names ?? [])])
  const hasDocument = source.hidden?.has("text") === true && !needed.has("text")
  const isBare = Object.keys(values).length === 0
  const hasVariables = !isBare && isOfRows(question, source)
  return Result.succeed((row) => {
    for (const each of needed) {
      if (!Object.hasOwn(row.cells, each) && !Object.hasOwn(values, each))
        return Result.fail(`this row has no {${each}}`)
    }
    const all = isBare ? row.cells : { ...values, ...row.cells }
    const written = questions.textWith(all)
    const read = hasVariables ? Template.fillForeign(written, all) : Result.succeed(written)
    if (Result.isFailure(read)) return Result.fail(read.failure)
    const filled = read.success
    const question =
      hasDocument && row.document === undefined
        ? `<document name="${all["file"]?.replace(/["<>]/g, "_")}">\n${all["text"]}\n</document>\n\n${filled}`
        : filled
    if (isBlank(filled)) return Result.fail("its question is empty")
    const id = names?.textWith(all).trim() ?? ""
    return Result.succeed({ id, question, system: systems?.textWith(all), document: row.document })
  })
}

/** Makes the asks of rows in their order; each call begins anew. */
const making = (given: Given, source: RowSource) => {
  const names = new RowNames()
  let make: ((row: Row) => Result.Result<Made, string>) | undefined
  let isNamed = true
  let index = 0
  return (
    row: Row
  ): Result.Result<Made & { readonly name: string; readonly index: number }, RowProblem | PlanProblem> => {
    if (make === undefined) {
      const maker = makerOf(given, source, row)
      if (Result.isFailure(maker)) return Result.fail(new PlanProblem({ issues: maker.failure }))
      make = maker.success
    }
    const wrong = (message: string) => Result.fail(problemOf(given, source, row, message))
    const made = make(row)
    if (Result.isFailure(made)) return wrong(made.failure)
    const { id } = made.success
    if (index === 0) isNamed = id !== "" || given.name !== undefined
    if (isNamed && id === "") return wrong("its name is empty: each row needs one, or none")
    const name = isNamed ? names.next(id) : `q${index + 1}`
    if (name === undefined)
      return wrong(`the name ${JSON.stringify(id)} stands here a second time: names of asks are unique`)
    if (name === "") return wrong(`no name can be made of ${JSON.stringify(id)}: it has no letter and no digit`)
    return Result.succeed({ ...made.success, name, index: index++ })
  }
}

/** Columns as a question names them; not all of many. */
const listOf = (columns: ReadonlySet<string>): string =>
  [...columns]
    .slice(0, 8)
    .map((column) => `{${column}}`)
    .join(", ")

/** Reads all rows once, and keeps nothing of them but what the checks of a run need. */
export const check = (given: Given, source: RowSource): Effect.Effect<Rows, RowProblem | ReadonlyArray<Issue>> =>
  Effect.gen(function* () {
    const make = making(given, source)
    const columns = new Set<string>()
    const empty = new Map<string, { count: number; readonly line: number }>()
    const renamed: Array<string> = []
    const isPlain = Object.keys(given.values).length === 0 && isOfRows(given.question, source)
    const unfilled = new Map<string, number>()
    let [count, renamedCount] = [0, 0]
    let shortest: (Made & { readonly name: string }) | undefined
    let longest: typeof shortest
    yield* Stream.runForEachArray(source.rows, (rows) => {
      for (const row of rows) {
        const made = make(row)
        if (Result.isFailure(made)) return Effect.fail(made.failure)
        const { id, name, question } = made.success
        const damage = source.hidden === undefined ? DamagedText.textIssue(question) : undefined
        if (damage !== undefined) return Effect.fail(problemOf(given, source, row, damage))
        if (isPlain && question.includes("{")) {
          for (const [, each = ""] of question.matchAll(/(?<!\{)\{([A-Za-z_][\w-]*)\}(?!\})/g)) {
            if (!unfilled.has(each)) unfilled.set(each, row.line)
          }
        }
        for (const column in row.cells) {
          if (!columns.has(column)) columns.add(column)
          if (row.cells[column] !== "") continue
          const known = empty.get(column)
          if (known === undefined) empty.set(column, { count: 1, line: row.line })
          else known.count++
        }
        if (id !== "" && name !== id && name !== `_${id}`) {
          renamedCount++
          if (renamed.length < 3) renamed.push(`${JSON.stringify(id)} is ${name}`)
        }
        const size = sizeOf(made.success)
        if (shortest === undefined || size < sizeOf(shortest)) shortest = made.success
        if (longest === undefined || size > sizeOf(longest)) longest = made.success
        count++
      }
      return Effect.void
    })
    if (shortest === undefined || longest === undefined) return yield* ofFile(given.from, "has no rows")
    const asked = given.question ?? source.question
    const used = Template.parse(`${asked ?? ""}${given.system ?? ""}`).names
    const isFilled = source.hidden !== undefined || [...used].some((name) => columns.has(name))
    const notices = [
      ...(source.notices ?? []),
      ...(asked !== undefined && count > 1 && !isFilled
        ? [`all ${numberText(count)} rows are asked the same: the question names none of ${listOf(columns)}`]
        : []),
      ...Array.from(empty).flatMap(([column, { count, line }]) =>
        used.has(column) ? [`{${column}} is empty in ${plural(count, "row", "rows")}, first on line ${line}`] : []
      ),
      ...Array.from(unfilled)
        .slice(0, 3)
        .map(([each, line]) => `{${each}} on line ${line} is sent as it stands: --var ${each}=… gives it a value`),
      ...(renamedCount === 0
        ? []
        : [
            `${plural(renamedCount, "name is", "names are")} written as names of asks: ${renamed.join(", ")}${renamedCount > 3 ? ", …" : ""}`
          ])
    ]
    return {
      from: given.from,
      files: source.files,
      count,
      columns: [...columns].filter((column) => source.hidden?.has(column) !== true),
      bounds: Object.fromEntries(
        [shortest, longest].map(({ document, name, question, system }) => [
          name,
          given.toAsk(question, system, document)
        ])
      ),
      notices: notices.map((message) => ({ path: ["asks", "from"], message: `${given.from}: ${message}` })),
      read: read(given, source, count)
    }
  }).pipe(Effect.catchTag("PlanProblem", ({ issues }) => Effect.fail(issues)))

/** Columns that no table shows, as they may be long, are left out of the cells. */
const read = (given: Given, source: RowSource, count: number): Stream.Stream<RowAsk, RowProblem> =>
  Stream.suspend(() => {
    const make = making(given, source)
    const changed = ofFile(given.from, "changed while it was read: start again once nothing writes to it")
    let made = 0
    return source.rows.pipe(
      Stream.mapEffect((row): Effect.Effect<RowAsk, RowProblem> => {
        const next = make(row)
        if (Result.isFailure(next)) return Effect.fail(next.failure._tag === "RowProblem" ? next.failure : changed)
        const { document, index, name, question, system } = next.success
        made++
        return Effect.succeed({
          name,
          index,
          ask: given.toAsk(question, system, document),
          cells: cellsOf(row, source)
        })
      }),
      Stream.concat(Stream.suspend(() => (made === count ? Stream.empty : Stream.fail(changed))))
    )
  })

const cellsOf = ({ cells }: Row, { hidden }: RowSource) =>
  hidden === undefined ? cells : Object.fromEntries(Object.entries(cells).filter(([column]) => !hidden.has(column)))

/** `12 rows of companies.csv`. */
export const textOf = ({ count, from }: Rows): string => `${numberText(count)} rows of ${from}`
