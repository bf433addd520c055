/** The argument PLAN of a verb, and the plan that it names, read and checked. */
import { Console, Effect, Path, Stdio, Stream } from "effect"
import { Argument } from "effect/cli"
import * as NoPlan from "../plan/NoPlan.ts"
import * as PlanFile from "../plan/PlanFile.ts"
import * as TextFile from "../documents/TextFile.ts"
import { inert } from "../report/TerminalText.ts"
import { usageError } from "./ExitCode.ts"
import type { InputFile } from "./Output.ts"

export const planArgument = Argument.String("plan").pipe(
  Argument.withDescription("Plan file: .yaml, .json or .toml; - reads standard input")
)

/** Reads a plan from a file, or from standard input for `-`. Fails with each issue of the plan on a line. */
export const readPlan = Effect.fnUntraced(function* (file: string, given: PlanFile.Given = {}) {
  const path = yield* Path.Path
  const stdio = yield* Stdio.Stdio
  const input = Effect.mapError(Stream.mkUint8Array(stdio.stdin), PlanFile.whyUnread)
  const decoded = Effect.flatMap(input, (bytes) => Effect.fromResult(TextFile.decode(bytes)))
  const read = file === "-" ? decoded : PlanFile.readText(file)
  const text = yield* Effect.mapError(read, (why) => usageError(`${file}: ${NoPlan.commandAbout(file) ?? why}`))
  const material = file === "-" ? undefined : NoPlan.commandFor(file, text)
  if (material !== undefined) return yield* usageError(`${file}: ${material}`)
  const [name, folder] = file === "-" ? [PlanFile.stdin, "."] : [file, path.dirname(file)]
  const plan = yield* Effect.mapError(PlanFile.read(name, text, folder, given), ({ message }) => usageError(message))
  yield* Effect.forEach(plan.notices, (notice) => Console.error(inert(`Warning: ${PlanFile.toText(notice)}`)))
  return plan
})

/** The files that a plan was read from, which no output may overwrite. */
export const inputFilesOf = (
  file: string,
  { documentFiles, rowFiles }: Pick<PlanFile.Read, "documentFiles" | "rowFiles">
): ReadonlyArray<InputFile> => [
  ...rowFiles.map((file) => ({ file, role: "the rows of the plan" })),
  ...(file === "-" ? [] : [{ file, role: "the plan" }]),
  ...documentFiles.map((file) => ({ file, role: "the context of the plan" }))
]
