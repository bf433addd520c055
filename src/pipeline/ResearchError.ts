/** The error of a research with fewer answers than its policy needs. */
import { Data } from "effect"
import type { AskError } from "../claude/AskError.ts"
import { answersNeeded, type Policy } from "../options/Policy.ts"
import { type Asks, type EndedBy, type Findings, isGap } from "./Findings.ts"

/** Fewer answers than the policy needs. The answers there are, which are paid, are in `findings`. */
export class ResearchError<out A extends Asks = any> extends Data.TaggedError("ResearchError")<{
  readonly policy: Policy
  readonly findings: Findings
  /** The first failure. */
  readonly error: AskError | undefined
  /** The deadline, the budget or the user where one of these ended the asks; `undefined` where an ask's own failure did. */
  readonly endedBy: EndedBy | undefined
}> {
  declare readonly findings: Findings<A, "best-effort">
  override get message(): string {
    const { findings } = this.findings
    const failed = findings.find(({ outcome }) => outcome._tag === "Failed" && outcome.error === this.error)
    return failed === undefined ? this.shortfall : `${failed.name}: ${this.error?.message ?? ""}; ${this.shortfall}`
  }
  /** How many answers there are, and how many the policy needs. */
  get shortfall(): string {
    const { findings } = this.findings
    const answered = findings.filter((finding) => !isGap(finding)).length
    return `${answered} of ${findings.length} asks answered, ${answersNeeded(this.policy, findings.length)} needed`
  }
}
