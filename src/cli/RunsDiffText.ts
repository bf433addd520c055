/** What `fanfold runs diff` prints: the two runs, and a line for each ask. */
import { usdText } from "../claude/Price.ts"
import { roundedText } from "../options/DurationText.ts"
import { numberText, plural } from "../options/NumberText.ts"
import type { AskDiff, CallDiff, Change, RunSide, RunsDiff } from "../report/RunsDiff.ts"
import { inert } from "../report/TerminalText.ts"
import { type Here, named } from "./RunsText.ts"
import * as TextTable from "./TextTable.ts"

export const text = ({ a, asks, b, calls = [], document, isSamePlan }: RunsDiff, here: Here): string => {
  const rows: ReadonlyArray<Row> = [
    ...asks,
    ...calls.map(rowOf),
    ...(document === null ? [] : [{ ...document, name: "synthesis" }])
  ]
  return [
    sideText("A", a, here),
    sideText("B", b, here),
    ...(isSamePlan ? [] : ["The runs are of different plans: asks are compared by their names"]),
    "",
    ...TextTable.lines(columns, rows),
    "",
    countsText(asks),
    ""
  ].join("\n")
}

const sideText = (name: string, side: RunSide, here: Here): string => {
  const { answered, asks, durationMillis, estimatedCostUsd, id, plan, startedAt } = side
  const run = named({ id, plan, at: startedAt }, here)
  return `${name}: ${run}: ${numberText(answered)} of ${plural(asks, "ask", "asks")} answered, ${costText(estimatedCostUsd)}, ${roundedText(durationMillis)}`
}

/** A line of the table. Of a call whose texts are not compared, `change` is what has become of it, if anything. */
interface Row extends Pick<CallDiff, "name"> {
  readonly change?: Change
  readonly isQuestionChanged?: boolean
  readonly message?: string
  readonly a: RowSide | null
  readonly b: RowSide | null
}
type RowSide = Pick<NonNullable<CallDiff["a"]>, "model" | "estimatedCostUsd" | "durationMillis">

const rowOf = ({ a, b, name }: CallDiff): Row => {
  const change = a === null ? "added" : b === null ? "gone" : changeOf(a.message !== null, b.message !== null)
  const message = b?.message ?? a?.message
  return { name, a, b, ...(change !== undefined && { change }), ...(typeof message === "string" && { message }) }
}

const changeOf = (hasFailed: boolean, fails: boolean): Change | undefined => {
  if (hasFailed) return fails ? "gap" : "answered"
  return fails ? "unanswered" : undefined
}

const columns: ReadonlyArray<TextTable.Column<Row>> = [
  { title: "ask", cell: ({ name }) => inert(name) },
  { title: "answer", cell: ({ change }) => (change === undefined ? "" : words[change]) },
  { title: "cost A", cell: ({ a }) => (a === null ? "" : costText(a.estimatedCostUsd)), isNumber: true },
  { title: "cost B", cell: ({ b }) => (b === null ? "" : costText(b.estimatedCostUsd)), isNumber: true },
  { title: "time A", cell: ({ a }) => timeText(a?.durationMillis), isNumber: true },
  { title: "time B", cell: ({ b }) => timeText(b?.durationMillis), isNumber: true },
  { title: "", cell: noteText }
]

const words: Readonly<Record<Change, string>> = {
  same: "same",
  changed: "changed",
  answered: "answered in B",
  unanswered: "no answer in B",
  gap: "no answer",
  added: "only in B",
  gone: "only in A"
}

/** Other words, or another model, may be why an answer differs; of a failed call, why it failed. */
function noteText({ a, b, isQuestionChanged = false, message }: Row): string {
  const [from, to] = [a?.model ?? undefined, b?.model ?? undefined]
  return [
    ...(isQuestionChanged ? ["another question"] : []),
    ...(from !== undefined && to !== undefined && from !== to ? [inert(`${from} → ${to}`)] : []),
    ...(message === undefined ? [] : [inert(message)])
  ].join(", ")
}

const countsText = (asks: ReadonlyArray<AskDiff>): string =>
  Object.entries(words)
    .flatMap(([change, what]) => {
      const count = asks.filter((ask) => ask.change === change).length
      return count === 0 ? [] : [`${numberText(count)} ${what}`]
    })
    .join(", ")

const costText = (usd: number | null): string => (usd === null ? "unknown" : usdText(usd))

const timeText = (millis: number | null | undefined): string => (millis == null ? "" : roundedText(millis))
