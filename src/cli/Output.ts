/** Where a run's document goes: standard output, or the files that `-o` names. */
import { Console, Effect, FileSystem, Path, type PlatformError, Stdio, Stream } from "effect"
import { type Report, toJson, toMarkdown } from "../report/Report.ts"
import { usage } from "./ExitCode.ts"

/** A file that a run reads, and what it is to the run. */
export interface Read {
  readonly file: string
  readonly what: string
}

/** Refuses, before anything is sent, what could not be written after it was paid, and what would be written over. */
export const check = Effect.fnUntraced(function* (
  files: ReadonlyArray<string>,
  tape: string | undefined,
  reads: ReadonlyArray<Read>,
  endings: ReadonlyArray<string> = [".md", ".json"]
) {
  const fileSystem = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const taken = new Map<string, string>()
  for (const { file, what } of reads) taken.set(yield* placeOf(file), what)
  const take = Effect.fnUntraced(function* (flag: string, file: string, what: string) {
    const place = yield* placeOf(file)
    const already = taken.get(place)
    if (already !== undefined) return yield* usage(`${flag} ${file}: is ${already}: name another file`)
    taken.set(place, what)
  })
  if (tape !== undefined) yield* take("--record", tape, "the tape of --record")
  for (const file of files) {
    if (!endings.some((ending) => file.toLowerCase().endsWith(ending))) {
      const expected = `${endings.slice(0, -1).join(", ")} or ${endings.at(-1)}`
      return yield* usage(`-o ${file}: expected a file that ends in ${expected}`)
    }
    const folder = path.dirname(path.resolve(file))
    const exists = yield* Effect.orElseSucceed(fileSystem.exists(folder), () => false)
    if (!exists) return yield* usage(`-o ${file}: no such folder: ${folder}`)
    const isFolder = yield* Effect.match(fileSystem.stat(file), {
      onFailure: () => false,
      onSuccess: ({ type }) => type === "Directory"
    })
    if (isFolder) return yield* usage(`-o ${file}: is a folder`)
    yield* take("-o", file, "named by another -o")
  }
})

/** Where a file is, or will be, whatever links and dots lead there. */
const placeOf = Effect.fnUntraced(function* (file: string) {
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

/** Prints to standard output, and says whether it could. A reader that leaves early (`| head`) has all it wanted; one that was never there has nothing. */
export const print = Effect.fnUntraced(function* (text: string) {
  const stdio = yield* Stdio.Stdio
  const write = (part: string) => Stream.run(Stream.make(part), stdio.stdout({ endOnDone: false }))
  // Whether anybody reads shows when the beginning is written; what is lost after that was not wanted.
  const beginning = /^[^\n]*\n?/.exec(text)?.[0] ?? ""
  const rest = write(text.slice(beginning.length)).pipe(Effect.catchIf(isUnread, () => Effect.void))
  return yield* Effect.andThen(write(beginning), rest).pipe(
    Effect.as(true),
    Effect.catch((error) => {
      const why = isUnread(error) ? "nobody reads standard output" : String(error.cause)
      return Effect.as(Console.error(`Cannot print the document: ${why}`), false)
    })
  )
})

const isUnread = ({ cause }: PlatformError.PlatformError): boolean =>
  cause instanceof Error && "code" in cause && cause.code === "EPIPE"

/** Writes a report in the format of the file's ending, and says whether it could. */
export const write = (file: string, report: Report, isQuiet: boolean) =>
  save(file, file.toLowerCase().endsWith(".json") ? toJson(report) : toMarkdown(report), isQuiet)

/** Writes one file, and says whether it could. */
export const save = Effect.fnUntraced(function* (file: string, text: string, isQuiet: boolean) {
  const fileSystem = yield* FileSystem.FileSystem
  return yield* fileSystem.writeFileString(file, text).pipe(
    Effect.andThen(isQuiet ? Effect.void : Console.error(`Wrote ${file}`)),
    Effect.as(true),
    Effect.catch(({ message }) => Effect.as(Console.error(`Cannot write ${file}: ${message}`), false))
  )
})
