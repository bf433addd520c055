/** Follows a run for the page that `-o report.html` asks for. Its code is loaded only then. */
import { Effect } from "effect"
import type * as Event from "../claude/Event.ts"
import type { Outcome } from "../pipeline/Pipeline.ts"
import type { Report } from "../report/Report.ts"
import type { View } from "../report/View.ts"
import type { RunResult } from "../report/RunResult.ts"
import * as AgainCommand from "./AgainCommand.ts"
import type { Typed } from "./TypedWords.ts"

/** What is known of a run beside its events. `isKept`: its answers are in a journal. */
export interface Subject {
  readonly plan: string
  readonly isKept: boolean
  /** Its part of the command line was all that it was told. */
  readonly hasEnded: boolean
  readonly outcome: Outcome
}

/** What is known before the run begins. */
export interface Shown {
  readonly isShown: boolean
  readonly plan: string
  readonly simulated: boolean
  readonly typed: Typed
}

export interface RunPage {
  /** A listener that also follows the run. */
  readonly around: (listener: Event.Listener) => Event.Listener
  readonly resultOf: (report: Report, subject: Subject) => RunResult
  /** What the page shows while the run goes on; `now` in epoch milliseconds. */
  readonly live: (now: number) => View
  /** Counts the changes of that. */
  readonly revision: () => number
}

const none = (): never => {
  throw new Error("no page was asked for")
}

const withoutPage: RunPage = {
  around: (listener) => listener,
  resultOf: (report) => ({ report, view: none }),
  live: none,
  revision: none
}

/** `plan`: what the journal knows the plan by. `isShown`: it is shown while the run goes on. */
export const make = Effect.fnUntraced(function* (
  files: ReadonlyArray<string>,
  { isShown, plan, simulated, typed }: Shown
) {
  if (!isShown && !files.some((file) => /\.html$/i.test(file))) return withoutPage
  const [{ RunView }, { limitsOf }] = yield* Effect.promise(() =>
    Promise.all([import("../report/RunView.ts"), import("../report/AccountLimits.ts")])
  )
  const view = new RunView()
  let revision = 0
  const page: RunPage = {
    around: (listener) => ({
      ...listener,
      emit: (event, content) => {
        view.add(event)
        revision++
        return listener.emit(event, content)
      }
    }),
    resultOf: (report, { hasEnded, isKept, outcome: { document, findings }, plan }) => {
      const replies = findings.findings.flatMap(({ outcome }) => (outcome._tag === "Answered" ? [outcome.reply] : []))
      const about = {
        plan,
        state: hasEnded ? ("ended" as const) : ("unfinished" as const),
        simulated: report.simulated,
        error: report.error,
        again: { command: AgainCommand.ofTyped(typed, isKept && hasEnded), isKept },
        foreseenCostUsd: report.foreseenCostUsd,
        document: report.document,
        limits: limitsOf(document === undefined ? replies : [...replies, document.reply])
      }
      return { report, view: () => ({ ...view.data(about), run: report.run }) }
    },
    live: (now) => {
      const unknown = { error: null, again: null, foreseenCostUsd: null, document: null }
      return view.data({ ...unknown, plan, simulated, state: "under way", now })
    },
    revision: () => revision
  }
  return page
})
