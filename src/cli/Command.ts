/** The command tree, and what is written to standard error when an invocation is wrong or a command fails. */
import { Console, Effect, Logger, Stdio } from "effect"
import { CliOutput, Command } from "effect/cli"
import { inertLines } from "../report/TerminalText.ts"
import { ask } from "./ask.ts"
import { bench } from "./bench.ts"
import { check } from "./check.ts"
import * as EventsOutput from "./EventsOutput.ts"
import { exitCode, Failure } from "./ExitCode.ts"
import { init } from "./init.ts"
import { journal } from "./journal.ts"
import { mock } from "./mock.ts"
import { plan } from "./plan.ts"
import { report } from "./report.ts"
import { run } from "./run.ts"
import { runs } from "./runs.ts"
import { verify } from "./verify.ts"
import { worker } from "./worker.ts"

const fanfold = Command.make("fanfold").pipe(
  Command.withDescription("Ask Claude many independent questions at once and fold the answers into one document"),
  Command.withSubcommands([run, ask, plan, check, report, verify, runs, journal, init, mock, bench, worker])
)

/** Errors of an invocation go to standard error without the help text: standard output is for documents. */
const presenter: CliOutput.Presenter = {
  present: Effect.fnUntraced(function* (event) {
    // `Implicit`: help that was not asked for, because the subcommand is missing.
    if (event._tag === "Help" && event.reason === "Implicit") {
      return yield* Console.error(CliOutput.defaultFormatter({ colors: false }).formatHelpDoc(event.helpDoc))
    }
    if (event._tag !== "InvalidInvocation") return yield* CliOutput.defaultPresenter.present(event)
    const command = event.commandPath.join(" ")
    for (const error of event.errors) yield* Console.error(error.message)
    yield* Console.error(`Try: ${command} --help`)
  })
}

/** Runs the arguments of the process. Fails with a `Failure` whose message is on standard error already. */
export const main = (version: string) =>
  Effect.flatMap(Stdio.Stdio, ({ args }) =>
    Effect.flatMap(args, (args) => Command.runWith(fanfold, { version })(EventsOutput.joined(args)))
  ).pipe(
    Effect.catch((error) => {
      if (error._tag === "ShowHelp") return new Failure({ exitCode: exitCode.usage, message: "" })
      return error._tag === "Failure"
        ? Effect.fail(error)
        : new Failure({ exitCode: exitCode.failed, message: error.message })
    }),
    Effect.catchDefect(
      (defect) => new Failure({ exitCode: exitCode.failed, message: `This is a bug of fanfold: ${String(defect)}` })
    ),
    Effect.tapError(({ message }) => (message === "" ? Effect.void : Console.error(inertLines(message)))),
    Effect.provide(CliOutput.layerPresenter(presenter)),
    Effect.provideService(Logger.LogToStderr, true)
  )
