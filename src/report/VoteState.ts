/** What the votes of an ask add to its state. */
import { afterDeclining, type AskEvent, type AskState, pay, paymentOf, reusedAfter } from "./AskState.ts"

/**
 * Changes the state of an ask by an event of one of its votes: requests, usage and cost of an ask are those of all its votes.
 * `inFlight`: by how much the event changes the vote's.
 */
export const apply = (ask: AskState, event: AskEvent, inFlight: number): void => {
  ask.inFlight += inFlight
  pay(ask, paymentOf(event))
  switch (event._tag) {
    case "Started":
      if (event.vote !== undefined) ask.votes = { count: event.vote.count, ended: ask.votes?.ended ?? 0 }
      return
    case "Dispatched":
      ask.dispatchedAt ??= event.batched === true ? (ask.startedAt ?? event.at) : event.at
      ask.dispatches++
      ask.model = event.model
      ask.status = "asking"
      return
    case "Replied":
      ask.model = event.model
      if (event.declined !== undefined) ask.fallbacks = [...(ask.fallbacks ?? []), ...afterDeclining(event)]
      return
    case "Reused":
      ask.model = event.model
      ask.reused = reusedAfter(ask.reused, event)
      return
    case "FellBack":
      ask.fallbacks = [...(ask.fallbacks ?? []), event]
      return
    case "Answered":
    case "Failed":
    case "Interrupted":
      if (ask.votes !== undefined) ask.votes = { ...ask.votes, ended: ask.votes.ended + 1 }
  }
}
