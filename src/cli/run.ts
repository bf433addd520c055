/** `fanfold run PLAN`: runs a plan and writes its document. */
import { Effect } from "effect"
import { Command } from "effect/cli"
import { execute } from "./Execute.ts"
import * as Flags from "./Flags.ts"
import { givenVariables } from "./GivenVariables.ts"
import { readingOf } from "./OutputFormat.ts"
import { nameOf } from "./RunJournal.ts"
import { inputFilesOf, planArgument, readPlan } from "./ReadPlan.ts"

export const runFlags = {
  plan: planArgument,
  ...Flags.variables,
  ...Flags.asking,
  ...Flags.running,
  layers: Flags.layers
}

export const run = Command.make(
  "run",
  runFlags,
  Effect.fnUntraced(function* (flags) {
    const variables = yield* givenVariables(flags)
    const plan = yield* readPlan(flags.plan, { amend: yield* Flags.amend(flags), variables, reading: readingOf(flags) })
    return yield* execute(plan, yield* nameOf(flags.plan, plan), flags, inputFilesOf(flags.plan, plan))
  })
).pipe(
  Command.withDescription("Ask a plan's questions together and fold the answers into one document"),
  Command.withExamples([
    { command: "fanfold run travel-guide.yaml --offline", description: "Try a plan with simulated answers" },
    { command: "fanfold run plan.yaml -o guide.md -o guide.json", description: "Write the document and the report" }
  ])
)
