/** Progress without a terminal: writes one line for each step of an ask, or nothing at all. */
import { Effect } from "effect"
import { textOf as contradictionText } from "../../claude/Contradiction.ts"
import { type Event, isBatchEvent, isRoundEvent, type RoundEvent } from "../../claude/Event.ts"
import { roundedText } from "../../options/DurationText.ts"
import { type AskState, isReused } from "../../report/AskState.ts"
import { numberText, plural } from "../../options/NumberText.ts"
import { agreementText } from "../../pipeline/Agreement.ts"
import * as RunState from "../../report/RunState.ts"
import { interventionText } from "../../report/InterventionText.ts"
import { inert } from "../../report/TerminalText.ts"
import { reusedText } from "./ReusedText.ts"
import * as AskTable from "./AskTable.ts"
import * as BatchLines from "./BatchLines.ts"
import type { ProgressOptions } from "./ProgressOptions.ts"
import { RepeatedReasons } from "./RepeatedReasons.ts"
import * as Summary from "./Summary.ts"

export const make = Effect.fnUntraced(function* ({ foreseenUsd, goesOn, mode, output, summary }: ProgressOptions) {
  const state = RunState.make()
  const repeated = new RepeatedReasons()
  const writeLine = (line: string): void => void output.write(`${inert(line)}\n`)
  const isQuiet = mode === "quiet"
  if (summary && !isQuiet) {
    yield* Effect.addFinalizer(() =>
      ignoreDefects(() => {
        if (goesOn?.() === true) return
        const table = AskTable.lines(state)
        if (table.length > 0) output.write("\n")
        for (const line of [...table, ...Summary.lines(state, foreseenUsd?.())]) writeLine(line)
      })
    )
  }
  return {
    state,
    emit: (event: Event) =>
      ignoreDefects(() => {
        state.add(event)
        const line = isQuiet ? undefined : lineOf(state, event)
        if (event._tag === "ResearchEnded" && !isQuiet) repeated.failureLines.forEach(writeLine)
        if (line === undefined) return
        const isRepeated =
          (event._tag === "Failed" && event.part === "ask" && repeated.isRepeatedFailure(event)) ||
          (event._tag === "Retrying" && repeated.isRepeatedRetry(event, state.total))
        if (!isRepeated) writeLine(line)
      })
  }
})

/** An error while writing progress must not fail the run, whose answers are paid. */
const ignoreDefects = (thunk: () => void): Effect.Effect<void> => Effect.ignoreCause(Effect.sync(thunk))

/** The line for an event that `state` already contains; `undefined` for events that have none. */
const lineOf = (state: RunState.RunState, event: Event): string | undefined => {
  if (event._tag === "ResearchEnded") return unsentLine(state)
  if (event._tag === "Contradicted") return `⚡ ${contradictionText(event)}`
  if (event._tag === "Intervened") return `✋ ${interventionText(event.intervention)}`
  if (isRoundEvent(event)) return roundLine(event)
  if (isBatchEvent(event)) return BatchLines.ofEvent(state, event)
  const ask = state.of(event)
  if (ask === undefined) return undefined
  if (ask.round !== undefined) return lookingLine(ask, ask.round, event)
  if (ask.vote !== undefined) return voteLine(state, event, ask, ask.vote.of)
  if (ask.compared !== undefined) return comparingLine(ask, ask.compared.length, event)
  const isAsk = ask.part === "ask"
  const { fold } = ask
  const isBelow = fold !== undefined && ask.name !== "synthesis"
  const name = isAsk || isBelow ? ask.name : "the synthesis"
  switch (event._tag) {
    case "Dispatched":
      if (ask.dispatches > 1 || event.batched === true) return undefined
      if (fold !== undefined) return foldingLine(fold, isBelow ? name : "the document")
      return isAsk ? `🔄 Asking ${name}` : `🧵 Folding ${plural(state.answered, "answer", "answers")}`
    case "Retrying":
      return `⏳ Retrying ${name} in ${roundedText(event.delayMillis)}: ${event.message}`
    case "FellBack":
      return `↪️ Asking ${name} with ${event.to} instead: ${event.message}`
    case "Replied": {
      const refused = event.declined?.map(({ model }) => model).join(" and ")
      return refused === undefined ? undefined : `↪️ Asked ${name} with ${event.model} instead: ${refused} refused`
    }
    case "Reasked":
      return `🔁 Asking ${name} again: ${event.issue}`
    case "Answered":
      if (isReused(ask) && ask.voted === undefined)
        return `✅ ${isAsk || isBelow ? name : "The document"} is ${reusedText(ask)}`
      return `✅ ${isAsk ? `Answered ${name}` : isBelow ? `Folded ${name}` : "Folded"} in ${roundedText(ask.durationMillis ?? 0)}${votedText(ask)}`
    case "Failed":
      // A budget or a deadline may fail thousands of asks that were never sent: `GapLines` groups them at the end.
      if (isAsk && ask.dispatches === 0) return undefined
      return `❌ Failed ${name}: ${event.message}${isBelow ? missingText(fold) : ""}`
    case "Interrupted":
      return ask.dispatches === 0 ? undefined : `🛑 Stopped ${name}`
    default:
      return undefined
  }
}

