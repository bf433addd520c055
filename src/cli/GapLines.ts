/** Which asks have no answer, and why: a line for all that share a reason, of which there may be thousands. */
import { type Gap, whyOf } from "../pipeline/Findings.ts"
import { plural } from "../report/RunState.ts"
import { inert } from "../report/TerminalText.ts"

/** More names than these would hide why. */
const mostNamed = 5

/**
 * Lines about the gaps, in the order of the first of each reason. A reason that `isTold` says was told before is not told
 * again, except for so many asks that their lines have scrolled away.
 */
export const linesOf = (gaps: ReadonlyArray<Gap>, isTold: (gap: Gap) => boolean): ReadonlyArray<string> =>
  Array.from(Map.groupBy(gaps, kindOf).values(), (alike) => {
    const [first] = alike
    const isMany = alike.length > mostNamed
    const names = alike.slice(0, isMany ? mostNamed - 2 : mostNamed).map(({ name }) => name)
    const who = isMany ? `${plural(alike.length, "ask", "asks")} (${names.join(", ")}, …)` : names.join(", ")
    const why = first === undefined || (!isMany && alike.every(isTold)) ? "" : `: ${reasonOf(first, alike.length)}`
    return `No answer: ${who}${why}`
  })

/** What gaps have in common: not the request, nor what was left of a budget when each was turned away. */
const kindOf = ({ outcome }: Gap): string => {
  if (outcome._tag !== "Failed") return outcome._tag
  const { _tag, message } = outcome.error.reason
  return _tag === "OverBudget" ? _tag : `${_tag} ${message}`
}

/** Of one gap all that is known, with its request; of several what holds for each. */
const reasonOf = (gap: Gap, count: number): string =>
  inert(count > 1 && gap.outcome._tag === "Failed" ? gap.outcome.error.reason.message : whyOf(gap))
