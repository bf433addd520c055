/** Follows a run for the page that `-o report.html` asks for. Its code is loaded only then. */
import { Effect, Stdio } from "effect"
import type * as Event from "../claude/Event.ts"
import type { Outcome } from "../pipeline/Pipeline.ts"
import type { Report } from "../report/Report.ts"
import type { RunResult } from "../report/RunResult.ts"
import * as AgainCommand from "./AgainCommand.ts"

/** What is known of a run beside its events. `isKept`: its answers are in a journal. */
export interface Subject {
  readonly plan: string
  readonly isKept: boolean
  /** Its part of the command line was all that it was told. */
  readonly hasEnded: boolean
  readonly outcome: Outcome
}

export interface RunPage {
  /** A listener that also follows the run. */
  readonly around: (listener: Event.Listener) => Event.Listener
  readonly resultOf: (report: Report, subject: Subject) => RunResult
}

const withoutPage: RunPage = {
  around: (listener) => listener,
  resultOf: (report) => ({
    report,
    view: () => {
      throw new Error("no page was asked for")
    }
  })
}

export const make = Effect.fnUntraced(function* (files: ReadonlyArray<string>) {
  if (!files.some((file) => /\.html$/i.test(file))) return withoutPage
  const [{ RunView }, { limitsOf }] = yield* Effect.promise(() =>
    Promise.all([import("../report/RunView.ts"), import("../report/AccountLimits.ts")])
  )
  const stdio = yield* Stdio.Stdio
  const given = yield* stdio.args
  const view = new RunView()
  const page: RunPage = {
    around: (listener) => ({
      ...listener,
      emit: (event) => {
        view.add(event)
        return listener.emit(event)
      }
    }),
    resultOf: (report, { hasEnded, isKept, outcome: { document, findings }, plan }) => {
      const replies = findings.findings.flatMap(({ outcome }) => (outcome._tag === "Answered" ? [outcome.reply] : []))
      const about = {
        plan,
        state: hasEnded ? ("ended" as const) : ("unfinished" as const),
        simulated: report.simulated,
        error: report.error,
        again: { command: AgainCommand.ofArguments(given, isKept && hasEnded), isKept },
        foreseenCostUsd: report.foreseenCostUsd,
        document: report.document,
        limits: limitsOf(document === undefined ? replies : [...replies, document.reply])
      }
      return { report, view: () => ({ ...view.data(about), run: report.run }) }
    }
  }
  return page
})