const roundLine = (event: RoundEvent): string => {
  const { round } = event
  if (event._tag === "RoundFailed")
    return `⚠️ Round ${round} brought nothing: ${event.message}; the document is made without it`
  return event.asks.length === 0
    ? `🔎 Round ${round}: the findings leave nothing open`
    : `🔎 Round ${round}: ${plural(event.asks.length, "new ask", "new asks")}: ${event.asks.join(", ")}`
}

const lookingLine = (ask: Readonly<AskState>, round: number, event: Event): string | undefined => {
  if (event._tag === "Dispatched" && ask.dispatches === 1) return `🔎 Looking for what is open, for round ${round}`
  if (event._tag === "Retrying") return `⏳ Looking again in ${roundedText(event.delayMillis)}: ${event.message}`
  return undefined
}

/** Votes are asked on one line, and have others only where something goes wrong: their answers are counted in that of the ask. */
const voteLine = (state: RunState.RunState, event: Event, vote: Readonly<AskState>, of: string): string | undefined => {
  switch (event._tag) {
    case "Dispatched": {
      const ask = state.of({ ...event, ask: of })
      return ask?.dispatches === 1 && event.batched !== true
        ? `🔄 Asking ${of} ${plural(ask.votes?.count ?? 1, "time", "times")}`
        : undefined
    }
    case "Retrying":
      return `⏳ Retrying ${vote.name} in ${roundedText(event.delayMillis)}: ${event.message}`
    case "FellBack":
      return `↪️ Asking ${vote.name} with ${event.to} instead: ${event.message}`
    case "Reasked":
      return `🔁 Asking ${vote.name} again: ${event.issue}`
    case "Failed":
      return `❌ Failed ${vote.name}, a vote: ${event.message}`
    default:
      return undefined
  }
}

const votedText = ({ voted }: Readonly<AskState>): string => (voted === undefined ? "" : `: ${agreementText(voted)}`)

const comparingLine = (ask: Readonly<AskState>, count: number, event: Event): string | undefined => {
  const answers = plural(count, "answer", "answers")
  if (event._tag === "Dispatched") return ask.dispatches > 1 ? undefined : `🔍 Comparing ${answers}`
  if (event._tag === "Retrying") return `⏳ Comparing again in ${roundedText(event.delayMillis)}: ${event.message}`
  if (event._tag === "Failed")
    return `❌ Could not compare ${answers}: ${event.message}; the document is made all the same`
  if (event._tag !== "Answered") return undefined
  return isReused(ask)
    ? `✅ The comparison is ${reusedText(ask)}`
    : `✅ Compared ${answers} in ${roundedText(ask.durationMillis ?? 0)}`
}

/** What the document lacks because of a fold that failed. */
const missingText = ({ asks }: NonNullable<AskState["fold"]>): string =>
  `; the document goes on without what ${plural(asks.length, "ask", "asks")} said: ${asks.slice(0, maxNamed).join(", ")}${asks.length > maxNamed ? ", …" : ""}`

const maxNamed = 10

const foldingLine = ({ asks, level }: NonNullable<AskState["fold"]>, name: string): string =>
  `🧵 Folding ${plural(asks.length, "answer", "answers")} into ${name}, level ${level}`

/** One line for all asks that were interrupted before they were sent: there may be thousands. */
const unsentLine = ({ asks, batches }: RunState.RunState): string | undefined => {
  // They wait in the batches, which go on.
  if (batches.open.length > 0) return undefined
  const unsent = asks.filter(({ dispatches, status }) => status === "interrupted" && dispatches === 0)
  const [first] = unsent
  if (first === undefined) return undefined
  return unsent.length === 1
    ? `🛑 Stopped ${first.name} before it was sent`
    : `🛑 Stopped ${numberText(unsent.length)} asks before they were sent`
}
