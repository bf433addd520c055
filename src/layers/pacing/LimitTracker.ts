/** One limit of a model class, as far as it is known: told by the user, or learned from the headers of replies. */
import { TokenBucket } from "./TokenBucket.ts"
import type { Found } from "./LearnedLimits.ts"
import type { Said } from "../../claude/RateLimitHeaders.ts"

/** A call's share, and how much had been taken by all when it left. */
export interface Share {
  reserved: number
  takenThen: number
  /** How much more it may turn out to be. */
  readonly doubt: number
  /** How many had left by then, this one included. */
  readonly nth: number
  /** It is no longer under way. */
  isSettled: boolean
}

/** Other processes may share the account, and an estimate may be wrong by as much, before a bucket is held for smaller. */
const tolerance = 2

/** Of a bucket that is smaller than a minute's worth, what is used of it: the rest is for what the network delays. */
const caution = 0.8

/** How long before its time a request may arrive, in minutes: 50 ms. */
const jitterMinutes = 1 / 1200

/** What a limit counts: how much of it may leave at once, how `remaining` is rounded, how steep it may be used up. */
export interface Kind {
  /** While no header has told, in relation to the limit. */
  readonly burstOf: (limit: number) => number
  /** By how much `remaining` may be rounded up; 0 where single things are counted. */
  readonly rounding: number
  /** How fast a full bucket may be emptied, so that a refusal comes in time. Default: at once. */
  readonly slope?: {
    readonly burstOf: (limit: number) => number
    /** How many times faster than it flows in. */
    readonly steepness: number
  }
  /** Counted as it comes into being, so that what is under way is not yet in the headers. */
  readonly isCountedLate?: boolean
}

export class LimitTracker {
  readonly #told: number | undefined
  readonly #kind: Kind
  #bucket: TokenBucket | undefined
  /** How fast a bucket may be emptied that is said to hold a minute's worth. */
  #slope: TokenBucket | undefined
  #taken = 0
  #leavings = 0
  #doubt = 0
  #underWay = 0
  /** What one of a header's `remaining` is worth: less than 1 where the limit is enforced below the minute. */
  #worth: number | undefined
  #isHidden = false
  /** What the last header told of the whole limit. */
  #said: number | undefined
  /** What an earlier run found. */
  readonly #known: Found | undefined

  /** `share`: how much of what is known may leave at once to begin with. What is told counts more than what is known. */
  constructor(told: number | undefined, kind: Kind, now: number, known?: Found, share = 1) {
    this.#told = told
    this.#kind = kind
    this.#known = known
    if (told !== undefined) this.#bucket = new TokenBucket(told, kind.burstOf(told), now)
    else if (known !== undefined) this.#begin(known, share, now)
  }

