/** `fanfold verify doc.md`: proves, offline, that a cited document rests on the answers that it names. */
import { Console, Effect, FileSystem, Schema } from "effect"
import { Argument, Command } from "effect/cli"
import { plural } from "../options/NumberText.ts"
import * as Proof from "../report/Proof.ts"
import { inert } from "../report/TerminalText.ts"
import * as Verify from "../report/Verify.ts"
import { failedWithoutMessage, usageError } from "./ExitCode.ts"

const document = Argument.String("document").pipe(
  Argument.withDescription("A Markdown file that a run with citations has written, with its .proof.json beside it")
)

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Proof.Proof))

const readText = (file: string) =>
  Effect.flatMap(FileSystem.FileSystem, (files) =>
    Effect.mapError(files.readFileString(file), () => usageError(`${inert(file)}: cannot be read`))
  )

export const verify = Command.make(
  "verify",
  { document },
  Effect.fnUntraced(function* (flags) {
    const text = yield* readText(flags.document)
    const file = Proof.fileOf(flags.document)
    const proof = yield* Effect.mapError(decode(yield* readText(file)), () =>
      usageError(
        `${inert(file)}: is no proof: fanfold run -o ${inert(flags.document)} writes one where the synthesis has citations: true`
      )
    )
    const { answers, complaints, statements } = yield* Verify.verify(text, proof)
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
  })
).pipe(Command.withDescription("Prove offline that a cited document rests on the answers that it names; calls nothing"))
