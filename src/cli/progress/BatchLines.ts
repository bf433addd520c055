/** What progress says of Message Batches. Pure. */
import type { BatchCounts, BatchEvent } from "../../claude/Event.ts"
import { plural, numberText } from "../../options/NumberText.ts"
import { roundedText } from "../../options/DurationText.ts"
import type { BatchState, CallFailure } from "../../report/BatchState.ts"
import type { RunState } from "../../report/RunState.ts"
import { inert } from "../../report/TerminalText.ts"
import { command, type Kept } from "../KeptRun.ts"

/** The line for an event that `state` already contains; `undefined` for events that have none. */
export const ofEvent = ({ batches }: RunState, event: BatchEvent): string | undefined => {
  switch (event._tag) {
    case "BatchSubmitting":
      return `📦 Sending ${plural(event.ids.length, "ask", "asks")} as a batch`
    case "BatchNotCreated":
      return `📦 The batch was not created: ${event.message}`
    case "BatchUncertain":
      return `⏳ Waiting: ${event.message}`
    case "BatchSubmitted":
      return undefined
    case "BatchPolled": {
      const batch = batches.of(event.batch)
      return batch === undefined ? undefined : `📦 ${line(batch, event.at)}`
    }
    case "BatchCallFailed":
      return `⏳ ${failedText(event)}`
    case "BatchEnded":
      return `📦 Batch ${event.batch} has ended: ${countsText(event.counts)}`
  }
}

/** `Batch msgbatch_01 cannot be reached for 2 h: overloaded; tried again in 60 s, and the batch goes on meanwhile`. */
const failedText = ({ at, batch, delayMillis, message, since }: Extract<BatchEvent, { _tag: "BatchCallFailed" }>) => {
  const what = batch === undefined ? "Batches cannot be listed" : `Batch ${batch} cannot be reached`
  const meanwhile = batch === undefined ? "nothing is sent meanwhile" : "the batch goes on meanwhile"
  return `${what}${sinceText(since, at)}: ${message}; tried again in ${roundedText(delayMillis)}, ${meanwhile}`
}

const sinceText = (since: number, now: number): string =>
  now >= since + 1000 ? ` for ${roundedText(now - since)}` : ""

/** Batches that live progress names; of more, their number. */
const maxShown = 3

/** The batches that are waited for, for live progress. */
export const shown = (
  { batches: { open, searchFailure, uncertain } }: RunState,
  now: number
): ReadonlyArray<string> => {
  const lines = open
    .slice(0, maxShown)
    .map((batch) => `📦 ${inert(`${line(batch, now)}${awayText(batch.failure, now)}`)}`)
  if (open.length > maxShown) lines.push(`📦 … and ${plural(open.length - maxShown, "more batch", "more batches")}`)
  if (uncertain > 0) lines.push(`📦 Creating a batch${inert(awayText(searchFailure, now))}`)
  return lines
}

const awayText = (failure: CallFailure | undefined, now: number): string =>
  failure === undefined ? "" : `; cannot be reached${sinceText(failure.since, now)}: ${failure.message}`

/** `Batch msgbatch_01: 12 in progress, 3 succeeded; expires in 23 h`. */
export const line = (batch: Omit<BatchState, "run">, now: number): string => {
  const { counts, expiresAt, id, isCanceling, isEnded } = batch
  const left = roundedText(Math.max(0, expiresAt - now))
  const state = isEnded ? "its results are not read" : isCanceling ? "being canceled" : `expires in ${left}`
  return `Batch ${id}: ${countsText(counts)}; ${state}`
}

export const countsText = ({ canceled, errored, expired, processing, succeeded }: BatchCounts): string =>
  (
    [
      [processing, "in progress"],
      [succeeded, "succeeded"],
      [errored, "errored"],
      [expired, "expired"],
      [canceled, "canceled"]
    ] as const
  )
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${numberText(count)} ${what}`)
    .join(", ")

/** The run that leaves batches behind: `kept` is undefined without a journal, and one that has ended is not gone on with. */
export interface Leaving {
  readonly kept: Kept | undefined
  readonly hasEnded: boolean
}

/** What a process says that leaves batches behind: where they stand, and how to come back. */
export const leftLines = (
  { batches: { open, uncertain } }: RunState,
  { hasEnded, kept }: Leaving,
  now: number
): ReadonlyArray<string> => {
  if (open.length + uncertain === 0) return []
  return [
    ...open.map((batch) => line(batch, now)),
    ...(uncertain === 0 ? [] : ["A batch may have been created, which is found out at the next run"]),
    ...(kept === undefined ? ["Nothing of this run is kept, so that the results cannot be fetched"] : []),
    ...(kept !== undefined && hasEnded
      ? [
          "Batches go on, and what they answer is paid; this run has ended without it. To cancel them:",
          ...ownersOf(open, kept).map((id) => `  ${command("cancel", { ...kept, id })}`)
        ]
      : []),
    ...(kept !== undefined && !hasEnded
      ? [
          "Batches go on without this process. Come back with the same command, or:",
          `  ${command("resume", kept)}  fetches what they bring, and folds it`,
          `  ${command("show", kept)}  tells where they stood when last looked at`,
          `  ${command("cancel", kept)}  cancels them; what is answered by then is paid`
        ]
      : [])
  ]
}

/** The runs that have created them. */
const ownersOf = (open: ReadonlyArray<BatchState>, { id }: Kept): ReadonlyArray<string> => {
  const runs = new Set(open.map(({ run }) => run))
  return runs.size === 0 ? [id] : [...runs]
}
