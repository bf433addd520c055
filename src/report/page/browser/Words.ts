/** What the timeline shows, in words: for its key, for who points at a row, and for a screen reader. Pure. */
import { roundedText } from "../../../options/DurationText.ts"
import { numberText, plural } from "../../../options/NumberText.ts"
import { usdText } from "../../../options/UsdText.ts"
import type { Phase } from "../../Phases.ts"
import { inert } from "../../PlainText.ts"
import type { Row, View } from "../../View.ts"
import { concurrencyOf } from "./Load.ts"

export const phaseNames: Readonly<Record<Phase, string>> = {
  turn: "waits for a place",
  held: "ready, not sent yet",
  warmed: "waits for the prompt cache",
  paced: "held back before it left",
  batch: "in a batch",
  sent: "sent, until the first token",
  answer: "answer arrives",
  plain: "sent, until its end",
  "sent-failed": "sent, then failed",
  "answer-failed": "answer arrived, then failed",
  backoff: "waits to try again",
  hedge: "second copy",
  "hedge-failed": "second copy, not needed",
  reused: "from the journal"
}

const statusNames: Readonly<Record<Row["status"], string>> = {
  waiting: "not asked",
  asking: "on its way",
  answering: "on its way",
  retrying: "waits to try again",
  answered: "answered",
  failed: "failed",
  interrupted: "stopped"
}

export const statusText = ({ reused, status }: Row): string =>
  reused === undefined ? statusNames[status] : "from the journal"

export const millisText = (millis: number): string => (millis < 1000 ? `${Math.round(millis)} ms` : roundedText(millis))

/** Each phase with the sum of its times, in the order of their beginning. */
const phasesText = ({ bars }: Row): string => {
  const sums = new Map<Phase, number>()
  for (const [phase, , millis] of bars) sums.set(phase, (sums.get(phase) ?? 0) + millis)
  return [...sums].map(([phase, millis]) => `${phaseNames[phase]} ${millisText(millis)}`).join(", ")
}

export const costText = ({ estimatedCostUsd }: Row): string =>
  estimatedCostUsd === null ? "cost unknown" : estimatedCostUsd === 0 ? "" : usdText(estimatedCostUsd)

/** All of a row. */
export const rowText = (row: Row): string => {
  const { attempts, model, usage } = row
  const parts = [
    statusText(row),
    phasesText(row),
    attempts > 1 ? plural(attempts, "attempt", "attempts") : "",
    inert(model ?? ""),
    usage.outputTokens > 0 ? `${numberText(usage.outputTokens)} tokens out` : "",
    costText(row),
    row.worker === null ? "" : `on worker ${inert(row.worker)}`
  ]
  return parts.filter((part) => part !== "").join(" · ")
}

/** `5`, or `5, from 12 s on 10` where it was raised. */
export const concurrencyText = (view: Pick<View, "concurrency" | "interventions">): string => {
  const { at, limit } = concurrencyOf(view)
  const words = limit.map((each, n) => `${at[n] === 0 ? "" : `from ${roundedText(at[n]!)} on `}${each ?? "unbounded"}`)
  return words.length === 0 ? "unknown" : words.join(", ")
}
