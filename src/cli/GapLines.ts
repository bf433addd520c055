/** Lines about the asks without an answer: one for all that share a reason, of which there may be thousands. */
import { type Gap, whyOf } from "../pipeline/Findings.ts"
import { plural } from "../options/NumberText.ts"
import { lostFoldsOf } from "../report/LostFolds.ts"
import type { RunBreakdown } from "../report/RunBreakdown.ts"
import { inert } from "../report/TerminalText.ts"

/** Up to this many asks are all named on their line. */
const maxNamed = 5

/** Gaps by their reason: how many, and the first of each. */
export class GapGroups {
  readonly #groups = new Map<string, { readonly first: Array<Gap>; count: number }>()

  add(gap: Gap): void {
    const key = groupKey(gap)
    const group = this.#groups.get(key) ?? { first: [], count: 0 }
    this.#groups.set(key, group)
    group.count++
    if (group.first.length < maxNamed) group.first.push(gap)
  }

  /** In the order of the first gap of each reason. Reasons that progress has written are repeated: they have scrolled away. */
  get lines(): ReadonlyArray<string> {
    return Array.from(this.#groups.values(), ({ count, first: [first, ...others] }) => {
      const names = [first, ...others].flatMap((gap) => gap?.name ?? [])
      const asks = namesText(names, count)
      const why = first === undefined ? "" : `: ${whyText(first, count)}`
      return inert(`No answer: ${asks}${why}`)
    })
  }
}

/** All names, or of many how many there are, and the first ones. */
const namesText = (names: ReadonlyArray<string>, count = names.length): string =>
  count > maxNamed
    ? `${plural(count, "ask", "asks")} (${names.slice(0, maxNamed - 2).join(", ")}, …)`
    : names.join(", ")

/** One line for each fold that a document lacks: the asks that it stands for, and why. */
export const foldLines = (folds: RunBreakdown["folds"] = {}): ReadonlyArray<string> =>
  lostFoldsOf(folds).map(({ asks, message, name }) =>
    inert(`Not in the document: ${namesText(asks)}: ${name}: ${message}`)
  )

/** The lines of all gaps. */
export const lines = (gaps: ReadonlyArray<Gap>): ReadonlyArray<string> => {
  const groups = new GapGroups()
  for (const gap of gaps) groups.add(gap)
  return groups.lines
}

/** Tag and message of the error, without request id; for `OverBudget` the tag alone, as its message names what was left. */
const groupKey = ({ outcome }: Gap): string => {
  if (outcome._tag !== "Failed") return outcome._tag
  const { _tag, message } = outcome.error.reason
  return _tag === "OverBudget" ? _tag : `${_tag} ${message}`
}

/** For a single gap with its request id. */
const whyText = (gap: Gap, count: number): string =>
  count > 1 && gap.outcome._tag === "Failed" ? gap.outcome.error.reason.message : whyOf(gap)
