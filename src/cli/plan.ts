/** `fanfold plan "TOPIC"`: lets Claude decompose a topic into independent questions, and prints the plan to read, edit and run. */
import { Console, Effect, FileSystem, Option, Path } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import * as Call from "../claude/Call.ts"
import { synthesisModel } from "../claude/Claude.ts"
import * as Event from "../claude/Event.ts"
import { inputTokensOf } from "../claude/Message.ts"
import { usdText } from "../claude/Price.ts"
import { Begun } from "../layers/Journal.ts"
import { numberText, plural } from "../options/NumberText.ts"
import * as Issue from "../options/Issue.ts"
import * as Plan from "../pipeline/Plan.ts"
import { readText } from "../plan/PlanFile.ts"
import * as Forecast from "../plan/Forecast.ts"
import { checkLayers, type Prepared } from "../plan/Plan.ts"
import * as RunState from "../report/RunState.ts"
import { inert } from "../report/TerminalText.ts"
import * as ExitCode from "./ExitCode.ts"
import * as Flags from "./Flags.ts"
import { invalidValue } from "./LayerFlags.ts"
import * as Output from "./Output.ts"
import { ProcessServices } from "./ProcessServices.ts"
import * as RunJournal from "./RunJournal.ts"

const topic = Argument.String("topic").pipe(Argument.withDescription("What the document is to be about"))

const asks = Flag.String("asks").pipe(
  Flag.withMetavar("n"),
  Flag.withDescription(`How many questions at most, from 1 to ${Plan.maxAsks} (default: ${Plan.asks})`),
  Flag.mapEffect((text) => {
    const count = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN
    return count >= 1 && count <= Plan.maxAsks
      ? Effect.succeed(count)
      : Effect.fail(invalidValue("asks", text, `a whole number from 1 to ${Plan.maxAsks}`))
  }),
  Flag.withDefault(Plan.asks)
)

const context = Flag.String("context").pipe(
  Flag.withMetavar("file"),
  Flag.withDescription("A document that the questions are about; the plan names it as its context"),
  Flag.optional
)

const output = Flag.String("output").pipe(
  Flag.withAlias("o"),
  Flag.withMetavar("file"),
  Flag.withDescription("Write the plan to this file, which must not exist, instead of printing it"),
  Flag.optional
)

const model = Flags.asking.model.pipe(
  Flag.withDescription(
    `Model that makes the plan (default: ${synthesisModel}), or a,b,…: the next where one is overloaded or missing, or refuses`
  )
)

const { fresh } = Flags.asking
const { offline, quiet } = Flags.running

/** The path of the context as the plan names it, from the folder of the plan. */
const fromFolderOf = Effect.fnUntraced(function* (file: string, plan: string | undefined) {
  const path = yield* Path.Path
  if (plan === undefined || path.isAbsolute(file)) return file
  return path.relative(path.dirname(path.resolve(plan)), path.resolve(file)).replaceAll("\\", "/")
})

/** Fails before anything is sent where the file is there, or its folder is not. */
const checkOutput = Effect.fnUntraced(function* (file: string) {
  const fileSystem = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const isThere = (name: string) => Effect.orElseSucceed(fileSystem.exists(name), () => false)
  if (!/\.ya?ml$/i.test(file)) return yield* ExitCode.usageError(`-o ${file}: expected a file that ends in .yaml`)
  if (yield* isThere(file)) return yield* ExitCode.usageError(`-o ${file}: is there already: move it away first`)
  const folder = path.dirname(path.resolve(file))
  if (!(yield* isThere(folder))) return yield* ExitCode.usageError(`-o ${file}: no such folder: ${folder}`)
})

const save = (file: string, text: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fileSystem) =>
    // `wx` fails if the file exists, without a gap between the check and the writing.
    fileSystem.writeFileString(file, text, { flag: "wx" }).pipe(
      Effect.as(true),
      Effect.catch(({ message }) => Effect.as(Console.error(inert(`Cannot write ${file}: ${message}`)), false))
    )
  )

/** Begins its run in the journal; `undefined` where nothing is to be kept, or nothing can be. */
const begun = (topic: string, isFresh: boolean, layers: Prepared["layers"], source: string) => {
  const plan: Prepared = {
    asks: {},
    synthesis: undefined,
    policy: "all",
    concurrency: "unbounded",
    context: undefined,
    deadline: undefined,
    layers: { ...layers, reuse: isFresh ? "never" : "always" }
  }
  // Quiet, as it has no asks whose progress could be said.
  const subject = { plan, name: `topic ${topic.trim().slice(0, 60)}`, source, isQuiet: true }
  return RunJournal.begin({ ...subject, forecast: () => Forecast.make(plan) })
}

