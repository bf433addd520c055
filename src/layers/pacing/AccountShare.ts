/**
 * The share of a limit that this process uses: all of it, unless calls are rejected that the limit should have let pass, as
 * another process uses the same account. Decreased by a factor and increased by an amount, the shares of several processes
 * converge; what remains of the limit tells all of them at once whether their shares add up to more than there is.
 */

/** What a rejection leaves of the share: with two processes, each then has its half. */
const decrease = 1 / 2
const minShare = 1 / 4

/** Growth a second while there is room that nobody takes, and while there is little; shrinkage while there is none. */
const growthWithRoom = 0.25
const growthWithoutRoom = 0.1
const shrinkage = 0.5

/** There is room where half of the limit remains, or what flows in within this time. */
const roomShare = 1 / 2
const roomMillis = 250

/** Below this share of the limit, nothing of it is free. */
const emptyShare = 0.2

/** Between two responses that show whether more remains than before: several calls of every process. */
const trendMillis = 200

/** A longer pause without a response is no evidence for room. */
const maxSeconds = 0.5

/** The others are assumed to be still there for so long after a rejection. */
const sharedMillis = 10_000

/**
 * While the limit is shared, so much of it is left for calls of the others that no response has counted: of what it holds beyond
 * two calls, and at most what flows in within the time of room.
 */
const reservedShare = 0.4
const unreservedCalls = 2

export class AccountShare {
  /** From a quarter to 1. */
  value = 1
  #changedAt = 0
  #sharedUntil = 0
  /** What remained of the limit lately, and whether it was less before. */
  #latest = { at: 0, share: 0 }
  #isFalling = false

  /** A call was rejected although the limit should have let it pass. */
  onRejected(now: number): void {
    this.value = Math.max(minShare, this.value * decrease)
    this.#changedAt = now
    this.#sharedUntil = now + sharedMillis
  }

  isShared(now: number): boolean {
    return now < this.#sharedUntil
  }

  /** What is left for the others of a limit that holds so much, and of which so much flows in within a millisecond. */
  reserve(held: number, perMilli: number, now: number): number {
    if (!this.isShared(now)) return 0
    return Math.max(0, Math.min(reservedShare * (held - unreservedCalls), roomMillis * perMilli))
  }

  /** The response to a call that left then reports that this share of the limit remains, which flows in within so many milliseconds. */
  onRemaining(remainingShare: number, inflowMillis: number, sentAt: number, now: number): void {
    if (this.value === 1) return
    if (sentAt > this.#latest.at + trendMillis) {
      this.#isFalling = remainingShare < this.#latest.share
      this.#latest = { at: sentAt, share: remainingShare }
    }
    const seconds = Math.min(maxSeconds, (now - this.#changedAt) / 1000)
    this.#changedAt = now
    const hasRoom = remainingShare >= roomShare || inflowMillis >= roomMillis
    // After a rest of all processes much remains, and they are taking it.
    if (hasRoom) this.value += this.#isFalling ? 0 : growthWithRoom * seconds
    else if (remainingShare >= emptyShare) this.value += growthWithoutRoom * seconds
    else this.value -= this.value * shrinkage * seconds
    this.value = Math.min(1, Math.max(minShare, this.value))
  }
}
