/** `fanfold runs stop`, `runs ask` and `runs raise`: change a run that is under way, whichever process runs it. */
import { Effect, Option, Schedule } from "effect"
import { Argument, Command } from "effect/cli"
import type { Wanted } from "../claude/Intervention.ts"
import type { RunSummary } from "../journal/Journal.ts"
import type { Concurrency } from "../pipeline/Research.ts"
import { limitMillisOf } from "../options/OptionSchemas.ts"
import { interventionText } from "../report/InterventionText.ts"
import { inert } from "../report/TerminalText.ts"
import { exitCode, Failure, usageError } from "./ExitCode.ts"
import * as Flags from "./Flags.ts"
import { command, keptOf } from "./KeptRun.ts"
import { type LayerFlags, type LayerValues, merge } from "./LayerFlags.ts"
import { found, list, opened, placeOf, print, runArgument } from "./RunsList.ts"

/** How long a run that has just begun is given to open its door. */
const patience = { schedule: Schedule.spaced("200 millis"), times: 15 }

const loadClient = Effect.promise(() => import("./live/DoorClient.ts"))

const nothingChanged = (why: string): Failure =>
  new Failure({ exitCode: exitCode.failed, message: `Nothing was changed: ${inert(why)}` })

/** Changes a run that is under way; gives what was changed, in words. */
export const intervene = (
  run: Pick<RunSummary, "id">,
  wanted: ReadonlyArray<Wanted>
): Effect.Effect<ReadonlyArray<string>, Failure> =>
  Effect.gen(function* () {
    const { ask, closed } = yield* loadClient
    const answer = yield* Effect.repeat(ask(run.id, wanted), {
      ...patience,
      while: (answer) => answer === closed
    })
    if (answer === closed) {
      return yield* new Failure({
        exitCode: exitCode.failed,
        message: `${inert(run.id)} cannot be reached: it is under way on another machine, or as another user`
      })
    }
    if (answer._tag === "Refused") {
      return yield* nothingChanged(answer.message)
    }
    return answer.interventions.map((intervention) => inert(interventionText(intervention)))
  })

/** Finds the run, which must be under way, changes it, and prints what was changed. */
const change = Effect.fnUntraced(function* (given: string, wanted: ReadonlyArray<Wanted>) {
  const { journal: file } = yield* list
  const place = yield* placeOf(file)
  const journal = yield* opened(place)
  const run = yield* found(given, journal, place)
  if (!run.isLive) {
    const named = keptOf(run.id, file, journal!)
    return yield* nothingChanged(
      run.end === undefined
        ? `${run.id} is not under way: ${command("resume", named)} goes on with it`
        : `${run.id} has ended`
    )
  }
  const lines = yield* intervene(run, wanted)
  yield* print(`${lines.join("\n")}\n`)
}, Effect.scoped)

export const stop = Command.make("stop", { run: runArgument }, ({ run }) => change(run, [{ _tag: "Stop" }])).pipe(
  Command.withDescription("Stop asking in a run that is under way, and let it fold what is there")
)

export const ask = Command.make(
  "ask",
  {
    run: runArgument,
    asks: Argument.String("ask").pipe(
      Argument.withDescription("Asks that have ended without an answer; without a name, all of them"),
      Argument.variadic()
    )
  },
  ({ asks, run }) => change(run, [{ _tag: "AskAgain", asks }])
).pipe(Command.withDescription("Ask the gaps of a run that is under way again"))

export const raise = Command.make(
  "raise",
  {
    run: runArgument,
    concurrency: Flags.asking.concurrency,
    deadline: Flags.asking.deadline,
    budget: Flags.layers["budget"] as LayerFlags
  },
  Effect.fnUntraced(function* ({ budget, concurrency, deadline, run }) {
    const wanted: ReadonlyArray<Wanted> = [
      ...Option.match(concurrency, {
        onNone: () => [],
        onSome: (concurrency) => [{ _tag: "RaiseConcurrency", concurrency: concurrency as Concurrency } as const]
      }),
      ...raised("RaiseDeadline", { askingMillis: millisOf(deadline["asking"]), allMillis: millisOf(deadline["all"]) }),
      ...raised("RaiseBudget", merge(undefined, budget))
    ]
    if (wanted.length === 0)
      return yield* usageError("Give --budget, --budget-tokens, --deadline, --deadline-all or --concurrency")
    yield* change(run, wanted)
  })
).pipe(
  Command.withDescription("Raise limits of a run that is under way: all that are given, or none"),
  Command.withExamples([
    {
      command: "fanfold runs raise 0k3x --budget 5 --deadline 20m",
      description: "What the run may spend, and its time"
    }
  ])
)

/** The intervention, where any of its limits is given. */
const raised = (
  tag: "RaiseDeadline" | "RaiseBudget",
  limits: Readonly<Record<string, unknown>>
): ReadonlyArray<Wanted> => {
  const given = Object.entries(limits).filter(([, value]) => value !== undefined)
  return given.length === 0 ? [] : [{ _tag: tag, ...Object.fromEntries(given) }]
}

const millisOf = (value: LayerValues[string] | undefined): number | undefined =>
  Option.isOption(value) && Option.isSome(value) ? limitMillisOf(value.value) : undefined
