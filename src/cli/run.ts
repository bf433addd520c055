/** `fanfold run PLAN`: runs a plan and gives its document. */
import { Effect, FileSystem, Path, Stdio, Stream } from "effect"
import { Argument, Command } from "effect/cli"
import type { Plan } from "../plan/Plan.ts"
import * as PlanFile from "../plan/PlanFile.ts"
import { execute } from "./Execute.ts"
import { usage } from "./ExitCode.ts"
import * as Flags from "./Flags.ts"

export const plan = Argument.String("plan").pipe(
  Argument.withDescription("Plan file: .yaml, .json or .toml; - reads YAML or JSON from standard input")
)

/** Reads a plan from a file or from standard input; what is wrong with it ends the command. */
export const readPlan = Effect.fnUntraced(function* (file: string, amend: (plan: Plan) => Plan) {
  const fileSystem = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const stdio = yield* Stdio.Stdio
  const read = file === "-" ? Stream.mkString(Stream.decodeText(stdio.stdin)) : fileSystem.readFileString(file)
  const text = yield* Effect.mapError(read, (error) => usage(`${file}: ${PlanFile.whyUnread(error)}`))
  const [name, folder] = file === "-" ? ["stdin", "."] : [file, path.dirname(file)]
  return yield* Effect.mapError(PlanFile.read(name, text, folder, amend), ({ message }) => usage(message))
})

export const run = Command.make(
  "run",
  { plan, ...Flags.asking, ...Flags.running, layers: Flags.layers },
  Effect.fnUntraced(function* (flags) {
    const pipeline = yield* readPlan(flags.plan, Flags.amend(flags))
    const { contextFile } = pipeline
    return yield* execute(pipeline, flags, [
      ...(flags.plan === "-" ? [] : [{ file: flags.plan, what: "the plan" }]),
      ...(contextFile === undefined ? [] : [{ file: contextFile, what: "the context of the plan" }])
    ])
  })
).pipe(
  Command.withDescription("Ask a plan's questions together and fold the answers into one document"),
  Command.withExamples([
    { command: "fanfold run travel-guide.yaml --offline", description: "Try a plan with simulated answers" },
    { command: "fanfold run plan.yaml -o guide.md -o guide.json", description: "Write the document and the report" }
  ])
)