export const plan = Command.make(
  "plan",
  { topic, asks, context, model, output, offline, quiet, fresh, layers: Flags.layers },
  Effect.fnUntraced(function* (flags) {
    const file = Option.getOrUndefined(flags.output)
    const contextFile = Option.getOrUndefined(flags.context)
    if (file !== undefined) yield* checkOutput(file)
    const unread = (why: string) => ExitCode.usageError(`--context ${contextFile ?? ""}: ${why}`)
    const text = contextFile === undefined ? undefined : yield* Effect.mapError(readText(contextFile), unread)
    const options = { asks: flags.asks, context: text, model: Option.getOrUndefined(flags.model) }
    const issues = yield* Plan.issuesOf(flags.topic, options)
    if (issues.length > 0) return yield* ExitCode.usageError(issues.map(shown).join("\n"))
    const layers = Flags.layersOf(flags.layers)
    const wrong = yield* checkLayers({ asks: {}, ...layers })
    if (wrong.length > 0) return yield* ExitCode.usageError(wrong.map(Issue.toString).join("\n"))
    const services = yield* ProcessServices
    const source = { offline: flags.offline, record: undefined, replay: undefined }
    const { claude, notice, simulated, source: from } = yield* services.connect(source, layers)
    const say = (line: string) => (flags.quiet ? Effect.void : Console.error(inert(line)))
    if (notice !== undefined) yield* say(notice)
    yield* say(`🔄 Asking for ${flags.asks === 1 ? "one question" : `at most ${flags.asks} questions`}`)

    const state = RunState.make()
    let reused: typeof Event.Reused.Type | undefined
    const listener: Event.Listener = {
      emit: (event) =>
        Effect.sync(() => {
          state.add(event)
          if (event._tag === "Reused") reused = event
        })
    }
    // The same call again is answered from the journal, as a plan that was paid is not to be bought twice.
    const kept = from === undefined ? undefined : yield* begun(flags.topic, flags.fresh, layers, from)
    const made = yield* Plan.fromTopic(flags.topic, options).pipe(
      Effect.provideService(Event.Listener, listener),
      Effect.provide(claude({ journal: kept === undefined ? false : {} })),
      Effect.provideService(Begun, kept?.recorder),
      Effect.updateService(Call.Current, (call) => ({ ...call, run: kept?.recorder.run.id ?? call.run })),
      Effect.tapError(() => say(costText(state))),
      Effect.mapError(
        ({ message, reason }) =>
          new ExitCode.Failure({
            exitCode: reason._tag === "OverBudget" ? ExitCode.exitCode.overBudget : ExitCode.exitCode.failed,
            message: inert(`No plan: ${message}`)
          })
      )
    )
    if (kept !== undefined) yield* Effect.andThen(kept.end, Effect.ignore(kept.trim))
    const { notesOf, toYaml } = yield* Effect.promise(() => import("./TopicYaml.ts"))
    for (const question of made.questions) {
      for (const note of notesOf(question)) yield* say(`${question.name}: ${note}`)
    }
    if (made.left.length > 0) yield* say(`Left out: ${plural(made.left.length, "question", "questions")} beyond --asks`)
    const count = plural(made.questions.length, "question", "questions")
    yield* say(
      `${count}; ${reused === undefined ? costText(state) : "from the journal, for nothing: --fresh asks again"}`
    )
    const named = contextFile === undefined ? undefined : yield* fromFolderOf(contextFile, file)
    const yaml = toYaml(made, { contextFile: named, simulated })
    const isWritten = yield* file === undefined ? Output.print(yaml) : save(file, yaml)
    if (!isWritten) return yield* ExitCode.failedWithoutMessage()
    if (file !== undefined) yield* say(`Wrote ${file}. Next: fanfold check ${file}`)
  }, Effect.scoped)
).pipe(
  Command.withDescription("Let Claude make a plan of a topic: independent questions, to read, edit and run"),
  Command.withExamples([
    { command: 'fanfold plan "Five days in Tokyo with two children" -o tokyo.yaml', description: "A plan to edit" },
    { command: 'fanfold plan "Five days in Tokyo with two children" | fanfold run -', description: "Run it at once" }
  ])
)

const costText = ({ costUsd, usage }: RunState.RunState): string =>
  `${numberText(inputTokensOf(usage))} tokens in, ${numberText(usage.outputTokens)} out, ` +
  (costUsd === undefined ? "cost unknown" : `about ${usdText(costUsd)} (estimated)`)

/** An issue as the command line names what it is about. */
const shown = ({ message, path: [first, ...rest] }: Issue.Issue): string =>
  inert(first === undefined ? `topic: ${message}` : Issue.toString({ path: [first, ...rest], message }))
