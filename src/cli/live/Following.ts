/** Follows a run of the journal, whichever process runs it, until it ends or has no process any more. */
import { Effect } from "effect"
import type { Event } from "../../claude/Event.ts"
import type { EventPosition, Followed, Journal, JournalError } from "../../journal/Journal.ts"

/** Between two looks: a query that reads what is new by an index. */
const pollInterval = "200 millis"

/** Hands each event on in order; gives the end of the run, `undefined` where it has none and nobody goes on with it. */
export const follow = Effect.fnUntraced(function* (
  journal: typeof Journal.Service,
  run: string,
  onEvent: (event: Event) => Effect.Effect<void>
): Effect.fn.Return<Followed["end"], JournalError> {
  let since: EventPosition | undefined
  for (;;) {
    const { end, events, isLive, position } = yield* journal.follow(run, since)
    yield* Effect.forEach(events, onEvent, { discard: true })
    if (!isLive) return end
    since = position
    yield* Effect.sleep(pollInterval)
  }
})
