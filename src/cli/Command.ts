/** The command tree, and what the process says when it cannot be followed. */
import { Console, Effect, Logger } from "effect"
import { CliOutput, Command } from "effect/cli"
import { ask } from "./ask.ts"
import { bench } from "./bench.ts"
import { check } from "./check.ts"
import { code, Failure } from "./ExitCode.ts"
import { inert } from "../report/TerminalText.ts"
import { init } from "./init.ts"
import { mock } from "./mock.ts"
import { run } from "./run.ts"

const fanfold = Command.make("fanfold").pipe(
  Command.withDescription("Ask Claude many independent questions at once and fold the answers into one document"),
  Command.withSubcommands([run, ask, check, init, mock, bench])
)

/** Standard output is for documents, so a wrong invocation speaks on standard error, and shortly. */
const presenter: CliOutput.Presenter = {
  present: Effect.fnUntraced(function* (event) {
    // Help that nobody asked for belongs to a wrong invocation.
    if (event._tag === "Help" && event.reason === "Implicit") {
      return yield* Console.error(CliOutput.defaultFormatter({ colors: false }).formatHelpDoc(event.helpDoc))
    }
    if (event._tag !== "InvalidInvocation") return yield* CliOutput.defaultPresenter.present(event)
    const command = event.commandPath.join(" ")
    for (const error of event.errors) yield* Console.error(error.message)
    yield* Console.error(`Try: ${command} --help`)
  })
}

/** A message quotes plans, replies and paths, in a line each. */
const inertLines = (message: string): string => message.split("\n").map(inert).join("\n")

/** Runs the arguments of the process. Every failure has been told on standard error when this fails with its exit code. */
export const main = (version: string) =>
  Command.run(fanfold, { version }).pipe(
    Effect.catch((error) => {
      if (error._tag === "ShowHelp") return new Failure({ exitCode: code.usage, message: "" })
      return error._tag === "Failure"
        ? Effect.fail(error)
        : new Failure({ exitCode: code.failed, message: error.message })
    }),
    Effect.catchDefect(
      (defect) => new Failure({ exitCode: code.failed, message: `This is a bug of fanfold: ${String(defect)}` })
    ),
    Effect.tapError(({ message }) => (message === "" ? Effect.void : Console.error(inertLines(message)))),
    Effect.provide(CliOutput.layerPresenter(presenter)),
    Effect.provideService(Logger.LogToStderr, true)
  )
