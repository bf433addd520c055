/**
 * The share of a limit that this process uses: all of it, unless calls are rejected that the limit should have let pass, as
 * another process uses the same account. Decreased by a factor and increased slowly, the shares of several processes converge.
 */

/** What a rejection leaves of the share: with two processes, each then has its half. */
const decrease = 1 / 2
const minShare = 1 / 4

/** Growth a second, as a share of it: while there is room, so that the others seem to have ended, and while there is hardly any. */
const growthWithRoom = 0.5
const growthWithoutRoom = 0.1

/** There is room where half of the limit remains, or what flows in within this time. */
const roomShare = 1 / 2
const roomMillis = 250

/** Below this share of the limit, nothing of it is free. */
const emptyShare = 0.2

export class AccountShare {
  /** From a quarter to 1. */
  value = 1
  #changedAt = 0

  /** A call was rejected although the limit was known when it left. */
  onRejected(now: number): void {
    this.value = Math.max(minShare, this.value * decrease)
    this.#changedAt = now
  }

  /** A response reports that this share of the limit remains, which flows in within so many milliseconds. */
  onRemaining(remainingShare: number, inflowMillis: number, now: number): void {
    if (this.value === 1) return
    const seconds = (now - this.#changedAt) / 1000
    this.#changedAt = now
    const hasRoom = remainingShare >= roomShare || inflowMillis >= roomMillis
    const growth = hasRoom ? growthWithRoom : remainingShare >= emptyShare ? growthWithoutRoom : 0
    this.value = Math.min(1, this.value * (1 + growth * seconds))
  }
}
