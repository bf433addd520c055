/** Opens what `from` names: a table, JSON, a list of questions, or files by a pattern. */
import { Effect, FileSystem, Path, Result, Stream } from "effect"
import * as FileKind from "../../documents/FileKind.ts"
import { whyUnread } from "../../documents/FileProblem.ts"
import { plural } from "../../options/NumberText.ts"
import type { Position } from "../Source.ts"
import * as TextFile from "../../documents/TextFile.ts"
import * as DataRows from "./DataRows.ts"
import * as FileRows from "./FileRows.ts"
import * as JsonRows from "./JsonRows.ts"
import * as QuestionList from "./QuestionList.ts"
import { ofFile, type Row, type RowProblem, type RowSource } from "./Row.ts"
import * as TextChunks from "./TextChunks.ts"

/** Reads a text of YAML or JSON with the positions in it; the parser is loaded by who opens a file. */
export type ParseData = (
  name: string,
  text: string
) => Effect.Effect<
  { readonly value: unknown; readonly locate: (path: ReadonlyArray<PropertyKey>) => Position },
  RowProblem
>

const endings = ".csv, .tsv, .jsonl, .json, .yaml, .md or .txt, or files by a pattern such as notes/*.md"

/** The text of a file that is read at once, as its lists are short. */
const textOf = Effect.fnUntraced(function* (path: string, name: string) {
  const fileSystem = yield* FileSystem.FileSystem
  yield* TextChunks.stampOf(path, name)
  const bytes = yield* Effect.mapError(fileSystem.readFile(path), (error) => ofFile(name, whyUnread(error)))
  return yield* Effect.mapError(Effect.fromResult(TextFile.decode(bytes)), (why) => ofFile(name, why))
})

const ofList = (
  text: string,
  name: string,
  isMarkdown: boolean
): Effect.Effect<Pick<RowSource, "rows" | "notices">, RowProblem> => {
  const { left, questions } = QuestionList.read(text, isMarkdown)
  if (questions.length === 0) return Effect.fail(ofFile(name, "has no questions: expected one on each line, or a list"))
  const rows = questions.map(({ id, line, question }) => ({
    cells: { ...(id !== undefined && { id }), question },
    line
  }))
  const [first] = left
  const notices =
    first === undefined
      ? []
      : [
          `${plural(left.length, "question beside its list is", "questions beside its lists are")} not asked, first on line ${first}: make each an item`
        ]
  return Effect.succeed({ rows: Stream.fromIterable(rows), notices })
}

/** `from` is relative to `folder`. `isPrompted`: the plan says what is asked of each row. */
export const open = Effect.fnUntraced(function* (
  from: string,
  folder: string,
  isPrompted: boolean,
  parseData: ParseData
): Effect.fn.Return<RowSource, RowProblem, FileSystem.FileSystem | Path.Path> {
  const path = yield* Path.Path
  const fileSystem = yield* FileSystem.FileSystem
  const full = path.resolve(folder, from)
  const isFile = yield* Effect.orElseSucceed(fileSystem.exists(full), () => false)
  if (!isFile && FileRows.isPattern(from)) {
    const { files, rows } = yield* FileRows.open(from, folder)
    const full = files.map((file) => path.resolve(folder, file))
    const names = new Set(files.map((file) => path.parse(file).name))
    // Files of several folders, or of several endings, may have the same name: their paths differ.
    const name = names.size === files.length ? "{name}" : "{file}"
    return { rows, name, hidden: new Set(["text"]), files: full }
  }
  const provided = <A>(stream: Stream.Stream<A, RowProblem, FileSystem.FileSystem>) =>
    Stream.provideService(stream, FileSystem.FileSystem, fileSystem)
  const before = yield* TextChunks.stampOf(full, from)
  const same = Stream.drain(Stream.fromEffect(TextChunks.unchanged(full, from, before)))
  const chunks = Stream.concat(same, TextChunks.read(full, from))
  const files = [full]
  const kind = path.extname(from).toLowerCase()
  if (kind === ".csv" || kind === ".tsv" || kind === ".tab") {
    const { rows } = yield* Effect.promise(() => import("./Csv.ts"))
    return { rows: provided(rows(chunks, from, kind !== ".csv")), files }
  }
  if (kind === ".jsonl" || kind === ".ndjson") return { rows: provided(JsonRows.ofLines(chunks, from)), files }
  if (kind === ".json" || kind === ".yaml" || kind === ".yml") {
    const { locate, value } = yield* parseData(from, yield* textOf(full, from))
    const read = DataRows.read(value, isPrompted)
    if (Result.isFailure(read)) return yield* ofFile(from, read.failure)
    const { question, rows } = read.success
    const located = Stream.map(Stream.fromIterable(rows), ({ cells, path }): Row => ({
      cells,
      line: locate(path).line
    }))
    return { rows: located, files, ...(question !== undefined && { question }) }
  }
  if (kind === ".md" || kind === ".markdown" || kind === ".txt") {
    return { ...(yield* ofList(yield* textOf(full, from), from, kind !== ".txt")), files }
  }
  if (FileKind.typeOfName(from) !== undefined) {
    return yield* ofFile(from, "is a document, no rows: to ask about it, name it with --file, or files in a plan")
  }
  return yield* ofFile(from, `cannot be read as rows: expected ${endings}`)
})
