/** Which asks, and whether the synthesis, another model answered than the one asked first. */
import { type Entry, plural, type RunState } from "../../report/RunState.ts"

/** A line for all asks that came to the same model for the same reason, of which there may be thousands; one for the synthesis. */
export const linesOf = ({ asks, synthesis }: RunState): ReadonlyArray<string> => {
  const counts = new Map<string, { readonly first: string; count: number }>()
  for (const entry of asks) {
    const how = howOf(entry)
    if (how === undefined) continue
    const known = counts.get(how) ?? { first: entry.name, count: 0 }
    counts.set(how, known)
    known.count++
  }
  const lines = Array.from(counts, ([how, { count, first }]) =>
    count === 1 ? `${first} was ${how}` : `${plural(count, "ask", "asks")} were ${how}`
  )
  const folded = synthesis === undefined ? undefined : howOf(synthesis)
  return folded === undefined ? lines : [...lines, `the synthesis was ${folded}`]
}

/** Which model answered in the place of others; `undefined` where the first one did, or there is no answer. */
const howOf = ({ fallbacks = [], status }: Readonly<Entry>): string | undefined => {
  const last = fallbacks.at(-1)
  if (last === undefined || status !== "answered") return undefined
  const why = fallbacks.map(({ from, reason }) => `${from} was ${reason === "NotFound" ? "not found" : "overloaded"}`)
  return `answered by ${last.to}, as ${why.join(" and ")}`
}
