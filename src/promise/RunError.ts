/** The error of a run without Effect. It is apart from the run, as all builds of `fanfold/promise` share this class. */
import type { AskError } from "../claude/AskError.ts"
import type { Findings } from "../pipeline/Findings.ts"
import type { ResearchError } from "../pipeline/ResearchError.ts"

/**
 * A run that failed. `findings` and `answers` have what was answered, and paid; `cause` is the error itself. Where the
 * deadline or the budget ended the asks before the policy was met, or answers contradict each other where that fails the run, `document`
 * is the synthesis of the answers there were.
 */
export class RunError extends Error {
  override readonly name = "RunError"
  override readonly cause: ResearchError | AskError
  readonly findings: Findings
  readonly document: unknown
  constructor(cause: ResearchError | AskError, findings: Findings, document?: unknown) {
    super(cause.message)
    this.cause = cause
    this.findings = findings
    this.document = document
  }
  get answers(): Findings["answers"] {
    return this.findings.answers
  }
}
