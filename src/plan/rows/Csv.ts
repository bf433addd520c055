/** Rows of CSV and TSV (RFC 4180), streamed. Loads `csv-parse`, whose errors know the line. */
import { Effect, Stream } from "effect"
import { CsvError, type Options, Parser } from "csv-parse"
import { atLine, ofFile, type Row, type RowProblem } from "./Row.ts"

/** A cell that is longer is a quote that was never closed, or no CSV. */
const maxRecordCharacters = 16 * 1024 * 1024

/** The character between cells: the one that the heading has most of; `sep=;` in the first line, as Excel writes it, names it. */
const delimiterOf = (beginning: string, isTabs: boolean): string => {
  const named = /^sep=(.)\r?\n/.exec(beginning)?.[1]
  if (named !== undefined) return named
  const [heading = ""] = beginning.replace(/"(?:[^"]|"")*"/g, "").split(/\r?\n/)
  const count = (delimiter: string) => heading.split(delimiter).length - 1
  const candidates = isTabs ? ["\t", ",", ";"] : [",", ";", "\t"]
  return candidates.reduce((most, each) => (count(each) > count(most) ? each : most))
}

/** The names of the columns. A column without one is `columnN`; two of the same name are an error. */
const columnsOf = (heading: ReadonlyArray<string>): ReadonlyArray<string> =>
  heading.map((name, index) => name.trim() || `column${index + 1}`)

const wordsOf = (error: CsvError, columns: ReadonlyArray<string>): string => {
  const record = error["record"]
  switch (error.code) {
    case "CSV_QUOTE_NOT_CLOSED":
      return 'a cell that begins with " has no closing "'
    case "CSV_INVALID_CLOSING_QUOTE":
      return 'after the closing " of a cell a delimiter must follow: a " within a cell is written ""'
    case "INVALID_OPENING_QUOTE":
      return 'a " stands within a cell without quotes: put the cell in quotes, and write "" for the "'
    case "CSV_RECORD_INCONSISTENT_COLUMNS":
    case "CSV_RECORD_INCONSISTENT_FIELDS_LENGTH": {
      const cells = Array.isArray(record) ? record.length : 0
      return `has ${cells} cells, and the heading ${columns.length}: a cell with a delimiter in it must stand in quotes`
    }
    case "CSV_MAX_RECORD_SIZE":
      return 'a row is longer than 16 MB: is a " without its closing one before it?'
    default:
      return error.message
  }
}

/** Cells count from 1; what is wrong with a whole row is at its beginning. */
const columnOf = (error: CsvError, columns: ReadonlyArray<string>): number => {
  if (error.code.startsWith("CSV_RECORD_INCONSISTENT")) return 1
  const { column } = error as { readonly column?: unknown }
  const index = typeof column === "number" ? column : columns.indexOf(String(column))
  return index < 0 ? 1 : index + 1
}

/** How many lines `csv-parse` counts twice: those that end on `\r\n` within a cell. */
const countedTwice = (cells: ReadonlyArray<string>): number =>
  cells.reduce((count, cell) => count + (cell.match(/\r\n/g)?.length ?? 0), 0)

/** The line on which a row begins that ends on `end`; the row before it ends on `last`. Blank lines may be between them. */
const beginningOf = (cells: ReadonlyArray<string>, end: number, last: number): number =>
  end - last <= 1 ? end : cells.reduce((line, cell) => line - (cell.match(/\n/g)?.length ?? 0), end)

/** The line of an error; of a whole row, and of a quote that is not closed, as the file ends much later, the first of its row. */
const lineOf = (error: CsvError, lastLine: number, twice: number): number => {
  const { lines, record } = error as { readonly lines?: unknown; readonly record?: unknown }
  const isAtEnd = error.code === "CSV_QUOTE_NOT_CLOSED" || error.code === "CSV_MAX_RECORD_SIZE"
  if (isAtEnd || typeof lines !== "number") return lastLine + 1
  const cells = Array.isArray(record) ? record.map(String) : []
  return beginningOf(cells, lines - twice - countedTwice(cells), lastLine)
}

const optionsOf = (beginning: string, isTabs: boolean): Options => ({
  delimiter: delimiterOf(beginning, isTabs),
  from_line: /^sep=.\r?\n/.test(beginning) ? 2 : 1,
  skip_empty_lines: true,
  max_record_size: maxRecordCharacters
})

/** Hands on each record with the line on which it ends, for which `on_record` would make two objects of all that is known of it. */
class Records extends Parser {
  readonly #take: (cells: ReadonlyArray<string>, line: number) => void

  constructor(options: Options, take: (cells: ReadonlyArray<string>, line: number) => void) {
    super(options)
    this.#take = take
  }

  override push(cells: ReadonlyArray<string> | null): boolean {
    if (cells === null) return super.push(null)
    this.#take(cells, this.info.lines)
    return true
  }
}

/** The rows of the chunks of a file; `name` is that of messages. */
export const rows = <R>(
  chunks: Stream.Stream<string, RowProblem, R>,
  name: string,
  isTabs: boolean
): Stream.Stream<Row, RowProblem, R> =>
  Stream.suspend(() => {
    let columns: ReadonlyArray<string> = []
    let heading: RowProblem | undefined
    let found: Array<Row> = []
    /** The line on which the last whole row ends. */
    let lastLine = 0
    /** Lines that were counted twice up to there. */
    let twice = 0
    const take = (cells: ReadonlyArray<string>, counted: number): void => {
      if (counted - twice - lastLine > 1) twice += countedTwice(cells)
      const end = counted - twice
      const line = beginningOf(cells, end, lastLine)
      lastLine = end
      if (columns.length === 0) {
        columns = columnsOf(cells)
        const again = columns.find((column, index) => columns.indexOf(column) !== index)
        if (again !== undefined) {
          heading = atLine(name, end, `the column ${again} stands here twice`, columns.lastIndexOf(again) + 1)
        }
        return
      }
      const row: Record<string, string> = {}
      for (let index = 0; index < columns.length; index++) row[columns[index]!] = cells[index] ?? ""
      found.push({ cells: row, line })
    }
    let parser: Parser | undefined
    const problemOf = (error: unknown): RowProblem =>
      error instanceof CsvError
        ? atLine(name, lineOf(error, lastLine, twice), wordsOf(error, columns), columnOf(error, columns))
        : ofFile(name, String(error))
    const step = (run: (parser: Parser, done: (error?: Error | null) => void) => void, text: string) =>
      Effect.callback<ReadonlyArray<Row>, RowProblem>((resume) => {
        if (parser === undefined) {
          parser = new Records(optionsOf(text, isTabs), take)
          parser.on("error", (error) => resume(Effect.fail(problemOf(error))))
          parser.resume()
        }
        run(parser, (error) => {
          const rows = found
          found = []
          if (heading !== undefined) resume(Effect.fail(heading))
          else resume(error ? Effect.fail(problemOf(error)) : Effect.succeed(rows))
        })
      })
    const read = Stream.mapEffect(chunks, (text) => step((parser, done) => void parser.write(text, done), text))
    const end = Stream.fromEffect(Effect.suspend(() => step((parser, done) => void parser.end(done), "")))
    return Stream.flattenIterable(Stream.concat(read, end))
  })
