/** Lines of the summary about answers with a stop reason that is not known, which may not be whole. */
import { plural } from "../../options/NumberText.ts"
import type { RunState } from "../../report/RunState.ts"

/** One line for each such reason, of which there are few, where there may be thousands of asks. */
export const lines = ({ asks, synthesis }: RunState): ReadonlyArray<string> => {
  const names = new Map<string, Array<string>>()
  for (const { name, part, unknownStopReason: reason } of synthesis === undefined ? asks : [...asks, synthesis]) {
    if (reason === undefined) continue
    const known = names.get(reason)
    const shown = part === "ask" ? name : "the synthesis"
    if (known === undefined) names.set(reason, [shown])
    else known.push(shown)
  }
  return Array.from(names, ([reason, [first = "", ...others]]) => {
    const who = others.length === 0 ? first : `${first} and ${plural(others.length, "other", "others")}`
    return `${who} stopped for a reason that fanfold does not know: ${reason}. What came is taken for the whole answer`
  })
}
