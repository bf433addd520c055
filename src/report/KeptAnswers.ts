/** The answers that a journal has of asks whose end it does not have: their process was killed before it kept that. */
import { type Event, version } from "../claude/Event.ts"
import * as Price from "../claude/Price.ts"
import { isAnswer, type Replied } from "../journal/Replies.ts"
import { type AskState, isOpen } from "./AskState.ts"
import type { RunState } from "./RunState.ts"

/** The asks whose end a run has not kept: those that began, and the synthesis with its folds. */
const openOf = (state: RunState): ReadonlyArray<Readonly<AskState>> =>
  [...state.asks, ...state.folds, ...(state.synthesis === undefined ? [] : [state.synthesis])].filter(
    (ask) => isOpen(ask) && ask.startedAt !== undefined
  )

/** Their names, by which their replies are read. */
export const openNames = (state: RunState): ReadonlyArray<string> => openOf(state).map(({ name }) => name)

/**
 * The events that a killed run would have kept next, at the times of its replies. A resumed run takes these replies as answers, so
 * that they count as such, priced by list prices.
 */
export const eventsAfter = (state: RunState, run: string, replies: ReadonlyArray<Replied>): ReadonlyArray<Event> => {
  const latest = new Map(replies.map((replied) => [`${replied.part} ${replied.ask}`, replied]))
  return openOf(state)
    .flatMap((ask) => {
      const replied = latest.get(`${ask.part} ${ask.name}`)
      return replied === undefined ? [] : eventsOf(ask, run, replied)
    })
    .toSorted((a, b) => a.at - b.at)
}

const eventsOf = (ask: Readonly<AskState>, run: string, replied: Replied): ReadonlyArray<Event> => {
  const { at, reply, run: from } = replied
  const { content: _, model, stopReason, usage, declined, requestId } = reply
  const costUsd = Price.usdOf(model, usage, {}, declined)
  const priced = { model, usage, ...(declined && { declined }), ...(costUsd !== undefined && { costUsd }) }
  const stamp = { version, run, ask: ask.name, part: ask.part } as const
  const answered = (at: number, durationMillis: number): ReadonlyArray<Event> =>
    isAnswer(reply) && !ask.isReasked ? [{ ...stamp, _tag: "Answered", at, model, usage, durationMillis }] : []
  if (from !== run) {
    // What was sent since is another turn than the one that it takes over.
    if (ask.dispatches > 0 || ask.reused !== undefined) return []
    const startedAt = ask.startedAt ?? at
    return [{ ...stamp, ...priced, _tag: "Reused", at: startedAt, paidAt: at, from }, ...answered(startedAt, 0)]
  }
  // A reply from before the latest request is one that the ask has gone on from.
  if (ask.sentAt === undefined || at < ask.sentAt) return []
  const durationMillis = at - ask.sentAt
  const paid: ReadonlyArray<Event> =
    ask.inFlight === 0
      ? []
      : [
          {
            ...stamp,
            ...priced,
            ...(requestId !== undefined && { requestId }),
            _tag: "Replied",
            at,
            attempt: ask.attempt,
            stopReason,
            durationMillis
          }
        ]
  return [...paid, ...answered(at, durationMillis)]
}
