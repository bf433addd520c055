/** Counts how many of the latest calls of a model class met an overload (529) one after the other: many are an outage. */
import type { Ticket } from "./Ticket.ts"

/** How many of the latest calls are looked at. */
const observedCalls = 8

/** A call that has been under way for this multiple of a rejection's latency was accepted. */
const latencies = 2

export class OverloadRun {
  /** In the order of dispatch. */
  readonly #latest: Array<Ticket> = []

  onDispatch(ticket: Ticket): void {
    this.#latest.push(ticket)
    if (this.#latest.length > observedCalls) this.#latest.shift()
  }

  /**
   * How many times in a row a call met an overload, up to the latest one, without an accepted one among them; calls that left
   * at the same moment count once. In the order of dispatch, as a rejection arrives before the replies to calls that left
   * earlier. To be called after `ticket` was rejected.
   */
  length(ticket: Ticket, now: number): number {
    const acceptedAfterMillis = latencies * (now - ticket.sentAt)
    const times = new Set<number>()
    for (const { headersSeen, isOverloaded, isReleased, sentAt } of this.#latest.toReversed()) {
      if (isOverloaded) times.add(sentAt)
      else if (headersSeen || (!isReleased && now - sentAt > acceptedAfterMillis)) break
    }
    return times.size
  }
}
