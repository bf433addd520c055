/** What is beside a document whose statements name the asks that they rest on: which do, and the file that proves it. */
import { Console, Effect, FileSystem } from "effect"
import * as Citations from "../pipeline/Citations.ts"
import type * as Pipeline from "../pipeline/Pipeline.ts"
import type { Prepared } from "../plan/Plan.ts"
import { toMarkdown } from "../report/Markdown.ts"
import * as Proof from "../report/Proof.ts"
import type { Report } from "../report/Report.ts"
import type { RunState } from "../report/RunState.ts"
import { inert } from "../report/TerminalText.ts"

/** The statements of the document with the asks that they rest on, where the synthesis has citations. */
export const of = ({ synthesis }: Prepared, { document, findings }: Pipeline.Outcome, { folds }: RunState) => {
  if (synthesis?.fold.citations !== true || typeof document?.value !== "string") return Effect.undefined
  const lost = folds.flatMap(({ fold, status }) => (status === "failed" ? (fold?.asks ?? []) : []))
  const gaps = [...findings.gaps.map(({ name }) => name), ...lost]
  const answered = findings.findings.map(({ name }) => name).filter((name) => !gaps.includes(name))
  return Citations.check(document.value, { answered, gaps })
}

/** Writes the proof beside a cited document; `false`, and a line on standard error, if that failed. */
export const saveProof = Effect.fnUntraced(function* (file: string, report: Report) {
  if (report.citations === undefined || report.document === null || !/\.md$/i.test(file)) return []
  const proof = Proof.make(report, toMarkdown(report))
  const files = yield* FileSystem.FileSystem
  return yield* files.writeFileString(Proof.fileOf(file), `${JSON.stringify(proof, undefined, 2)}\n`).pipe(
    Effect.as([true]),
    Effect.catch(({ message }) =>
      Effect.as(Console.error(inert(`Cannot write ${Proof.fileOf(file)}: ${message}`)), [false])
    )
  )
})
