/** The closing lines of a run: its time and speed-up, its tokens and cost, which asks a fallback model answered, and which may be cut. */
import { textOf as contradictionText } from "../../claude/Contradiction.ts"
import { inputTokensOf } from "../../claude/Message.ts"
import { roundedText } from "../../options/DurationText.ts"
import { numberText, plural } from "../../options/NumberText.ts"
import type { RunState } from "../../report/RunState.ts"
import { usdText } from "../../claude/Price.ts"
import { interventionText } from "../../report/InterventionText.ts"
import * as FallbackLines from "./FallbackLines.ts"
import * as StopReasonLines from "./StopReasonLines.ts"
import { usesText } from "../ToolUses.ts"

/** Empty for a run without events. `foreseenUsd`: the upper bound of its cost. */
export const lines = (state: RunState, foreseenUsd?: number): ReadonlyArray<string> =>
  [
    timeLine(state),
    votesLine(state),
    ...roundLines(state),
    foldsLine(state),
    ...citedLines(state),
    ...contradictionLines(state),
    usageLine(state, foreseenUsd),
    batchLine(state),
    reusedLine(state),
    repeatsLine(state),
    ...state.interventions.map(interventionLine),
    ...FallbackLines.lines(state),
    ...StopReasonLines.lines(state)
  ].filter((line) => line !== "")

const interventionLine = ({ intervention }: RunState["interventions"][number]): string => interventionText(intervention)

/** What of the tokens costs half. */
const batchLine = ({ usage: { batch } }: RunState): string => {
  if (batch === undefined) return ""
  const inputTokens = batch.inputTokens + batch.cacheCreationInputTokens + batch.cacheReadInputTokens
  return `In batches, at half the price: ${numberText(inputTokens)} tokens in, ${numberText(batch.outputTokens)} out`
}

/** What the journal gave, which costs nothing. */
const reusedLine = ({ reused, savedUsd }: RunState): string => {
  if (reused === 0) return ""
  const saved = savedUsd === undefined ? "" : `: about ${usdText(savedUsd)} saved (estimated)`
  return `${plural(reused, "answer", "answers")} from the journal${saved}`
}

/** The end of their first copies came from no process: the worker that had them has died, or was silent for too long. */
const repeatsLine = ({ repeats }: RunState): string =>
  repeats === 0 ? "" : `${plural(repeats, "call was", "calls were")} lost with a worker and may be paid twice`

const timeLine = (state: RunState): string => {
  const { answered, researchMillis, reused, sequentialMillis, speedUp, total } = state
  if (total === 0) return ""
  const asks = plural(total, "ask", "asks")
  const subject = answered === total ? asks : `${numberText(answered)} of ${asks} answered`
  const comparison =
    answered - reused > 1 && speedUp !== undefined && state.batches.all.length === 0
      ? `; one after another ${roundedText(sequentialMillis)}: ${factorText(speedUp)}×`
      : ""
  return `${subject} in ${roundedText(researchMillis)}${comparison}`
}

/** What each round after the first has asked, or why it brought nothing. */
const roundLines = ({ asks, rounds }: RunState): ReadonlyArray<string> =>
  rounds.map(({ asks: names, message, round }) => {
    if (message !== null) return `Round ${round} brought nothing: ${message}; the document is made without it`
    if (names.length === 0) return `Round ${round}: the findings left nothing open`
    const answered = asks.filter(({ name, status }) => names.includes(name) && status === "answered").length
    return `Round ${round}: ${numberText(answered)} of ${plural(names.length, "new ask", "new asks")} answered`
  })

/** How many asks have votes, and those in which not all agree. */
const votesLine = ({ asks }: RunState): string => {
  const voted = asks.flatMap(({ name, voted }) => (voted === undefined ? [] : [{ name, ...voted }]))
  if (voted.length === 0) return ""
  const split = voted.filter(({ agreeing, votes }) => agreeing < votes)
  const counts = split.slice(0, maxFaults).map(({ agreeing, name, votes }) => `${name} ${agreeing} of ${votes}`)
  const others = split.length > maxFaults ? ", …" : ""
  const which = split.length === 0 ? "all agree" : `not all agree in ${counts.join(", ")}${others}`
  return `Votes on ${plural(voted.length, "ask", "asks")}: ${which}`
}

