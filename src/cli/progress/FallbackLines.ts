/** Lines of the summary about asks, or the synthesis, that a fallback model answered. */
import type { AskState } from "../../report/AskState.ts"
import { plural } from "../../options/NumberText.ts"
import type { RunState } from "../../report/RunState.ts"

/** One line for all asks with the same fallback for the same reason, of which there may be thousands; one for the synthesis. */
export const lines = ({ asks, synthesis }: RunState): ReadonlyArray<string> => {
  const groups = new Map<string, { readonly firstName: string; count: number }>()
  for (const ask of asks) {
    const fallback = fallbackText(ask)
    if (fallback === undefined) continue
    const group = groups.get(fallback) ?? { firstName: ask.name, count: 0 }
    groups.set(fallback, group)
    group.count++
  }
  const askLines = Array.from(groups, ([fallback, { count, firstName }]) =>
    count === 1 ? `${firstName} was ${fallback}` : `${plural(count, "ask", "asks")} were ${fallback}`
  )
  const synthesisFallback = synthesis === undefined ? undefined : fallbackText(synthesis)
  return synthesisFallback === undefined ? askLines : [...askLines, `the synthesis was ${synthesisFallback}`]
}

/** `undefined` if the first model answered, or none did. */
const fallbackText = ({ fallbacks = [], status }: Readonly<AskState>): string | undefined => {
  const last = fallbacks.at(-1)
  if (last === undefined || status !== "answered") return undefined
  const why = fallbacks.map(({ from, reason }) => `${from} ${whyOf[reason as keyof typeof whyOf] ?? whyOf.Overloaded}`)
  return `answered by ${last.to}, as ${why.join(" and ")}`
}

const whyOf = { NotFound: "was not found", Refused: "refused", Overloaded: "was overloaded" }
