/** What calls have just taken of a limit: a call may overtake them on the way, and its response does not count them then. */

/** How much too early a request may arrive: the network's jitter. */
export const jitterMillis = 50

export class RecentCalls {
  /** One entry for each millisecond, and their sum. */
  readonly #recent: Array<{ readonly at: number; amount: number }> = []
  #sum = 0

  /** Adds what a call takes, and returns what others took within `jitterMillis` before. */
  add(amount: number, now: number): number {
    while (this.#recent.length > 0 && this.#recent[0]!.at < now - jitterMillis) {
      this.#sum -= this.#recent.shift()!.amount
    }
    // Without an entry there is no rounding error to carry along.
    const before = this.#recent.length === 0 ? 0 : this.#sum
    this.#sum = before + amount
    const last = this.#recent.at(-1)
    if (last?.at === now) last.amount += amount
    else this.#recent.push({ at: now, amount })
    return before
  }
}
