/** What is beside a document whose statements name the asks that they rest on: which do, and the file that proves it. */
import { Console, Effect, FileSystem, Option, type PlatformError } from "effect"
import * as Citations from "../pipeline/Citations.ts"
import type * as Pipeline from "../pipeline/Pipeline.ts"
import type { Prepared } from "../plan/Plan.ts"
import { toMarkdown } from "../report/Markdown.ts"
import * as Proof from "../report/Proof.ts"
import type { RunResult } from "../report/RunResult.ts"
import type { RunState } from "../report/RunState.ts"
import { inert } from "../report/TerminalText.ts"
import * as Output from "./Output.ts"
import { reportFormats } from "./OutputFormat.ts"

/** The statements of the document with the asks that they rest on, where the synthesis has citations. */
export const of = ({ synthesis }: Prepared, { document, findings }: Pipeline.Outcome, { folds }: RunState) => {
  if (synthesis?.fold.citations !== true || typeof document?.value !== "string") return Effect.undefined
  const lost = folds.flatMap(({ fold, status }) => (status === "failed" ? (fold?.asks ?? []) : []))
  const gaps = [...findings.gaps.map(({ name }) => name), ...lost]
  const answered = findings.findings.map(({ name }) => name).filter((name) => !gaps.includes(name))
  return Citations.check(document.value, { answered, gaps })
}

/**
 * Writes a report to a file of `-o`, and beside a cited document its proof; a proof that is there of an earlier document is removed.
 * `false`, and a line on standard error, for each file where that failed.
 */
export const save = Effect.fnUntraced(function* (file: string, result: RunResult, isQuiet: boolean) {
  const isWritten = yield* Output.save(file, result, reportFormats, isQuiet)
  if (!isWritten || !/\.md$/i.test(file)) return [isWritten]
  const { report } = result
  const proofFile = Proof.fileOf(file)
  const files = yield* FileSystem.FileSystem
  const failed = (verb: string) => (error: PlatformError.PlatformError) =>
    Effect.as(Console.error(inert(`Cannot ${verb} ${proofFile}: ${error.message}`)), [false])
  if (report.citations !== undefined && report.document !== null) {
    const proof = Proof.make(report, toMarkdown(report))
    return yield* files
      .writeFileString(proofFile, `${JSON.stringify(proof, undefined, 2)}\n`)
      .pipe(Effect.as([true]), Effect.catch(failed("write")))
  }
  const known = yield* Effect.option(Effect.flatMap(files.readFileString(proofFile), Proof.decode))
  if (Option.isNone(known)) return [true]
  const removed = Console.error(inert(`Removed ${proofFile}, the proof of the document that was in ${file}`))
  return yield* files
    .remove(proofFile)
    .pipe(Effect.andThen(isQuiet ? Effect.void : removed), Effect.as([true]), Effect.catch(failed("remove")))
})
