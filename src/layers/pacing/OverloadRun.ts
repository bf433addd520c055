/** Counts how many of the latest calls of a model class met an overload (529) one after the other: many are an outage. */
import type { Ticket } from "./Ticket.ts"

/** How many of the latest calls are looked at. */
const observedCalls = 8

/** A call that has been under way for this multiple of a rejection's latency was accepted. */
const latencies = 2

/** Calls in a row that met an overload, and the number of moments at which they left. */
export interface Overloads {
  readonly calls: number
  readonly moments: number
}

export class OverloadRun {
  /** In the order of dispatch. */
  readonly #latest: Array<Ticket> = []

  onDispatch(ticket: Ticket): void {
    this.#latest.push(ticket)
    if (this.#latest.length > observedCalls) this.#latest.shift()
  }

  /**
   * The calls in a row that met an overload, up to the latest one, without an accepted one among them. In the order of dispatch,
   * as a rejection arrives before the replies to calls that left earlier. To be called after `ticket` was rejected.
   */
  latest(ticket: Ticket, now: number): Overloads {
    const acceptedAfterMillis = latencies * (now - ticket.sentAt)
    const moments = new Set<number>()
    let calls = 0
    for (const { headersSeen, isOverloaded, isReleased, sentAt } of this.#latest.toReversed()) {
      if (isOverloaded) {
        calls++
        moments.add(sentAt)
      } else if (headersSeen || (!isReleased && now - sentAt > acceptedAfterMillis)) break
    }
    return { calls, moments: moments.size }
  }
}
