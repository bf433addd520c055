/** What is said of going on with a run that lacks something: nothing where the same would come of it. Pure. */
import type { Gap } from "../pipeline/Findings.ts"
import type { Outcome } from "../pipeline/Pipeline.ts"
import * as AgainCommand from "./AgainCommand.ts"
import { isMissing } from "./ExitCode.ts"

/** All its votes are there, and are taken from the journal again: they agree no more than before. */
export const isSettled = ({ outcome }: Pick<Gap, "outcome">): boolean =>
  outcome._tag === "Failed" &&
  outcome.error.reason._tag === "NoAgreement" &&
  outcome.error.reason.answered === undefined

/** What a run lacks. */
export interface Lacking {
  /** Gaps that asking again can fill, and whatever else it can bring. */
  readonly isOpen: boolean
  /** Gaps that it cannot fill. */
  readonly isSettled: boolean
}

/** `words`: what was typed. `hasEnded`: the run is not gone on with but by `--reuse`. */
export const of = (words: ReadonlyArray<string>, hasEnded: boolean, lacking: Lacking): string | undefined => {
  if (lacking.isOpen) return `To ask what is missing: ${AgainCommand.ofWords(words, hasEnded)}`
  if (!lacking.isSettled) return undefined
  const others = words.filter((word) => word !== "--reuse")
  return `The same votes are taken again until votes.atLeast is lower or the question is another. To vote anew, all paid again: ${AgainCommand.ofWords(others, false)} --fresh`
}

/** `isOtherwise`: something else than answers is missing, such as a fold or a file. */
export const lackingOf = ({ disagreement, error, findings }: Outcome, isOtherwise: boolean): Lacking => {
  const gaps = findings.gaps.filter(({ outcome }) => isMissing(findings, outcome))
  const uncompared = disagreement?.reason._tag === "Contradictory" ? disagreement.reason.uncompared.length > 0 : false
  const isUnfolded = error !== undefined && error._tag !== "ResearchError"
  return {
    isOpen: isOtherwise || uncompared || isUnfolded || gaps.some((gap) => !isSettled(gap)),
    isSettled: gaps.some(isSettled)
  }
}
