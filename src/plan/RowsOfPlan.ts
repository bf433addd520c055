/** The rows that a plan names: opened, checked, and where the run needs all asks at once, read. */
import { Effect, type FileSystem, type Path, Stream } from "effect"
import type { Document } from "../claude/Document.ts"
import * as Documents from "../documents/Documents.ts"
import type { Issue } from "../options/Issue.ts"
import { numberText } from "../options/NumberText.ts"
import type { Ask } from "../pipeline/Ask.ts"
import { type Prepared, rowAskOf, type RowsPlan, type Table } from "./Plan.ts"
import type { RowProblem } from "./rows/Row.ts"
import * as RowAsks from "./rows/RowAsks.ts"
import { open, type ParseData } from "./rows/RowFile.ts"
import type { Values } from "./Template.ts"

/**
 * `stream`: where there is no synthesis, the rows stay in their file and become asks while they are sent. `collect`: all asks are
 * made at once. `print`: the same, where the answers are printed and must not be too many.
 */
export type Reading = "stream" | "collect" | "print"

/** Where the plan is, what its variables are, and how its rows are read. */
export interface Place {
  readonly folder: string
  readonly values: Values
  readonly reading: Reading
  readonly parse: ParseData
  readonly reader: Documents.Reader
}

type Failure = RowProblem | ReadonlyArray<Issue>

/** The pipeline of a plan with its rows, and the rows, checked. */
export const withRows = Effect.fnUntraced(function* (
  pipeline: Prepared,
  plan: RowsPlan,
  { folder, parse, reader, reading, values }: Place
): Effect.fn.Return<
  { readonly prepared: Prepared; readonly rows: RowAsks.Rows },
  Failure,
  FileSystem.FileSystem | Path.Path
> {
  const { name, question, system } = plan.asks
  const from = plan.asks.from.trim()
  const { files } = plan.asks
  const documents = files === undefined ? [] : yield* Documents.files(files, reader, ["asks", "files"])
  const source = yield* open(from, folder, question !== undefined, parse)
  const given = { from, name, question, system, values, toAsk: rowAskOf(plan, documents) }
  const checked = yield* RowAsks.check(given, source)
  const rows = { ...checked, notices: [...checked.notices, ...filesNotices(documents, checked.count)] }
  if (pipeline.synthesis === undefined && reading === "stream") return { prepared: { ...pipeline, rows }, rows }
  if (pipeline.synthesis === undefined && reading === "print" && rows.count > maxPrinted) {
    const message = `${rows.count} answers and no synthesis: write them with -o answers.csv or -o answers.jsonl`
    return yield* Effect.fail([{ path: ["asks", "from"], message }])
  }
  return { prepared: { ...pipeline, ...(yield* collect(rows)) }, rows }
})

/** Documents of `files` come after what asks share, so that each row pays for them. */
const filesNotices = (documents: ReadonlyArray<Document>, count: number): ReadonlyArray<Issue> =>
  documents.length === 0 || count < 2
    ? []
    : [
        {
          path: ["asks", "files"],
          message: `sent with each of ${numberText(count)} rows and paid for each time: as "context" of the plan they are paid for once`
        }
      ]

/** More answers than anybody reads one after another. */
const maxPrinted = 1000

/** All asks of rows by name, with what a table has of each. */
const collect = (
  rows: RowAsks.Rows
): Effect.Effect<{ readonly asks: Readonly<Record<string, Ask<unknown>>>; readonly table: Table }, RowProblem> =>
  Effect.map(Stream.runCollect(rows.read), (all) => ({
    asks: Object.fromEntries(all.map(({ ask, name }) => [name, ask])),
    table: { columns: rows.columns, cells: all.map(({ cells }) => cells) }
  }))
