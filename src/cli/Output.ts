/** Where a run's document goes: standard output, or the files that `-o` names. */
import { Console, Effect, FileSystem, Path, Stdio, Stream } from "effect"
import { type Report, toJson, toMarkdown } from "../Report.ts"
import { usage } from "./Failure.ts"

/** Refuses, before anything is sent, what could not be written after it was paid. */
export const check = Effect.fnUntraced(function* (files: ReadonlyArray<string>) {
  const fileSystem = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  for (const file of files) {
    if (!/\.(md|json)$/i.test(file)) return yield* usage(`-o ${file}: expected a file that ends in .md or .json`)
    const folder = path.dirname(path.resolve(file))
    const exists = yield* Effect.orElseSucceed(fileSystem.exists(folder), () => false)
    if (!exists) return yield* usage(`-o ${file}: no such folder: ${folder}`)
    const isFolder = yield* Effect.match(fileSystem.stat(file), {
      onFailure: () => false,
      onSuccess: ({ type }) => type === "Directory"
    })
    if (isFolder) return yield* usage(`-o ${file}: is a folder`)
  }
})

/** Prints to standard output, and says whether it could. A reader that has gone (`| head`) has all it wanted. */
export const print = Effect.fnUntraced(function* (text: string) {
  const stdio = yield* Stdio.Stdio
  return yield* Stream.run(Stream.make(text), stdio.stdout({ endOnDone: false })).pipe(
    Effect.as(true),
    Effect.catch(({ cause }) =>
      cause instanceof Error && "code" in cause && cause.code === "EPIPE"
        ? Effect.succeed(true)
        : Effect.as(Console.error(`Cannot print the document: ${String(cause)}`), false)
    )
  )
})

/** Writes one file in the format of its ending, and says whether it could. */
export const write = Effect.fnUntraced(function* (file: string, report: Report, isQuiet: boolean) {
  const fileSystem = yield* FileSystem.FileSystem
  const text = file.toLowerCase().endsWith(".json") ? toJson(report) : toMarkdown(report)
  return yield* fileSystem.writeFileString(file, text).pipe(
    Effect.andThen(isQuiet ? Effect.void : Console.error(`Wrote ${file}`)),
    Effect.as(true),
    Effect.catch(({ message }) => Effect.as(Console.error(`Cannot write ${file}: ${message}`), false))
  )
})
