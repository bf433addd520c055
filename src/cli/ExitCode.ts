/** The exit codes of the command line, and which of them a run ends with. */
import { Data, Exit, Runtime } from "effect"
import type { AskError } from "../claude/AskError.ts"
import { endedBy, type Gap } from "../pipeline/Findings.ts"
import type { Outcome } from "../pipeline/Pipeline.ts"
import { inert } from "../report/TerminalText.ts"

/**
 * `success`: a complete document. 130 is an interruption, which `NodeRuntime` sets. `gaps`: a document without some of the answers;
 * `overBudget`: the same, or no answer at all, because the budget is used up. `contradictions`: a complete document of answers that
 * contradict each other, where its synthesis has `contradictions: fail`.
 */
export const exitCode = { success: 0, failed: 1, usage: 2, gaps: 3, overBudget: 4, contradictions: 5 } as const

/** Ends the process as `NodeRuntime` does, but for an interruption that a command has named another exit code for. */
export const teardown: Runtime.Teardown = (exit, onExit) =>
  Runtime.defaultTeardown(exit, (code) =>
    onExit(Exit.hasInterrupts(exit) && typeof process.exitCode === "number" ? process.exitCode : code)
  )

/** Ends the process with `exitCode`; a `message` that is not empty is written to standard error first. */
export class Failure extends Data.TaggedError("Failure")<{
  readonly exitCode: (typeof exitCode)[keyof typeof exitCode]
  readonly message: string
}> {
  override readonly [Runtime.errorExitCode] = this.exitCode
}

/** A wrong plan, flag or environment. Nothing was sent. */
export const usageError = (message: string): Failure => new Failure({ exitCode: exitCode.usage, message })

/** For a failure whose message is on standard error already. */
export const failedWithoutMessage = (): Failure => new Failure({ exitCode: exitCode.failed, message: "" })

/** What was delivered and reported before the run's exit code is decided. */
export interface Delivery {
  /** Whether each output file, standard output and the tape got all of its content. */
  readonly isComplete: boolean
  /** A fold below the document has failed, so that answers are missing in it. */
  readonly hasLostFolds?: boolean
}

/** Decides how a run ends; `undefined` for exit code 0. */
export const ofRun = (
  { disagreement, error, findings, shortfall }: Outcome,
  delivery: Delivery
): Failure | undefined => {
  if (error !== undefined) {
    const message = error._tag === "ResearchError" ? inert(error.shortfall) : synthesisText(error)
    return new Failure({ exitCode: exitCode.failed, message })
  }
  const isOverBudget = endedBy(findings) === "budget"
  if (findings.gaps.length === findings.findings.length) {
    const message = "No ask was answered."
    return new Failure({ exitCode: isOverBudget ? exitCode.overBudget : exitCode.failed, message })
  }
  if (!delivery.isComplete) return failedWithoutMessage()
  if (delivery.hasLostFolds === true && !isOverBudget)
    return new Failure({ exitCode: exitCode.gaps, message: shortfall?.shortfall ?? "" })
  if (!findings.gaps.some(({ outcome }) => isMissing(findings, outcome))) {
    return disagreement && new Failure({ exitCode: exitCode.contradictions, message: inert(disagreement.message) })
  }
  const message = shortfall?.shortfall ?? ""
  return new Failure({ exitCode: isOverBudget ? exitCode.overBudget : exitCode.gaps, message })
}

/** An ask that the policy `first` interrupted is not missing: enough others were answered. One that the user stopped is. */
export const isMissing = ({ policy }: Outcome["findings"], outcome: Gap["outcome"]): boolean =>
  outcome._tag === "Failed" || typeof policy === "string" || !("first" in policy)

/** How the asks of rows ended; `error` says why the run ended before the last of them. */
export interface RowsEnd {
  readonly asks: number
  readonly answered: number
  readonly failed: number
  /** How many the user has stopped. */
  readonly stopped: number
  readonly needed: number
  readonly isOverBudget: boolean
  readonly isEnded: boolean
  readonly error: string | undefined
}

/** Decides how a run of rows ends; `undefined` for exit code 0. `isComplete`: all tables were written. */
export const ofRows = (end: RowsEnd, isComplete: boolean): Failure | undefined => {
  const { answered, asks, error, failed, isEnded, isOverBudget, needed, stopped } = end
  const gaps = isOverBudget ? exitCode.overBudget : exitCode.gaps
  const shortfall = `${answered} of ${asks} asks answered, ${needed} needed`
  if (error !== undefined) return new Failure({ exitCode: exitCode.failed, message: inert(error) })
  if (answered === 0)
    return new Failure({ exitCode: isOverBudget ? gaps : exitCode.failed, message: "No ask was answered." })
  if (answered < needed && !isEnded) return new Failure({ exitCode: exitCode.failed, message: shortfall })
  if (!isComplete) return failedWithoutMessage()
  return failed + stopped === 0
    ? undefined
    : new Failure({ exitCode: gaps, message: answered < needed ? shortfall : "" })
}

/** What failed, and why; after a refusal, which comes again, what to change. */
const synthesisText = (error: AskError): string => {
  const what = `The synthesis failed: ${inert(error.message)}`
  return error.reason._tag === "Refused"
    ? `${what}\nTo have it answered, word its instruction in another way, or name another model for it: synthesis: { instruction: …, model: … }`
    : what
}
