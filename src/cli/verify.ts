/** `fanfold verify doc.md`: proves, offline, that a cited document rests on the answers that it names. */
import { Console, Effect, FileSystem, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { plural } from "../options/NumberText.ts"
import * as Proof from "../report/Proof.ts"
import { inert } from "../report/TerminalText.ts"
import * as Verify from "../report/Verify.ts"
import * as VerifyAgainstJournal from "../report/VerifyAgainstJournal.ts"
import { failedWithoutMessage, usageError } from "./ExitCode.ts"
import { journalFlag, keptRun } from "./RunsList.ts"

const document = Argument.String("document").pipe(
  Argument.withDescription("A Markdown file that a run with citations has written, with its .proof.json beside it")
)

const readText = (file: string) =>
  Effect.flatMap(FileSystem.FileSystem, (files) =>
    Effect.mapError(files.readFileString(file), () => usageError(`${inert(file)}: cannot be read`))
  )

/** What the journal has of a run. */
const reported = Effect.fnUntraced(function* (given: string, file: Option.Option<string>) {
  const { events, replies, summary } = yield* keptRun(given, file)
  const { make } = yield* Effect.promise(() => import("../report/JournalReport.ts"))
  return make({ summary, events, replies }, null, 0).report
})

export const verify = Command.make(
  "verify",
  {
    document,
    run: Flag.String("run").pipe(
      Flag.withMetavar("run"),
      Flag.withDescription("Prove it by what the journal has of this run, too: an id, or the beginning of one"),
      Flag.optional
    ),
    journal: journalFlag
  },
  Effect.fnUntraced(function* (flags) {
    if (!/\.md$/i.test(flags.document)) {
      return yield* usageError(`${inert(flags.document)}: expected a Markdown file (.md), which has the answers`)
    }
    const text = yield* readText(flags.document)
    const file = Proof.fileOf(flags.document)
    const howTo = `fanfold run -o ${inert(flags.document)} writes it where the synthesis has citations: true`
    const json = yield* Effect.mapError(readText(file), ({ message }) => usageError(`${message}: ${howTo}`))
    const proof = yield* Effect.mapError(Proof.decode(json), () => usageError(`${inert(file)}: is no proof: ${howTo}`))
    const { answers, complaints: ofFile, statements } = yield* Verify.verify(text, proof)
    const ofJournal = Option.isNone(flags.run)
      ? []
      : yield* VerifyAgainstJournal.verify(text, proof, yield* reported(flags.run.value, flags.journal))
    const complaints = [...ofFile, ...ofJournal]
    const errors = complaints.filter(({ severity }) => severity === "error")
    for (const { message, severity } of complaints) yield* Console.log(inert(`${severity}: ${message}`))
    const simulated = proof.simulated ? ", simulated" : ""
    yield* Console.log(
      inert(
        `${plural(statements, "statement", "statements")}, ${plural(answers, "answer", "answers")} of run ${proof.run}${simulated}: ` +
          `${plural(errors.length, "error", "errors")}, ${plural(complaints.length - errors.length, "warning", "warnings")}`
      )
    )
    if (errors.length > 0) return yield* failedWithoutMessage()
  }, Effect.scoped)
).pipe(
  Command.withDescription("Prove offline that a cited document rests on the answers that it names; calls nothing"),
  Command.withExamples([
    { command: "fanfold verify guide.md", description: "By the document and its proof" },
    { command: "fanfold verify guide.md --run 0k3x", description: "By the answers that the journal has, too" }
  ])
)
