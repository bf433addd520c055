/** `fanfold runs watch RUN`: shows a run of another process while it goes on, and lets its user intervene by keys. */
import { Console, Deferred, Effect, Option } from "effect"
import { Argument, Command } from "effect/cli"
import type { Wanted } from "../claude/Intervention.ts"
import type { Journal, RunSummary } from "../journal/Journal.ts"
import * as KeptAnswers from "../report/KeptAnswers.ts"
import { inert } from "../report/TerminalText.ts"
import { exitCode, Failure, usageError } from "./ExitCode.ts"
import { command, keptOf } from "./KeptRun.ts"
import { ProcessServices } from "./ProcessServices.ts"
import { follow } from "./live/Following.ts"
import * as Keys from "./live/Keys.ts"
import * as Progress from "./progress/Progress.ts"
import { failed, found, list, opened, placeOf } from "./RunsList.ts"
import { intervene } from "./runsIntervene.ts"

/** Shows the run; gives how it ended, or `left` where the user has left it. */
const shown = Effect.fnUntraced(function* (journal: typeof Journal.Service, run: RunSummary) {
  const { terminal } = yield* ProcessServices
  const options = yield* terminal
  const left = yield* Deferred.make<void>()
  const canType = options.mode === "live" && Keys.canType() && run.isLive
  let goesOn = true
  let note = ""
  const progress = yield* Progress.make({
    ...options,
    summary: true,
    goesOn: () => goesOn,
    notes: () => (canType ? [note, Keys.hint].filter((line) => line !== "") : [])
  })
  if (canType) {
    const context = yield* Effect.context<never>()
    const onWanted = (wanted: Wanted): void => {
      const replied = Effect.match(intervene(run, [wanted]), {
        onFailure: ({ message }) => message,
        onSuccess: (lines) => lines.join(", ")
      })
      Effect.runForkWith(context)(Effect.map(replied, (text) => void (note = text)))
    }
    yield* Keys.listen(onWanted, () => Deferred.doneUnsafe(left, Effect.void))
  }
  const followed = Effect.gen(function* () {
    const end = yield* follow(journal, run.id, progress.emit)
    if (end !== "ended") {
      const { state } = progress
      const replies = yield* journal.replies(run.id, KeptAnswers.openNames(state))
      yield* Effect.forEach(KeptAnswers.eventsAfter(state, run.id, replies), (event) => progress.emit(event), {
        discard: true
      })
    }
    return end
  }).pipe(Effect.mapError(failed))
  return yield* Effect.raceFirst(
    Effect.tap(followed, () => Effect.sync(() => (goesOn = false))),
    Effect.as(Deferred.await(left), "left" as const)
  )
}, Effect.scoped)

/** The one run that is under way. */
const theOnlyOne = Effect.fnUntraced(function* (journal: typeof Journal.Service | undefined) {
  const runs = journal === undefined ? [] : yield* Effect.mapError(journal.runs, failed)
  const [first, ...others] = runs.filter(({ isLive }) => isLive)
  if (first === undefined) return yield* usageError("No run is under way; fanfold runs lists those that there were")
  if (others.length === 0) return first
  const names = [first, ...others].map(({ id }) => id).join(", ")
  return yield* usageError(inert(`${others.length + 1} runs are under way, name one: ${names}`))
})

export const watch = Command.make(
  "watch",
  {
    run: Argument.String("run").pipe(
      Argument.withDescription(
        "The id of a run, or the beginning of one; the one that is under way where none is given"
      ),
      Argument.optional
    )
  },
  Effect.fnUntraced(function* ({ run: given }) {
    const { journal: file } = yield* list
    const place = yield* placeOf(file)
    const journal = yield* opened(place)
    const run = Option.isSome(given) ? yield* found(given.value, journal, place) : yield* theOnlyOne(journal)
    const named = keptOf(run.id, file, journal!)
    const end = yield* shown(journal!, run)
    if (end === "left") return yield* Console.error(inert(`${run.id} goes on: ${command("watch", named)}`))
    if (end === "resumed") return yield* Console.error(inert(`${run.id} was gone on with by a later run of its plan`))
    if (end === "ended") return yield* Console.error(inert(`${run.id} has ended`))
    return yield* new Failure({
      exitCode: exitCode.failed,
      message: inert(`${run.id} has no process any more, and has not ended. Go on with it: ${command("resume", named)}`)
    })
  }, Effect.scoped)
).pipe(
  Command.withDescription(
    "Show a run while it goes on in another terminal; on a terminal, keys stop it or raise its limits"
  ),
  Command.withExamples([{ command: "fanfold runs watch 0k3x", description: "Its progress from its beginning on" }])
)
