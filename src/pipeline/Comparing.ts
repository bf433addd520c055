/** Which answers of a synthesis are compared, and what of it code finds alone. */
import { textOf } from "../claude/Message.ts"
import * as Comparison from "./Comparison.ts"
import * as FieldComparison from "./FieldComparison.ts"
import type { Finding } from "./Findings.ts"
import type { AnsweredFinding } from "./Folding.ts"
import type { Contradictions } from "./SynthesisOptions.ts"

type Answered = Finding & AnsweredFinding & { readonly outcome: { readonly _tag: "Answered"; readonly value: unknown } }

const isAnswered = (finding: Finding): finding is Answered => finding.outcome._tag === "Answered"

/**
 * `undefined` where nothing is compared. Typed answers are compared by code; where one answer is prose, Claude compares them all.
 * `mode`: `undefined` where the synthesis does not say, which leaves out answers that are short together.
 */
export const comparingOf = (
  findings: ReadonlyArray<Finding>,
  mode: Contradictions | undefined
): Comparison.Comparing | undefined => {
  const answered = findings.filter(isAnswered)
  if (mode === "off" || answered.length < 2) return undefined
  const known = FieldComparison.find(
    answered.flatMap(({ name, outcome: { value } }) =>
      typeof value === "object" && value !== null ? [{ ask: name, value }] : []
    )
  )
  const hasProse = answered.some(({ outcome }) => typeof outcome.value !== "object")
  const isLong =
    mode !== undefined ||
    answered.reduce((sum, { outcome }) => sum + textOf(outcome.reply).length, 0) >= Comparison.fewestCharacters
  const groups = hasProse && isLong ? Comparison.groupsOf(answered) : []
  return known.length + groups.length === 0 && mode !== "fail" ? undefined : { mode: mode ?? "warn", known, groups }
}
