/** How the answers were folded into the document, as Markdown: the levels, and the groups of the first. */
import { numberText } from "../options/NumberText.ts"
import { lostFoldsOf } from "./LostFolds.ts"
import type { RunBreakdown } from "./RunBreakdown.ts"

/** Of more groups, the number of the others is given. */
const maxGroups = 12

/** The asks of a group, which are neighbours. */
const groupText = (asks: ReadonlyArray<string>): string =>
  asks.length < 3 ? asks.join(", ") : `${asks[0]} to ${asks.at(-1)} (${numberText(asks.length)})`

/** What the document lacks, for its top: the asks of each fold without a text, and why. Nothing where it has all answers. */
export const lost = ({ folds }: RunBreakdown): ReadonlyArray<string> => {
  const lines = lostFoldsOf(folds).map(
    ({ asks, message, name }) => `> - ${groupText(asks)}: ${name}: ${message.trim().replace(/\s+/g, " ")}`
  )
  return lines.length === 0
    ? []
    : [
        `> **Not in the document**, as their fold has no text; the command of the run with \`--reuse\` asks for it again:\n>\n${lines.join("\n")}`
      ]
}

/** Nothing where one request has read all answers. */
export const section = ({ folds = {} }: RunBreakdown): ReadonlyArray<string> => {
  const all = Object.values(folds)
  const first = all.filter(({ level }) => level === 1)
  if (first.length === 0) return []
  const levels = Math.max(...all.map(({ level }) => level))
  const counts = Array.from({ length: levels }, (_, n) => all.filter(({ level }) => level === n + 1).length)
  const groups = first
    .slice(0, maxGroups)
    .map(({ asks, status }) => `${groupText(asks)}${status === "answered" ? "" : ", which failed"}`)
  const more = first.length > maxGroups ? [`and ${numberText(first.length - maxGroups)} more`] : []
  return [
    `## Levels\n\nThe answers were folded in ${levels + 1} levels, ${[...counts, 1].map(numberText).join(" → ")}. ` +
      `Groups of the first: ${[...groups, ...more].join("; ")}.`
  ]
}