  /** What another run should know. */
  get found(): Found | undefined {
    if (this.#said === undefined || this.#worth === undefined || this.#bucket === undefined) return this.#known
    const burst = this.#worth < 1 ? this.#bucket.capacity : undefined
    return { limit: this.#said, burst, isHidden: this.#isHidden || undefined }
  }

  /** A minute's worth; `undefined` while nothing is known. */
  get limit(): number | undefined {
    return this.#bucket?.limit
  }

  waitMillis(amount: number, now: number): number {
    return Math.max(this.#bucket?.waitMillis(amount, now) ?? 0, this.#slope?.waitMillis(amount, now) ?? 0)
  }

  /** Takes what a call is expected to need; `most` where that may turn out to be more. */
  take(amount: number, now: number, most = amount): Share {
    this.#add(amount, now)
    this.#underWay += amount
    const doubt = most - amount
    this.#doubt += doubt
    return { reserved: amount, doubt, takenThen: this.#taken, nth: ++this.#leavings, isSettled: false }
  }

  /** Puts what was really taken in the place of what was reserved. */
  settle(share: Share, actual: number, now: number): void {
    this.#add(actual - share.reserved, now)
    if (!share.isSettled) {
      this.#underWay -= share.reserved
      this.#doubt -= share.doubt
    }
    share.isSettled = true
    share.takenThen += actual - share.reserved
    share.reserved = actual
  }

  /**
   * Learns from the reply to a call that left at `leftAt`. What is gone of a limit should be what was taken from it: if
   * more is gone, it is enforced below the minute, or shared with others, and bursts are cut down in proportion.
   */
  learn({ limit: said, remaining }: Said, share: Share, leftAt: number, now: number): void {
    this.#said = said
    const limit = Math.min(said, this.#told ?? said)
    const isFirst = this.#worth === undefined
    const gone = Math.max(0, said - remaining - this.#kind.rounding)
    const used = Math.max(this.#taken, share.takenThen) + this.#doubt
    const isWhole = (this.#worth ?? 1) === 1 && gone <= tolerance * used
    // Requests may have overtaken each other, so that the least of several such proportions is the one to rely on.
    const proportion = gone > 0 ? (caution * Math.max(0, share.takenThen)) / gone : 1
    const least = Math.min(this.#worth ?? 1, proportion, this.#kind.burstOf(limit) / limit)
    const worth = (this.#worth = isWhole ? 1 : least)
    const bucket = (this.#bucket ??= new TokenBucket(limit, 0, now))
    const margin = worth === 1 ? Math.min(this.#kind.rounding, limit / 10) || 1 + limit * jitterMinutes : 0
    const refilled = ((now - leftAt) * limit) / 60_000
    const unseen = this.#kind.isCountedLate === true ? this.#underWay : Math.max(0, this.#taken - share.takenThen)
    const isLast = share.nth === this.#leavings
    const level = remaining * worth + refilled - unseen - margin
    bucket.resize(limit, Math.max(1, limit * worth - margin), now)
    // Requests overtake each other, so that only whoever left last tells of all the others, and nobody of more than there is.
    if (isFirst || (worth === 1 && isLast)) bucket.set(level, now)
    else bucket.lower(level, now)
    const { slope } = this.#kind
    if (worth < 1 || slope === undefined) return
    this.#slope ??= new TokenBucket(1, slope.burstOf(limit), now)
    this.#slope.resize(limit * slope.steepness, slope.burstOf(limit), now)
  }

  /** Learns from a refusal: where the headers do not explain it, bursts are at fault, and become smaller. */
  refuse(said: Said | undefined, needed: number, now: number): boolean {
    if (said === undefined) return false
    this.#said = said.limit
    const limit = Math.min(said.limit, this.#told ?? said.limit)
    const isExplained = said.remaining * (this.#worth ?? 1) - this.#kind.rounding < needed
    const bucket = (this.#bucket ??= new TokenBucket(limit, this.#kind.burstOf(limit), now))
    bucket.resize(limit, bucket.capacity, now)
    if (isExplained) bucket.lower(0, now)
    return isExplained
  }

  /** Allows smaller bursts only, though the headers may tell of more. */
  distrust(now: number): void {
    if (this.#bucket === undefined) return
    const { capacity, limit } = this.#bucket
    const smaller = Math.max(1, Math.min(capacity / 2, this.#kind.burstOf(limit)))
    this.#isHidden = true
    this.#worth = Math.min(1, smaller / limit)
    this.#bucket.resize(limit, smaller, now)
    this.#bucket.lower(0, now)
    this.#slope = undefined
  }

  #begin({ burst, isHidden, limit }: Found, share: number, now: number): void {
    const capacity = Math.min(this.#kind.burstOf(limit), burst ?? Number.POSITIVE_INFINITY)
    this.#bucket = new TokenBucket(limit, capacity, now)
    this.#bucket.set(Math.max(1, capacity * share), now)
    // A burst that the headers hide has to be known beforehand; an old one is to be found anew.
    if (isHidden !== true || share < 1) return
    this.#isHidden = true
    this.#worth = Math.min(1, capacity / limit)
  }

  #add(amount: number, now: number): void {
    this.#taken += amount
    this.#bucket?.take(amount, now)
    this.#slope?.take(amount, now)
  }
}
