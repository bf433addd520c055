/** The journal of a run of the command line: opened before anything is sent, and reported on standard error. */
import { Clock, Console, Effect, Path, type Scope } from "effect"
import { baseUrl, defaultBaseUrl } from "../claude/Claude.ts"
import * as Event from "../claude/Event.ts"
import { type Prices, sumOf, usdOf, usdText } from "../claude/Price.ts"
import {
  type BegunRun,
  type Journal,
  type JournalError,
  newRunId,
  type RunSummary,
  simulated
} from "../journal/Journal.ts"
import { open, openToRead } from "../journal/OpenJournal.ts"
import type { Replied } from "../journal/Replies.ts"
import * as Retention from "../journal/Retention.ts"
import * as Reuse from "../journal/Reuse.ts"
import { RunRecorder } from "../journal/RunRecorder.ts"
import { plural } from "../options/NumberText.ts"
import type { Forecast } from "../plan/Forecast.ts"
import * as JournalForecast from "../plan/JournalForecast.ts"
import type { Prepared } from "../plan/Plan.ts"
import { openBatchesOf } from "../report/RunHistory.ts"
import { inert } from "../report/TerminalText.ts"
import { type Failure, usageError } from "./ExitCode.ts"
import { command, type Kept, placeOf } from "./KeptRun.ts"
import { resumingText } from "./ResumingText.ts"

/** A run that is kept. `end` is for one that is complete; the next run of its plan goes on with any other. */
export interface RunJournal {
  readonly recorder: RunRecorder
  /** How the command line names it later. */
  readonly kept: Kept
  /** The events of batches of the runs that it goes on with. */
  readonly earlierBatches: ReadonlyArray<Event.BatchEvent>
  /** What its asks were answered so far; nothing where that cannot be read. */
  readonly replies: Effect.Effect<ReadonlyArray<Replied>>
  /** This process sends no ask itself. */
  readonly needsWorkers: boolean
  readonly end: Effect.Effect<void>
  /** What `--reuse` would have kept; empty where that is nothing. */
  readonly advice: () => string
  /** Forgets what is beyond the limits of the journal: to be run once nobody waits for it. It may fail. */
  readonly trim: Effect.Effect<void>
}

/** What the journal knows a plan by: its path. What came from elsewhere goes on only with the very same questions. */
export const nameOf = (file: string, { asks, rows, synthesis }: Prepared): Effect.Effect<string, never, Path.Path> => {
  if (file !== "-" && file !== "ask") return Effect.map(Path.Path, (path) => path.resolve(file))
  const known = Object.values({ ...asks, ...rows?.bounds }).map(({ question }) => question)
  const questions = [...known, synthesis?.instruction, ...(rows === undefined ? [] : [rows.from, String(rows.count)])]
  const { createHash } = process.getBuiltinModule("node:crypto")
  const hash = createHash("sha256").update(JSON.stringify(questions)).digest("hex").slice(0, 8)
  return Effect.succeed(`${file === "-" ? "standard input" : file} ${hash}`)
}

/** What is run, and what is said of it on standard error. */
interface Subject {
  readonly plan: Prepared
  /** The path of the plan, or what stands in its place. */
  readonly name: string
  readonly source: string
  readonly forecast: () => Forecast
  readonly isQuiet: boolean
}

/**
 * Begins the run in its journal, once no other process runs the same plan. `undefined` where nothing is to be kept, or nothing
 * can be, which is reported; a file that the user has named must be usable.
 */
export const begin = ({
  forecast,
  isQuiet,
  name,
  plan,
  source
}: Subject): Effect.Effect<RunJournal | undefined, Failure, Scope.Scope> => {
  const { journal: options = {}, reuse } = plan.layers
  if (options === false) return Effect.succeed(undefined)
  const begun = Effect.gen(function* () {
    const journal = yield* open(options.file)
    const { awaited, run } = yield* waited(journal, { plan: name, source, isFresh: reuse === "never", isQuiet })
    // Who has waited for a run asks for what that run was asked for.
    const runs = [...run.resumed, ...awaited.filter((id) => !run.resumed.includes(id))]
    const reusable = Reuse.reusable(reuse, { source, resumed: runs }, run.at)
    const recorder = new RunRecorder(journal, run, reusable, { notesBoughtAgain: true })
    if (!isQuiet && runs.length > 0 && recorder.isReusing) {
      const progress = yield* journal.progress(runs)
      const isBegun = progress.answered.size > 0 || progress.inFlight.length > 0
      if (isBegun) yield* Console.error(inert(resumingText(plan, forecast(), progress)))
    }
    if (!isQuiet && reuse === "never") yield* sayBatchesBeside(journal, options.file === undefined, name, source)
    const end = Effect.flatMap(Clock.currentTimeMillis, (at) => Effect.ignore(journal.end(run, at)))
    const trim = Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.ignore(journal.trim(Retention.limits(options.keepFor, now)))
    )
    return {
      recorder,
      kept: { id: run.id, journal: options.file === undefined ? undefined : placeOf(journal.place) },
      replies: Effect.orElseSucceed(journal.replies(run.id), () => []),
      earlierBatches: (yield* recorder.earlier).filter((event) => Event.isBatchEvent(event)),
      needsWorkers: journal.shared !== undefined && plan.layers.queue?.places === 0,
      end,
      advice: () => adviceText(recorder.boughtAgain, plan.layers.prices),
      trim
    }
  })
  return Effect.catch(begun, ({ message }: JournalError) =>
    options.file === undefined
      ? Effect.as(isQuiet ? Effect.void : Console.error(inert(`Nothing of this run is kept: ${message}`)), undefined)
      : Effect.fail(usageError(`--journal: ${message}`))
  )
}

