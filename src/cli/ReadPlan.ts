/** The argument PLAN of a verb, and the plan that it names, read and checked. */
import { Effect, FileSystem, Path, Stdio, Stream } from "effect"
import { Argument } from "effect/cli"
import type { Plan } from "../plan/Plan.ts"
import * as PlanFile from "../plan/PlanFile.ts"
import { usageError } from "./ExitCode.ts"
import type { InputFile } from "./Output.ts"

export const planArgument = Argument.String("plan").pipe(
  Argument.withDescription("Plan file: .yaml, .json or .toml; - reads YAML or JSON from standard input")
)

/** Reads a plan from a file, or from standard input for `-`. Fails with each issue of the plan on a line. */
export const readPlan = Effect.fnUntraced(function* (file: string, amend: (plan: Plan) => Plan) {
  const fileSystem = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const stdio = yield* Stdio.Stdio
  const read = file === "-" ? Stream.mkString(Stream.decodeText(stdio.stdin)) : fileSystem.readFileString(file)
  const text = yield* Effect.mapError(read, (error) => usageError(`${file}: ${PlanFile.whyUnread(error)}`))
  const [name, folder] = file === "-" ? ["stdin", "."] : [file, path.dirname(file)]
  return yield* Effect.mapError(PlanFile.read(name, text, folder, amend), ({ message }) => usageError(message))
})

/** The files that a plan was read from, which no output may overwrite. */
export const inputFilesOf = (
  file: string,
  { contextFile }: { readonly contextFile: string | undefined }
): ReadonlyArray<InputFile> => [
  ...(file === "-" ? [] : [{ file, role: "the plan" }]),
  ...(contextFile === undefined ? [] : [{ file: contextFile, role: "the context of the plan" }])
]
