/** Lines about the asks without an answer: one for all that share a reason, of which there may be thousands. */
import { type Gap, whyOf } from "../pipeline/Findings.ts"
import { plural } from "../options/NumberText.ts"
import { inert } from "../report/TerminalText.ts"

/** Up to this many asks are all named on their line. */
const maxNamed = 5

/**
 * In the order of the first gap of each reason. The reason is left out if `isReported` holds for all gaps of the line, unless
 * there are too many to name, whose earlier messages have scrolled away.
 */
export const lines = (gaps: ReadonlyArray<Gap>, isReported: (gap: Gap) => boolean): ReadonlyArray<string> =>
  Array.from(Map.groupBy(gaps, groupKey).values(), (group) => {
    const [first] = group
    const isMany = group.length > maxNamed
    const names = group.slice(0, isMany ? maxNamed - 2 : maxNamed).map(({ name }) => name)
    const asks = isMany ? `${plural(group.length, "ask", "asks")} (${names.join(", ")}, …)` : names.join(", ")
    const why = first === undefined || (!isMany && group.every(isReported)) ? "" : `: ${whyText(first, group.length)}`
    return inert(`No answer: ${asks}${why}`)
  })

/** Tag and message of the error, without request id; for `OverBudget` the tag alone, as its message names what was left. */
const groupKey = ({ outcome }: Gap): string => {
  if (outcome._tag !== "Failed") return outcome._tag
  const { _tag, message } = outcome.error.reason
  return _tag === "OverBudget" ? _tag : `${_tag} ${message}`
}

/** For a single gap with its request id. */
const whyText = (gap: Gap, count: number): string =>
  count > 1 && gap.outcome._tag === "Failed" ? gap.outcome.error.reason.message : whyOf(gap)
