/** Writes documents: to standard output, or to the files that `-o` names. */
import { Console, Effect, FileSystem, Path, type PlatformError, Stdio, Stream } from "effect"
import { inert } from "../report/TerminalText.ts"
import { usageError } from "./ExitCode.ts"
import { endingsText, formatFor, type Formats } from "./OutputFormat.ts"

/** A file that a run reads. `role` completes "FILE: is …" in an error: `the plan`. */
export interface InputFile {
  readonly file: string
  readonly role: string
}

/** A file that a flag names, and a run writes. */
export interface OutputFile extends InputFile {
  readonly flag: string
}

/**
 * Checks the files of `-o` and of `others` before anything is sent: fails if one cannot be written, has no known ending, or would
 * overwrite an input file or another output. `others`: those that further flags name.
 */
export const check = Effect.fnUntraced(function* (
  files: ReadonlyArray<string>,
  others: ReadonlyArray<OutputFile>,
  inputs: ReadonlyArray<InputFile>,
  formats: Formats<never>
) {
  const fileSystem = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const roles = new Map<string, string>()
  for (const { file, role } of inputs) roles.set(yield* canonicalPath(file), role)
  const claim = Effect.fnUntraced(function* (flag: string, file: string, role: string) {
    const canonical = yield* canonicalPath(file)
    const existing = roles.get(canonical)
    if (existing !== undefined) return yield* usageError(`${flag} ${file}: is ${existing}: name another file`)
    roles.set(canonical, role)
  })
  const isFolder = (name: string) =>
    Effect.match(fileSystem.stat(name), {
      onFailure: () => false,
      onSuccess: ({ type }) => type === "Directory"
    })
  for (const { file, flag, role } of others) yield* claim(flag, file, role)
  for (const file of files) {
    if (formatFor(formats, file) === undefined) {
      return yield* usageError(`-o ${file}: expected a file that ends in ${endingsText(formats)}`)
    }
    // Not resolved first: of `no/../out.md`, `no` must be there too.
    const folder = path.dirname(file)
    if (!(yield* isFolder(folder))) {
      const resolved = path.resolve(folder)
      return yield* usageError(`-o ${file}: no such folder: ${(yield* isFolder(resolved)) ? folder : resolved}`)
    }
    if (yield* isFolder(file)) return yield* usageError(`-o ${file}: is a folder`)
    const isThere = yield* Effect.orElseSucceed(fileSystem.exists(file), () => false)
    const written = isThere ? file : folder
    if (!(yield* Effect.isSuccess(fileSystem.access(written, { writable: true })))) {
      return yield* usageError(`-o ${file}: cannot be written: no right to write ${path.resolve(written)}`)
    }
    yield* claim("-o", file, "named by another -o")
  }
})

/** The absolute path without links; of a file that does not exist, with the links of its folder resolved. */
const canonicalPath = Effect.fnUntraced(function* (file: string) {
  const fileSystem = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const absolute = path.resolve(file)
  const inFolder = Effect.map(fileSystem.realPath(path.dirname(absolute)), (folder) =>
    path.join(folder, path.basename(absolute))
  )
  return yield* fileSystem.realPath(absolute).pipe(
    Effect.catch(() => inFolder),
    Effect.orElseSucceed(() => absolute)
  )
})

/**
 * Prints to standard output; `false`, and a line on standard error, if its first line could not be written. A reader that
 * closes the pipe after that, as `head` does, is no error.
 */
export const print = Effect.fnUntraced(function* (text: string) {
  const write = yield* toStandardOutput
  const firstLine = /^[^\n]*\n?/.exec(text)?.[0] ?? ""
  const rest = write(text.slice(firstLine.length)).pipe(Effect.catchIf(isClosedPipe, () => Effect.void))
  return yield* Effect.andThen(write(firstLine), rest).pipe(Effect.as(true), Effect.catch(notPrinted("document")))
})

/**
 * Prints texts as they come. `false`, and a line on standard error, if the first ones could not be written. A reader that closes the
 * pipe after that ends the printing, and is no error.
 */
export const printAll = Effect.fnUntraced(function* (texts: Stream.Stream<string>, what: string) {
  const write = yield* toStandardOutput
  let isBegun = false
  const written = (batch: ReadonlyArray<string>) =>
    Effect.tap(write(batch.join("")), () => Effect.sync(() => void (isBegun = true)))
  return yield* Stream.runForEachArray(texts, written).pipe(
    Effect.catchIf(
      (error) => isBegun && isClosedPipe(error),
      () => Effect.void
    ),
    Effect.as(true),
    Effect.catch(notPrinted(what))
  )
})

const toStandardOutput = Effect.map(
  Stdio.Stdio,
  (stdio) => (text: string) => Stream.run(Stream.make(text), stdio.stdout({ endOnDone: false }))
)

const notPrinted = (what: string) => (error: PlatformError.PlatformError) => {
  const why = isClosedPipe(error) ? "nobody reads standard output" : String(error.cause)
  return Effect.as(Console.error(inert(`Cannot print the ${what}: ${why}`)), false)
}

const isClosedPipe = ({ cause }: PlatformError.PlatformError): boolean =>
  cause instanceof Error && "code" in cause && cause.code === "EPIPE"

/** Writes content in the format of the file's ending; `false`, and a line on standard error, if that failed. */
export const save = Effect.fnUntraced(function* <A>(file: string, content: A, formats: Formats<A>, isQuiet: boolean) {
  const format = formatFor(formats, file)
  if (format === undefined) return yield* Effect.die(new Error(`no format for ${file}`))
  const fileSystem = yield* FileSystem.FileSystem
  return yield* fileSystem.writeFileString(file, yield* format(content)).pipe(
    Effect.andThen(isQuiet ? Effect.void : Console.error(inert(`Wrote ${file}`))),
    Effect.as(true),
    Effect.catch(({ message }) => Effect.as(Console.error(inert(`Cannot write ${file}: ${message}`)), false))
  )
})
