/**
 * One row for each file of a pattern: `file` is its path, `name` its name without the ending, `text` what is in it. A PDF or an image
 * has no text, and is the document of its row.
 */
import { Effect, FileSystem, Path, Result, Stream } from "effect"
import * as FileKind from "../../documents/FileKind.ts"
import * as Read from "../../documents/Read.ts"
import { whyUnread } from "../../documents/FileProblem.ts"
import { numberText } from "../../options/NumberText.ts"
import * as TextFile from "../../documents/TextFile.ts"
import { ofFile, type Row, RowProblem } from "./Row.ts"
import { stampOf, unchanged } from "./TextChunks.ts"

/** Whether a path is a pattern of files. */
export const isPattern = (path: string): boolean => /[*?]|\[[^\]]+\]|\{[^}]*,[^}]*\}/.test(path)

/** More files are a pattern that matches what was not meant, such as a whole disk. */
const mostFiles = 100_000

/** Files that text can be made of, for the error of those that cannot. */
const usable = "files of text can be used, such as .txt, .md, .html, .csv, .json, and PDFs and images"

/** The names of the files of a pattern, sorted. Folders, and what begins with a dot, are left out. */
const filesOf = (
  pattern: string,
  folder: string,
  maxFiles: number
): Effect.Effect<ReadonlyArray<string>, RowProblem> => {
  const { glob } = process.getBuiltinModule("node:fs/promises")
  const found = Stream.fromAsyncIterable(glob(pattern, { cwd: folder, withFileTypes: true }), (error) =>
    ofFile(pattern, `cannot be read: ${String(error)}`)
  )
  const path = process.getBuiltinModule("node:path")
  return found.pipe(
    Stream.filter((entry) => entry.isFile() && !entry.name.startsWith(".")),
    Stream.map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join("/")),
    Stream.take(maxFiles + 1),
    Stream.runCollect,
    Effect.flatMap((files) => {
      if (files.length === 0) return Effect.fail(ofFile(pattern, "matches no file"))
      if (files.length > maxFiles)
        return Effect.fail(ofFile(pattern, `matches more than ${numberText(maxFiles)} files: name fewer of them`))
      return Effect.succeed(files.toSorted())
    })
  )
}

/**
 * The files of a pattern, and a row for each. More than `maxFiles` are an error before one is read, and so is a file that is no
 * text, or changes after the first look.
 */
export const open = Effect.fnUntraced(function* (pattern: string, folder: string, maxFiles = mostFiles) {
  const fileSystem = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const files = yield* filesOf(pattern, folder, maxFiles)
  const known = new Map<string, Effect.Success<ReturnType<typeof stampOf>>>()
  const rowOf = Effect.fnUntraced(function* (file: string, index: number) {
    const full = path.resolve(folder, file)
    const before = known.get(file) ?? (yield* stampOf(full, file))
    known.set(file, before)
    if (FileKind.typeOfName(file) !== undefined) {
      const contents = yield* Effect.mapError(Read.contents(full), (why) => ofFile(file, why))
      yield* unchanged(full, file, before)
      const cells = { file, name: path.basename(file, path.extname(file)), text: "" }
      return { cells, line: index + 1, document: { ...contents, title: path.basename(file) } } satisfies Row
    }
    const bytes = yield* Effect.mapError(fileSystem.readFile(full), (error) => ofFile(file, whyUnread(error)))
    yield* unchanged(full, file, before)
    const text = TextFile.decode(bytes)
    if (Result.isFailure(text)) return yield* ofFile(file, `${text.failure}; ${usable}`)
    const cells = { file, name: path.basename(file, path.extname(file)), text: text.success }
    return { cells, line: index + 1 } satisfies Row
  })
  const provided = (file: string, index: number) =>
    Effect.provideService(rowOf(file, index), FileSystem.FileSystem, fileSystem)
  return {
    files,
    rows: Stream.fromIterable([...files.entries()]).pipe(Stream.mapEffect(([index, file]) => provided(file, index)))
  }
})
