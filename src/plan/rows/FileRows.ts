/**
 * One row for each file of a pattern: `file` is its path, `name` its name without the ending, `text` what is in it. A PDF or an image
 * has no text, and is the document of its row.
 */
import type { Dirent } from "node:fs"
import { Effect, FileSystem, Order, Path, Result, Stream } from "effect"
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

/** A file of a pattern; `real` is its path without links. */
interface Found {
  readonly path: string
  readonly real: string
  readonly isLink: boolean
}

/** One that is no link comes first, then the shorter path: one by a link that goes round is longer. */
const order = Order.combineAll<Found>([
  Order.mapInput(Order.Boolean, ({ isLink }) => isLink),
  Order.mapInput(Order.Number, ({ path }) => path.length),
  Order.mapInput(Order.String, ({ path }) => path)
])

/** Finds the file of an entry. A link that leads nowhere stays, so that reading it is an error. */
const locating = (folder: string) => {
  const path = process.getBuiltinModule("node:path")
  const fs = process.getBuiltinModule("node:fs")
  const real = (full: string): string =>
    Result.getOrElse(
      Result.try(() => fs.realpathSync(full)),
      () => full
    )
  const parents = new Map<string, string>()
  const isFolder = (full: string): boolean =>
    Result.getOrElse(
      Result.try(() => fs.statSync(full).isDirectory()),
      () => false
    )
  return (entry: Dirent): ReadonlyArray<Found> => {
    const { name, parentPath } = entry
    const full = path.join(parentPath, name)
    if (name.startsWith(".") || !(entry.isFile() || (entry.isSymbolicLink() && !isFolder(full)))) return []
    const parent = parents.get(parentPath) ?? real(parentPath)
    parents.set(parentPath, parent)
    const found = path.relative(folder, full).split(path.sep).join("/")
    const isLink = !entry.isFile()
    return [{ path: found, real: isLink ? real(full) : path.join(parent, name), isLink }]
  }
}

/** The names of the files of a pattern, sorted, each file once. Folders, and what begins with a dot, are left out. */
const filesOf = (
  pattern: string,
  folder: string,
  maxFiles: number
): Effect.Effect<ReadonlyArray<string>, RowProblem> => {
  const { glob } = process.getBuiltinModule("node:fs/promises")
  const found = Stream.fromAsyncIterable(glob(pattern, { cwd: folder, withFileTypes: true }), (error) =>
    ofFile(pattern, `cannot be read: ${String(error)}`)
  )
  const files = new Map<string, Found>()
  const add = (found: Found) => {
    const known = files.get(found.real)
    files.set(found.real, known === undefined ? found : Order.min(order)(known, found))
  }
  let count = 0
  return found.pipe(
    Stream.map(locating(folder)),
    Stream.flattenIterable,
    Stream.take(maxFiles + 1),
    Stream.runForEachArray((some) =>
      Effect.sync(() => {
        some.forEach(add)
        count += some.length
      })
    ),
    Effect.flatMap(() => {
      if (count === 0) return Effect.fail(ofFile(pattern, "matches no file"))
      if (count > maxFiles)
        return Effect.fail(ofFile(pattern, `matches more than ${numberText(maxFiles)} files: name fewer of them`))
      return Effect.succeed(Array.from(files.values(), ({ path }) => path).toSorted())
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
