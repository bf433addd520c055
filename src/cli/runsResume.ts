/** `fanfold runs resume RUN`: goes on with a run by its plan, and with the batches that it has left. */
import { Effect, Struct } from "effect"
import { Command } from "effect/cli"
import type { Plan } from "../plan/Plan.ts"
import { execute } from "./Execute.ts"
import { usageError } from "./ExitCode.ts"
import * as Flags from "./Flags.ts"
import { givenVariables } from "./GivenVariables.ts"
import { readingOf } from "./OutputFormat.ts"
import { inputFilesOf, readPlan } from "./ReadPlan.ts"
import { found, list, opened, placeOf, runArgument } from "./RunsList.ts"

/** The journal is that of the run, and what it has is taken. */
const layers = Struct.omit(Flags.layers, ["journal"])
const asking = Struct.omit(Flags.asking, ["reuse", "fresh"])

export const resume = Command.make(
  "resume",
  { run: runArgument, ...Flags.variables, ...asking, ...Flags.running, layers },
  Effect.fnUntraced(function* (flags) {
    const place = yield* placeOf((yield* list).journal)
    const {
      end,
      id,
      plan: name,
      source
    } = yield* Effect.scoped(Effect.flatMap(opened(place), (journal) => found(flags.run, journal, place)))
    if (end !== undefined) {
      return yield* usageError(
        end === "ended"
          ? `${id} has ended: nothing of it is left to ask; fanfold run with --reuse writes its document again`
          : `${id} was gone on with by a later run of its plan: fanfold runs lists that`
      )
    }
    if (!/[\\/]/.test(name)) return yield* usageError(`${id} has no plan file: give the same command again`)
    const amended = yield* Flags.amend({ ...flags, reuse: false, fresh: false })
    const amend = (plan: Plan): Plan => {
      const { journal, ...own } = amended(plan)
      return { ...own, journal: { ...(journal === false ? {} : journal), file: place } }
    }
    const variables = yield* givenVariables(flags)
    const plan = yield* readPlan(name, { amend, variables, reading: readingOf(flags) })
    return yield* execute(plan, name, flags, inputFilesOf(name, plan), { id, source })
  })
).pipe(
  Command.withDescription("Go on with a run that has not ended, by its plan; batches that it has left are waited for"),
  Command.withExamples([
    { command: "fanfold runs resume 0k3x -o guide.md", description: "Fetch what a batch has brought, and fold it" }
  ])
)
