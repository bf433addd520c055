/** `fanfold runs resume RUN`: goes on with a run as it was begun, by its plan, and with the batches that it has left. */
import { Effect, Path, Stdio, Struct } from "effect"
import { Command } from "effect/cli"
import { simulated } from "../journal/Journal.ts"
import type { Plan } from "../plan/Plan.ts"
import { inert } from "../report/TerminalText.ts"
import { ofRun, ofTyped } from "./AgainCommand.ts"
import { isFile, keptOf } from "./KeptRun.ts"
import { execute } from "./Execute.ts"
import { usageError } from "./ExitCode.ts"
import * as Flags from "./Flags.ts"
import { givenVariables } from "./GivenVariables.ts"
import { readingOf } from "./OutputFormat.ts"
import { inputFilesOf, readPlan } from "./ReadPlan.ts"
import { runFlags } from "./run.ts"
import { failed, found, list, opened, placeOf, runArgument } from "./RunsList.ts"
import * as TypedWords from "./TypedWords.ts"

/** The journal is that of the run, and what it has is taken. */
const layers = Struct.omit(Flags.layers, ["journal"])
const asking = Struct.omit(Flags.asking, ["reuse", "fresh"])

/** The flags of `fanfold run` among words. */
const parsed = (words: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const given: Array<Flags.Values<Pick<typeof runFlags, "var" | "vars">> & Parsed> = []
    const run = Command.make("run", runFlags, (flags) => Effect.sync(() => void given.push(flags)))
    yield* Command.runWith(Command.make("fanfold").pipe(Command.withSubcommands([run])), { version: "" })(words)
    return given[0]!
  })
type Parsed = Parameters<typeof Flags.amend>[0] & Flags.Running

export const resume = Command.make(
  "resume",
  { run: runArgument, ...Flags.variables, ...asking, ...Flags.running, layers },
  Effect.fnUntraced(function* ({ run: given }) {
    const named = (yield* list).journal
    const place = yield* placeOf(named)
    const path = yield* Path.Path
    const stdio = yield* Stdio.Stdio
    const { begun, kept, summary } = yield* Effect.scoped(
      Effect.gen(function* () {
        const journal = yield* opened(place)
        const summary = yield* found(given, journal, place)
        const events = yield* Effect.mapError(journal!.events(summary.id), failed)
        const begun = events.find((event) => event._tag === "Configured")
        return { begun, kept: keptOf(summary.id, named, journal!), summary }
      })
    )
    const { end, id, plan: name, source } = summary
    if (end !== undefined) {
      const plan = isFile(name) ? name : undefined
      const again = ofRun({ ...kept, plan, typed: begun, hasEnded: true, isSimulated: source === simulated })
      return yield* usageError(
        end === "ended"
          ? inert(
              `${id} has ended; to ask what it has no answer to: ${again ?? "give the same command again, with --reuse"}`
            )
          : `${id} was gone on with by a later run of its plan: fanfold runs lists that`
      )
    }
    if (!isFile(name)) {
      const command = begun === undefined ? "give the same command again" : ofTyped(begun, false)
      return yield* usageError(inert(`${id} has no plan file: ${command}`))
    }
    const typed = { words: yield* stdio.args, folder: path.resolve(".") }
    const words = TypedWords.resumed(begun, typed, given, name)
    const flags = yield* parsed(words)
    const amended = yield* Flags.amend(flags)
    const amend = (plan: Plan): Plan => {
      const { journal, ...own } = amended(plan)
      return { ...own, journal: { ...(journal === false ? {} : journal), file: place } }
    }
    const variables = yield* givenVariables(flags)
    const plan = yield* readPlan(name, { amend, variables, reading: readingOf(flags) })
    return yield* execute(plan, name, flags, inputFilesOf(name, plan), { id, source, typed: { ...typed, words } })
  })
).pipe(
  Command.withDescription(
    "Go on with a run that has not ended: its plan is read again, with the flags that it was begun with and those that are given now"
  ),
  Command.withExamples([
    { command: "fanfold runs resume 0k3x", description: "Ask what is left, and write where the run would have written" }
  ])
)
