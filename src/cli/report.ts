/** `fanfold report RUN`: writes the documents of a run that the journal keeps, also of one that did not end. */
import { Effect } from "effect"
import { Command } from "effect/cli"
import { simulated } from "../journal/Journal.ts"
import { toMarkdown } from "../report/Markdown.ts"
import * as AgainCommand from "./AgainCommand.ts"
import * as CitedDocument from "./CitedDocument.ts"
import { failedWithoutMessage } from "./ExitCode.ts"
import { isFile, keptOf } from "./KeptRun.ts"
import { onOff, outputTo } from "./Flags.ts"
import * as Output from "./Output.ts"
import { reportFormats } from "./OutputFormat.ts"
import { here, journalFlag, keptRun, print, runArgument } from "./RunsList.ts"

export const report = Command.make(
  "report",
  {
    run: runArgument,
    output: outputTo("Write it there instead of printing the document", reportFormats),
    journal: journalFlag,
    quiet: onOff("quiet", "Print nothing but the document and errors")
  },
  Effect.fnUntraced(function* ({ journal: file, output, quiet, run: given }) {
    yield* Output.check(output, [], [], reportFormats)
    const { events, journal, replies, summary } = yield* keptRun(given, file)
    const { make } = yield* Effect.promise(() => import("../report/JournalReport.ts"))
    const { now } = yield* here
    const command = AgainCommand.ofRun({
      ...keptOf(summary.id, file, journal),
      plan: isFile(summary.plan) ? summary.plan : undefined,
      typed: events.find((event) => event._tag === "Configured"),
      hasEnded: summary.end !== undefined,
      isSimulated: summary.source === simulated
    })
    const result = make({ summary, events, replies }, { command: command ?? null, isKept: true }, now)
    if (output.length === 0) return yield* print(toMarkdown(result.report, result.unfinished))
    const written = yield* Effect.forEach(output, (file) => CitedDocument.save(file, result, quiet))
    if (written.flat().includes(false)) return yield* failedWithoutMessage()
  }, Effect.scoped)
).pipe(
  Command.withDescription("Write the document, the page or the report of a run that the journal keeps"),
  Command.withExamples([
    { command: "fanfold report 0k3x -o report.html", description: "One page to read, print or mail" }
  ])
)
