/** `fanfold runs cancel RUN`: cancels the batches that a run has left. */
import { Effect } from "effect"
import { Command } from "effect/cli"
import type { AskError } from "../claude/AskError.ts"
import type { Batches } from "../claude/Batches.ts"
import * as Batch from "../layers/Batch.ts"
import { inert } from "../report/TerminalText.ts"
import { RunState } from "../report/RunState.ts"
import { Failure, exitCode, usageError } from "./ExitCode.ts"
import { command, keptOf } from "./KeptRun.ts"
import { ProcessServices } from "./ProcessServices.ts"
import { countsText } from "./progress/BatchLines.ts"
import { failed, found, list, opened, placeOf, print, runArgument } from "./RunsList.ts"

const failedWith = ({ message }: AskError) => new Failure({ exitCode: exitCode.failed, message })

/** How long an API that does not answer is tried: whoever types this looks at it. */
const limit = "60 seconds"

const unanswered = (id: string) =>
  new Failure({
    exitCode: exitCode.failed,
    message: `the API does not answer: batch ${inert(id)} may go on. Type the same command again when it does`
  })

const canceled = (batches: Batches, id: string) =>
  Effect.timeoutOrElse(Effect.mapError(Batch.cancel(batches, id), failedWith), {
    duration: limit,
    orElse: () => Effect.fail(unanswered(id))
  })

export const cancel = Command.make(
  "cancel",
  { run: runArgument },
  Effect.fnUntraced(function* ({ run: given }) {
    const file = (yield* list).journal
    const place = yield* placeOf(file)
    const journal = yield* opened(place)
    const run = yield* found(given, journal, place)
    if (run.isLive)
      return yield* usageError(`${run.id} is under way, and would ask live what is canceled: end it first`)
    // Its batches may be those of a run that it goes on with, or that has gone on with it.
    const ids = new Set([run.id, ...(yield* Effect.mapError(journal!.unfinished(run.plan, run.source), failed))])
    const state = new RunState()
    for (const id of [...ids].toReversed()) {
      for (const event of yield* Effect.mapError(journal!.events(id), failed)) state.add(event)
    }
    const { open } = state.batches
    if (open.length === 0) return yield* print(`${inert(run.id)} has no batch that is in progress\n`)
    const { batches } = yield* ProcessServices
    const api = yield* batches(run.source)
    const lines = yield* Effect.forEach(open, ({ id }) =>
      Effect.map(canceled(api, id), ({ counts, isEnded }) =>
        isEnded
          ? `Batch ${inert(id)} has ended: ${countsText(counts)}`
          : `Batch ${inert(id)} is being canceled: what is under way may still succeed, and is paid`
      )
    )
    const named = keptOf(run.id, file, journal!)
    const next = inert(
      `${command("resume", named)} fetches what was answered, and asks the rest live, at the full price`
    )
    yield* print(`${[...lines, next].join("\n")}\n`)
  }, Effect.scoped)
).pipe(
  Command.withDescription(
    "Cancel the batches of a run; what they have brought stays, and a run that goes on asks the rest live"
  )
)
