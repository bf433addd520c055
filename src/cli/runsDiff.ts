/** `fanfold runs diff A B`: two runs side by side. */
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { eventsOf, failed, found, here, json, list, opened, placeOf, print, toJson } from "./RunsList.ts"

const run = (name: string) =>
  Argument.String(name).pipe(Argument.withDescription("The id of a run, or the beginning of one"))

export const diff = Command.make(
  "diff",
  { a: run("a"), b: run("b"), json },
  Effect.fnUntraced(function* ({ a, b, json }) {
    const { journal: file } = yield* list
    const place = yield* placeOf(file)
    const journal = yield* opened(place)
    const at = yield* here
    const JournalReport = yield* Effect.promise(() => import("../report/JournalReport.ts"))
    const RunsDiff = yield* Effect.promise(() => import("../report/RunsDiff.ts"))
    const compared = (given: string) =>
      Effect.gen(function* () {
        const summary = yield* found(given, journal, place)
        const events = yield* Effect.mapError(eventsOf(journal!, summary), failed)
        const replies = yield* Effect.mapError(journal!.replies(summary.id), failed)
        const { report } = JournalReport.make({ summary, events, replies }, null, at.now)
        return { run: summary, report }
      })
    const difference = RunsDiff.make(yield* compared(a), yield* compared(b))
    if (json) return yield* print(toJson(difference))
    const { text } = yield* Effect.promise(() => import("./RunsDiffText.ts"))
    yield* print(text(difference, at))
  }, Effect.scoped)
).pipe(
  Command.withDescription("Show two runs side by side: which answers differ, and what each cost and took"),
  Command.withExamples([
    { command: "fanfold runs diff 0k3x 1p7a", description: "From the first to the second run of a plan" }
  ])
)
