/** Rows of CSV and TSV (RFC 4180), streamed. What is not plain is read by `csv-parse`, whose errors know the line. */
import { Effect, Stream } from "effect"
import type { CsvError, Options, Parser } from "csv-parse"
import { type Found, PlainRecords } from "./PlainRecords.ts"
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

/** The line of an error; of a quote that is not closed, that of its row, as the file ends much later. `offset`: of the parser's lines. */
const lineOf = (error: CsvError, lastLine: number, offset: number): number => {
  const { lines } = error as { readonly lines?: unknown }
  const isAtEnd = error.code === "CSV_QUOTE_NOT_CLOSED" || error.code === "CSV_MAX_RECORD_SIZE"
  return isAtEnd || typeof lines !== "number" ? lastLine + 1 : lines + offset
}

/** By its code, as the parser may not be loaded. */
const isCsvError = (error: unknown): error is CsvError =>
  error instanceof Error && "code" in error && /^(?:CSV|INVALID)_/.test(String(error.code))

/** The rows of the chunks of a file; `name` is that of messages. `isStrict`: read all with `csv-parse`. */
export const rows = <R>(
  chunks: Stream.Stream<string, RowProblem, R>,
  name: string,
  isTabs: boolean,
  isStrict = false
): Stream.Stream<Row, RowProblem, R> =>
  Stream.suspend(() => {
    let columns: ReadonlyArray<string> = []
    let heading: RowProblem | undefined
    let found: Array<Row> = []
    /** The line on which the last whole row ends. */
    let lastLine = 0
    let delimiter = ""
    let plain: PlainRecords | undefined
    let parser: Parser | undefined
    /** What the parser's lines are to be counted from, and whether it is given a heading that stands for one it has not read. */
    let [offset, isRepeated] = [0, false]
    const add = (cells: ReadonlyArray<string>, line: number): void => {
      lastLine = line
      if (columns.length === 0) {
        columns = columnsOf(cells)
        const twice = columns.find((column, index) => columns.indexOf(column) !== index)
        if (twice !== undefined) {
          heading = atLine(name, line, `the column ${twice} stands here twice`, columns.lastIndexOf(twice) + 1)
        }
        return
      }
      const row: Record<string, string> = {}
      for (let index = 0; index < columns.length; index++) row[columns[index]!] = cells[index] ?? ""
      found.push({ cells: row, line })
    }
    const options = (): Options => ({
      delimiter,
      skip_empty_lines: true,
      max_record_size: maxRecordCharacters,
      on_record: (cells: ReadonlyArray<string>, { lines }: { readonly lines: number }) => {
        if (isRepeated) isRepeated = false
        else add(cells, lines + offset)
        return null
      }
    })
    const problemOf = (error: unknown): RowProblem =>
      isCsvError(error)
        ? atLine(name, lineOf(error, lastLine, offset), wordsOf(error, columns), columnOf(error, columns))
        : ofFile(name, String(error))
    const takeFound = (): Effect.Effect<ReadonlyArray<Row>, RowProblem> => {
      const rows = found
      found = []
      return heading === undefined ? Effect.succeed(rows) : Effect.fail(heading)
    }
    const parsing = (parser: Parser, text: string, isLast: boolean) =>
      Effect.callback<ReadonlyArray<Row>, RowProblem>((resume) => {
        parser.removeAllListeners("error")
        parser.on("error", (error) => resume(Effect.fail(problemOf(error))))
        const done = (error?: Error | null) => resume(error ? Effect.fail(problemOf(error)) : takeFound())
        if (isLast) parser.end(text, done)
        else parser.write(text, done)
      })
    /** The parser reads the rest of a file whose first records are found; a heading as wide as theirs says how many cells each has. */
    const strictly = ({ line, lineEnd, rest, width }: PlainRecords, isLast: boolean) =>
      Effect.flatMap(
        Effect.promise(() => import("csv-parse")),
        ({ parse }) => {
          isRepeated = width > 0
          offset = line - (isRepeated ? 2 : 1)
          parser = parse(options())
          parser.resume()
          const repeated = isRepeated ? `${Array.from({ length: width }, () => "x").join(delimiter)}${lineEnd}` : ""
          return parsing(parser, repeated + rest, isLast)
        }
      )
    const step = (text: string, isLast: boolean): Effect.Effect<ReadonlyArray<Row>, RowProblem> => {
      if (parser !== undefined) return parsing(parser, text, isLast)
      let given = text
      if (plain === undefined) {
        delimiter = delimiterOf(text, isTabs)
        const [named = ""] = /^sep=.\r?\n/.exec(text) ?? []
        given = text.slice(named.length)
        plain = new PlainRecords(delimiter, named === "" ? 1 : 2)
      }
      const records: Found = { records: [], lines: [] }
      if (isStrict) plain.rest += given
      const isPlain =
        !isStrict && plain.take(given, isLast, records) !== undefined && plain.rest.length <= maxRecordCharacters
      for (let index = 0; index < records.records.length; index++) add(records.records[index]!, records.lines[index]!)
      if (heading !== undefined || isPlain) return takeFound()
      return strictly(plain, isLast)
    }
    const read = Stream.mapEffect(chunks, (text) => step(text, false))
    const end = Stream.fromEffect(Effect.suspend(() => step("", true)))
    return Stream.flattenIterable(Stream.concat(read, end))
  })
