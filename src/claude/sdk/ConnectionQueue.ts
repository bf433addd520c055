/** Lets requests wait for one of the HTTP/1.1 connections that the process may open, before their attempts begin. */
import { Effect } from "effect"
import type { AnyFiber } from "../../scheduling/FiberClock.ts"
import { WaitingQueue } from "../../scheduling/WaitingQueue.ts"
import type { Send } from "../Attempt.ts"
import { mark, observe } from "../ObservedSend.ts"

/** A request, and whether it was admitted. */
interface Place {
  isTaken: boolean
}

export class ConnectionQueue {
  readonly #queue = new WaitingQueue<Place>()
  #taken = 0

  /**
   * Returns a `send` that admits at most `max()` requests at once; an infinite number is not counted. The others are queued:
   * they are not dispatched, so that no time limit of an attempt runs and no second copy is sent. Attempts are observed.
   */
  around(unobserved: Send, max: () => number): Send {
    const send = observe(unobserved)
    return mark((request) =>
      Effect.withFiber((fiber) => {
        const places = max()
        if (places === Number.POSITIVE_INFINITY) return send(request)
        const place: Place = { isTaken: this.#queue.first === undefined && this.#taken < places }
        if (place.isTaken) this.#taken++
        const admitted = place.isTaken ? send(request) : Effect.andThen(this.#queue.wait(place), send(request))
        return Effect.onExit(admitted, () => {
          if (place.isTaken) this.#leave(max(), fiber)
          return Effect.void
        })
      })
    )
  }

  #leave(places: number, fiber: AnyFiber): void {
    this.#taken--
    for (let next = this.#queue.first; next !== undefined && this.#taken < places; next = this.#queue.first) {
      next.value.isTaken = true
      this.#taken++
      next.release(Effect.void, fiber)
    }
  }
}

/** The queue of this process, as all of its clients share the limit of open files. */
export const processQueue = new ConnectionQueue()