/** The levels of a tree, and what of the answers the document lacks because folds failed. */
const foldsLine = ({ folds, synthesis }: RunState): string => {
  if (folds.length === 0) return ""
  const levels = Math.max(...folds.map(({ fold }) => fold?.level ?? 1))
  const counts = Array.from({ length: levels }, (_, n) => folds.filter(({ fold }) => fold?.level === n + 1).length)
  const lost = folds.filter(({ status }) => status === "failed" || status === "interrupted")
  const isLost = lost.length === 0 ? "" : `; without the text of ${lost.map(({ name }) => name).join(", ")}`
  const document = synthesis === undefined ? [] : ["1"]
  return `Folded in ${plural(levels + document.length, "level", "levels")}, ${[...counts.map(numberText), ...document].join(" → ")}${isLost}`
}

/** How many of the statements name what they rest on as they should, and the first faults. */
const citedLines = ({ synthesis }: RunState): ReadonlyArray<string> => {
  const { cited } = synthesis ?? {}
  if (cited === undefined) return []
  const { faultCount, faults, statements } = cited
  if (faultCount === 0) return [`${plural(statements, "statement", "statements")}, each with the asks that it rests on`]
  const more = faultCount > maxFaults ? [`  … and ${numberText(faultCount - maxFaults)} more`] : []
  return [
    `Marks: ${plural(faultCount, "fault", "faults")} in ${plural(statements, "statement", "statements")}`,
    ...faults.slice(0, maxFaults).map(({ message }) => `  ${message}`),
    ...more
  ]
}

/** What the answers contradict each other in, which the document settles or calls open. */
const contradictionLines = ({ contradictions, uncompared }: RunState): ReadonlyArray<string> => {
  const count = contradictions.length
  const more = count > maxFaults ? [`  … and ${numberText(count - maxFaults)} more`] : []
  return [
    ...(count === 0
      ? []
      : [
          `${plural(count, "contradiction", "contradictions")} between answers:`,
          ...contradictions.slice(0, maxFaults).map((each) => `  ${contradictionText(each)}`),
          ...more
        ]),
    ...(uncompared.length === 0
      ? []
      : [`Not compared with each other: ${plural(uncompared.length, "answer", "answers")}`])
  ]
}

const maxFaults = 5

const usageLine = ({ costUsd, unpriced, usage }: RunState, foreseenUsd: number | undefined): string => {
  const inputTokens = inputTokensOf(usage)
  const isIncomplete = usage.isIncomplete === true
  if (inputTokens + usage.outputTokens === 0 && !isIncomplete) return ""
  const uses = usesText(usage)
  const searches = uses === "" ? "" : ` with ${uses}`
  const cost =
    costUsd === undefined
      ? `cost unknown: ${[
          ...(isIncomplete ? ["not all replies say how many tokens they took"] : []),
          ...(unpriced.size === 0 ? [] : [`no price for ${[...unpriced].join(", ")}`])
        ].join("; ")}`
      : `about ${usdText(costUsd)}${searches} (estimated)${foreseenText(costUsd, foreseenUsd)}`
  return `${numberText(inputTokens)} tokens in, ${numberText(usage.outputTokens)} out, ${cost}`
}

/** The forecast counts each call once, without retries, so a run may cost more. */
const foreseenText = (costUsd: number, foreseenUsd: number | undefined): string => {
  if (foreseenUsd === undefined) return ""
  return costUsd > foreseenUsd
    ? `, more than the ${usdText(foreseenUsd, "up")} foreseen`
    : `, of at most ${usdText(foreseenUsd, "up")} foreseen`
}

/** One decimal below 100: from 99.95 on it would round to `100.0`. */
const factorText = (factor: number): string => (factor < 99.95 ? factor.toFixed(1) : numberText(factor))
