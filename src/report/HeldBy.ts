/** What held calls back before they left, as far as the events say: limits of the account, or overloads of the API. */
import type { Event } from "../claude/Event.ts"
import type { Stretch } from "./Phases.ts"
import type { View } from "./View.ts"

/** As of `layers/pacing/CoolDown.ts`: so many overloads in a row, without a reply between them, make the calls rest. */
const outageLength = 3

/** Longer than the longest rest there, and the gaps between the first calls after it, in milliseconds. */
const recoveryMillis = 2000

export class HeldBy {
  #overloadsInRow = 0
  readonly #overloads: Array<number> = []
  readonly #limits: Array<number> = []

  add(event: Event): void {
    if (event._tag === "Replied") this.#overloadsInRow = 0
    if (event._tag !== "AttemptFailed") return
    if (event.reason === "RateLimited") this.#limits.push(event.at)
    if (event.reason === "Overloaded" && ++this.#overloadsInRow >= outageLength) this.#overloads.push(event.at)
  }

  /** By the stretches of all asks: what has nine tenths of their time, else both; `undefined` for the limits. */
  of(stretches: () => Iterable<Stretch>): View["heldBy"] {
    if (this.#overloads.length === 0) return undefined
    let [byOverloads, all] = [0, 0]
    for (const { from, phase, to } of stretches()) {
      if (phase !== "paced") continue
      all += to - from
      if (isIn(this.#overloads, from, to) && !isIn(this.#limits, from, to)) byOverloads += to - from
    }
    if (byOverloads === 0) return undefined
    return byOverloads > all * 0.9 ? "overloads" : byOverloads < all * 0.1 ? undefined : "limits and overloads"
  }
}

/** Whether one of the times, which are in order, is in the stretch or shortly before it. */
const isIn = (times: ReadonlyArray<number>, from: number, to: number): boolean => {
  let [low, high] = [0, times.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (times[middle]! < from - recoveryMillis) low = middle + 1
    else high = middle
  }
  return low < times.length && times[low]! <= to
}