/** A fresh run takes nothing of the batches that others of its plan have left: they go on, and are paid beside its own. */
const sayBatchesBeside = Effect.fnUntraced(function* (
  journal: typeof Journal.Service,
  isDefault: boolean,
  plan: string,
  source: string
) {
  if (source === simulated) return
  for (const id of yield* journal.unfinished(plan, source)) {
    const left = openBatchesOf(yield* journal.events(id)).map((batch) => batch.id)
    if (left.length === 0) continue
    const cancel = command("cancel", { id, journal: isDefault ? undefined : placeOf(journal.place) })
    yield* Console.error(
      inert(
        `Left beside, and paid: ${plural(left.length, "batch", "batches")} of ${id}, ${left.join(", ")}. To cancel: ${cancel}`
      )
    )
  }
})

/** What the journal would answer of a plan that asks the API; `undefined` where there is no journal, or it cannot be read. */
export const foretell = (plan: Prepared, name: string): Effect.Effect<JournalForecast.JournalForecast | undefined> => {
  const { journal: options = {} } = plan.layers
  if (options === false) return Effect.succeed(undefined)
  return Effect.gen(function* () {
    const journal = yield* openToRead(options.file)
    if (journal === undefined) return undefined
    const source = (yield* baseUrl) ?? defaultBaseUrl
    return yield* JournalForecast.make(plan, journal, { plan: name, source })
  }).pipe(
    Effect.scoped,
    Effect.catch((error) => Effect.as(Console.error(inert(`The journal is not read: ${error.message}`)), undefined))
  )
}

/** How often a run that waits for another one looks for its end. */
const pollInterval = "200 millis"

/** A run, and those of the same plan that it has waited for. */
interface Waited {
  readonly run: BegunRun
  readonly awaited: ReadonlyArray<string>
}

/** Begins the run, after any other of the same plan has ended, which is reported once. A fresh run waits for none. */
const waited = (
  journal: typeof Journal.Service,
  {
    isFresh,
    isQuiet,
    plan,
    source
  }: Pick<Subject, "isQuiet" | "source"> & { readonly plan: string; readonly isFresh: boolean }
): Effect.Effect<Waited, JournalError, Scope.Scope> =>
  Effect.gen(function* () {
    const id = yield* newRunId
    const awaited = new Set<string>()
    for (;;) {
      const at = yield* Clock.currentTimeMillis
      const run = yield* journal.begin({ id, plan, source, at }, { resume: !isFresh, isAlone: !isFresh })
      if (!("open" in run)) return { run, awaited: [...awaited] }
      if (awaited.size === 0 && !isQuiet) yield* Console.error(inert(waitingText(run.open)))
      awaited.add(run.open.id)
      yield* Effect.sleep(pollInterval)
    }
  })

const waitingText = ({ answered, id }: RunSummary): string =>
  `Waiting for another run of this plan, ${id}, which has ${plural(answered, "answer", "answers")} so far; --fresh does not wait`

const adviceText = (boughtAgain: RunRecorder["boughtAgain"], prices?: Prices): string => {
  if (boughtAgain.length === 0) return ""
  const usd = sumOf(boughtAgain.map(({ model, usage }) => usdOf(model, usage, prices)))
  const saved = usd === undefined ? "" : `, and saved about ${usdText(usd)} (estimated)`
  return `The journal had ${plural(boughtAgain.length, "answer", "answers")} to what was asked again: --reuse would have taken ${boughtAgain.length === 1 ? "it" : "them"}${saved}`
}
