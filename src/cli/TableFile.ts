/** Writes tables of answers: CSV, whose formulas no spreadsheet runs, or JSON lines. */
import { Console, Effect, FileSystem } from "effect"
import * as AnswerTable from "../report/AnswerTable.ts"
import { inert } from "../report/TerminalText.ts"

/** So many rows are written at a time. */
const blockRows = 500

/** The text of records; the heading comes before the first ones. */
type Write = (records: ReadonlyArray<ReadonlyArray<unknown>>, isFirst: boolean) => string

const jsonLines =
  (names: ReadonlyArray<string>): Write =>
  (records) =>
    records.map((record) => AnswerTable.lineOf(names, record)).join("")

/** A cell that begins with `=`, `+`, `-`, `@`, `＝`, `＋`, `－`, `＠`, a tab or a carriage return is a formula for a spreadsheet: `'` makes it text. */
const csv = Effect.map(
  Effect.promise(() => import("csv-stringify/sync")),
  ({ stringify }) =>
    (names: ReadonlyArray<string>): Write =>
    (records, isFirst) => {
      const rows = records.map((record) => AnswerTable.cellsOf(record).map(plainNumber))
      return stringify([...(isFirst ? [[...names]] : []), ...rows], {
        record_delimiter: "\r\n",
        // Without it, only the delimiter of records is quoted, and an answer with a line feed alone would end its row.
        quoted_match: /[\r\n]/,
        escape_formulas: true,
        cast: { boolean: String }
      })
    }
)

/** A number is no formula: `-5` stays as it is. */
const plainNumber = (cell: unknown): unknown =>
  typeof cell === "string" && /^-\d{1,15}(?:\.\d{1,6})?$/.test(cell) && String(Number(cell)) === cell
    ? Number(cell)
    : cell

/** Writes a table by the ending of its file; `false`, and a line on standard error, if that failed. */
export const save = Effect.fnUntraced(function* (
  file: string,
  columns: AnswerTable.Columns,
  rows: Iterable<AnswerTable.AnsweredRow>,
  isQuiet: boolean
) {
  const fileSystem = yield* FileSystem.FileSystem
  const write = file.toLowerCase().endsWith(".csv") ? (yield* csv)(columns.names) : jsonLines(columns.names)
  const encoder = new TextEncoder()
  return yield* Effect.scoped(
    Effect.gen(function* () {
      const handle = yield* fileSystem.open(file, { flag: "w" })
      let block: Array<ReadonlyArray<unknown>> = []
      let isFirst = true
      const flush = Effect.suspend(() => {
        const text = write(block, isFirst)
        block = []
        isFirst = false
        return handle.writeAll(encoder.encode(text))
      })
      for (const row of rows) {
        block.push(columns.record(row))
        if (block.length === blockRows) yield* flush
      }
      if (block.length > 0 || isFirst) yield* flush
    })
  ).pipe(
    Effect.andThen(isQuiet ? Effect.void : Console.error(inert(`Wrote ${file}`))),
    Effect.as(true),
    Effect.catch(({ message }) => Effect.as(Console.error(inert(`Cannot write ${file}: ${message}`)), false))
  )
})
