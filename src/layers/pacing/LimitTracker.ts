/** One limit of a model class (requests, input or output tokens), as configured by the user or learned from replies. */
import type { ReportedLimit } from "../../claude/RateLimitHeaders.ts"
import type { LearnedLimit } from "./LearnedLimits.ts"
import type { Kind } from "./LimitKind.ts"
import { AccountShare } from "./AccountShare.ts"
import { jitterMillis, RecentCalls } from "./RecentCalls.ts"
import { minuteMillis, RefillWindow } from "./RefillWindow.ts"
import { TokenBucket } from "./TokenBucket.ts"

/** What one call has reserved of a limit. */
export interface Share {
  reserved: number
  /** What all calls had taken when this one left. */
  takenAtDispatch: number
  /** How much more than reserved it may turn out to take. */
  readonly uncertainty: number
  /** What calls had taken just before, which it may overtake on the way: the response does not count them then. */
  readonly overtaken: number
  /** Its place in the order of dispatch, from 1. */
  readonly nth: number
  isSettled: boolean
}

/** Other processes may share the account, and an estimate may be wrong, by this factor before a smaller bucket is assumed. */
const tolerance = 2

/** The part of a bucket below a minute's worth that is used: the rest is for the delays of the network. */
const usedShare = 0.8

const jitterMinutes = jitterMillis / minuteMillis

/** A change of the granted share that others must make room for, and the time within which they have. */
const noticeableChange = 0.05
const settlingMillis = 2000

export class LimitTracker {
  readonly #configured: number | undefined
  readonly #kind: Kind
  #bucket: TokenBucket | undefined
  /** Bounds how fast a bucket may be emptied that is reported to hold a minute's worth. */
  #slope: TokenBucket | undefined
  #taken = 0
  #dispatched = 0
  #uncertainty = 0
  #underWay = 0
  readonly #recent = new RecentCalls()
  /** Units of the bucket for each of a header's `remaining`: below 1 where the limit is enforced below the minute. */
  #unitsPerRemaining: number | undefined
  #isHidden = false
  #reportedLimit: number | undefined
  readonly #window = new RefillWindow()
  readonly #share = new AccountShare()
  /** What this process may use of the limit beside others that it knows, and what those have taken since it knows them. */
  #granted = 1
  #grantedSince = 0
  #isEstimated = false
  #othersTaken = 0
  /** A minute's worth, and the most at once, of which the bucket is the granted share. */
  #whole = { limit: 0, capacity: 0 }
  /** When a response first reported the limit. */
  #knownSince = Number.POSITIVE_INFINITY
  /** When the latest of the first calls was rejected, which left before the limit was known, and what had been taken by then. */
  #firstRejected = { at: Number.NEGATIVE_INFINITY, taken: 0 }
  /** What an earlier run learned. */
  readonly #remembered: LearnedLimit | undefined

  /** `share`: how much of a remembered burst may leave at once to begin with. A configured limit overrides a remembered one. */
  constructor(configured: number | undefined, kind: Kind, now: number, remembered?: LearnedLimit, share = 1) {
    this.#configured = configured
    this.#kind = kind
    this.#remembered = remembered
    if (configured !== undefined) this.#begin(configured, kind.burstOf(configured), now)
    else if (remembered !== undefined) this.#beginWith(remembered, share, now)
  }

  /** What another run should remember. */
  get learned(): LearnedLimit | undefined {
    if (this.#reportedLimit === undefined || this.#unitsPerRemaining === undefined || this.#bucket === undefined) {
      return this.#remembered
    }
    const windowMillis = this.#window.millisOf(this.#reportedLimit, this.#unitsPerRemaining)
    const isAMinutesWorth = this.#unitsPerRemaining === 1 && windowMillis === minuteMillis
    const burst = isAMinutesWorth ? undefined : this.#whole.capacity
    const limit = Math.max(1, (this.#reportedLimit * minuteMillis) / windowMillis)
    return { limit, burst, isHidden: this.#isHidden || undefined }
  }

  /** A minute's worth; `undefined` while nothing is known. */
  get limit(): number | undefined {
    return this.#bucket === undefined ? undefined : this.#whole.limit
  }

  /** What all calls have taken. */
  get taken(): number {
    return this.#taken
  }

  /** The share of the limit that the calls since then have used, which had taken `takenBefore` so many milliseconds ago. */
  usedShare(takenBefore: number, millis: number): number {
    if (this.#bucket === undefined || millis <= 0) return 0
    return ((this.#taken - takenBefore) * minuteMillis) / (millis * this.#whole.limit)
  }

  /** This process may use that share of the limit, and all processes with such a share have taken so much beside it. */
  setGranted(granted: number, othersTaken: number, now: number): void {
    this.#othersTaken = othersTaken
    if (this.#isEstimated) this.#share.value = 1
    this.#isEstimated = false
    if (granted === this.#granted) return
    if (Math.abs(granted - this.#granted) > noticeableChange) this.#grantedSince = now
    this.#granted = granted
    if (this.#bucket !== undefined) this.#resize(this.#whole.limit, this.#whole.capacity, now)
  }

  /** The other processes cannot be asked: begins with the last share, and looks for more or less by itself. */
  estimateShare(): void {
    if (this.#granted === 1) return
    this.#share.value *= this.#granted
    this.#granted = 1
    this.#isEstimated = true
  }

  /** The most that it may hold, as configured or reported in this run; `undefined` while neither. */
  get heldAtMost(): number | undefined {
    const reported = this.#reportedLimit
    const configured = this.#configured
    return reported === undefined ? configured : Math.min(reported, configured ?? reported)
  }

  waitMillis(amount: number, now: number): number {
    return Math.max(this.#bucket?.waitMillis(amount, now) ?? 0, this.#slope?.waitMillis(amount, now) ?? 0)
  }

  /** Reserves what a call is expected to take; `max` where that may turn out to be more. */
  reserve(amount: number, now: number, max = amount): Share {
    this.#take(amount, now)
    this.#underWay += amount
    const uncertainty = max - amount
    this.#uncertainty += uncertainty
    return {
      reserved: amount,
      uncertainty,
      takenAtDispatch: this.#taken,
      overtaken: this.#recent.add(amount, now),
      nth: ++this.#dispatched,
      isSettled: false
    }
  }

  /** Replaces what was reserved by what was taken. */
  settle(share: Share, actual: number, now: number): void {
    this.#take(actual - share.reserved, now)
    if (!share.isSettled) {
      this.#underWay -= share.reserved
      this.#uncertainty -= share.uncertainty
    }
    share.isSettled = true
    share.takenAtDispatch += actual - share.reserved
    share.reserved = actual
  }

  /**
   * Learns from the headers of the reply to a call that was sent then. What is gone of a limit should be what was taken from
   * it: if more is gone, it is enforced below the minute, or shared with others, and bursts are reduced in proportion.
   */
  onAccepted(reportedLimit: ReportedLimit, taken: Share, sentAt: number, now: number): void {
    const { limit: reported, remaining } = reportedLimit
    this.#window.observe(reportedLimit, this.#kind.rounding, sentAt, now, taken.takenAtDispatch)
    if (this.#kind.rounding === 0) this.#window.onAccepted(reported, sentAt)
    this.#knownSince = Math.min(this.#knownSince, now)
    const isFirst = this.#unitsPerRemaining === undefined
    const gone = Math.max(0, reported - remaining - this.#kind.rounding)
    const used = Math.max(this.#taken, taken.takenAtDispatch) + this.#uncertainty + this.#othersTaken
    const isAMinutesWorth = (this.#unitsPerRemaining ?? 1) === 1 && gone <= tolerance * used
    // Requests may have overtaken each other, so the smallest of several such proportions is the reliable one.
    // Where the first calls were rejected, others may have taken what they lacked; after the rest, the bucket is full again.
    const isClear = sentAt > this.#firstRejected.at
    const counted = Math.max(0, taken.takenAtDispatch - this.#firstRejected.taken + this.#othersTaken)
    const proportion = gone > 0 && isClear ? (usedShare * counted) / gone : 1
    const burst = this.#kind.burstOf(this.#perMinute(reported))
    const smallest = Math.min(this.#unitsPerRemaining ?? 1, proportion, burst / reported)
    const units = (this.#unitsPerRemaining = isAMinutesWorth ? 1 : smallest)
    const limit = this.#perMinute(reported)
    const held = Math.min(reported, this.#configured ?? reported) * units
    const bucket = this.#bucket ?? this.#begin(limit, 0, now)
    const jitter = Math.min(1 + limit * jitterMinutes, held / 4)
    const margin = units === 1 ? Math.min(this.#kind.rounding, held / 10) || jitter : 0
    const refilled = ((now - sentAt) * limit) / 60_000
    const uncounted =
      this.#kind.isCountedLate === true ? this.#underWay : Math.max(0, this.#taken - taken.takenAtDispatch)
    const isLatest = taken.nth === this.#dispatched
    this.#share.onRemaining(remaining / reported, (remaining * units * minuteMillis) / limit, sentAt, now)
    const share = this.#share.value
    const reserve = this.#kind.rounding === 0 ? this.#share.reserve(held, limit / minuteMillis, now) : 0
    // What remains may be taken by the others too, each of them its share.
    const level = (remaining * units + refilled - margin - reserve) * this.#granted * share - uncounted
    this.#resize(limit * share, Math.max(1, (held - margin) * share), now)
    // Only the reply to the latest request counts all others, so an earlier one may lower the level but not raise it.
    const earlierLevel = this.#kind.rounding === 0 ? level - taken.overtaken : Number.NEGATIVE_INFINITY
    // What the others leave is used at once; of a smaller bucket, the level follows what was taken unless others take of it.
    const mayRaise = this.#share.isShared(now) ? !this.#isHidden && this.#configured === undefined : units === 1
    if (isFirst || (mayRaise && isLatest)) bucket.set(level, now)
    else if (mayRaise && earlierLevel > bucket.level(now)) bucket.set(earlierLevel, now)
    else bucket.lowerTo(level, now)
    const { slope } = this.#kind
    if (units < 1) this.#slope = undefined
    if (units < 1 || slope === undefined) return
    const burstAtOnce = Math.max(1, slope.burstOf(limit) * this.#granted)
    this.#slope ??= new TokenBucket(1, burstAtOnce, now)
    this.#slope.resize(limit * slope.steepness * this.#granted, burstAtOnce, now)
  }

  /** Learns from the headers of a 429; `isOfNewCause` if the call left after the last one. Returns whether this limit explains it, as less than `needed` remained. */
  onRejected(
    reported: ReportedLimit | undefined,
    needed: number,
    sentAt: number,
    now: number,
    isOfNewCause: boolean
  ): boolean {
    if (reported === undefined) return false
    const isFirst = this.#knownSince > now
    if (this.#kind.rounding === 0 && (isFirst || sentAt <= this.#firstRejected.at)) {
      this.#onFirstRejected(reported, needed, now)
    }
    const isExplained = reported.remaining * (this.#unitsPerRemaining ?? 1) - this.#kind.rounding < needed
    if (isExplained) this.#window.onEmpty(reported.limit, sentAt, this.#taken)
    this.#window.observe(reported, this.#kind.rounding, sentAt, now, this.#taken)
    // Estimates of tokens may be wrong without another process.
    const since = Math.max(this.#knownSince, this.#grantedSince + settlingMillis)
    // Assumed: also a small bucket holds a second's worth, unless others have taken of it.
    const isUnexpected = sentAt > since || (isFirst && this.#granted === 1 && this.#taken <= reported.limit / 60)
    const isShared = isExplained && isOfNewCause && this.#kind.rounding === 0 && isUnexpected
    this.#knownSince = Math.min(this.#knownSince, now)
    if (isShared) this.#share.onRejected(now)
    const limit = this.#perMinute(reported.limit)
    const bucket = this.#bucket ?? this.#begin(limit, this.#kind.burstOf(limit), now)
    this.#resize(limit * this.#share.value, this.#whole.capacity, now)
    if (isExplained) bucket.lowerTo(0, now)
    return isExplained
  }

  /** A call was rejected that left before the limit was known. */
  #onFirstRejected({ limit, remaining }: ReportedLimit, needed: number, now: number): void {
    this.#firstRejected = { at: now, taken: this.#taken }
    const units = Math.min(1, this.#kind.burstOf(limit) / limit)
    // What remains is of a smaller bucket, scaled to the limit.
    if (remaining >= needed && remaining * units < needed) this.#unitsPerRemaining ??= units
  }

  /** Allows smaller bursts only, although the headers report more: a 429 was explained by none of them. */
  distrustHeaders(now: number): void {
    if (this.#bucket === undefined) return
    const { capacity, limit } = this.#whole
    const smaller = Math.max(1, Math.min(capacity / 2, this.#kind.burstOf(limit)))
    this.#isHidden = true
    this.#unitsPerRemaining = Math.min(1, smaller / (this.#reportedLimit ?? limit))
    this.#window.ignore()
    this.#resize(limit, smaller, now)
    this.#bucket.lowerTo(0, now)
    this.#slope = undefined
  }

  #beginWith({ burst, isHidden, limit }: LearnedLimit, share: number, now: number): void {
    const capacity = Math.min(this.#kind.burstOf(limit), burst ?? Number.POSITIVE_INFINITY)
    this.#begin(limit, capacity, now).set(Math.max(1, capacity * share), now)
    // A burst that the headers do not report must be known beforehand; an old one is learned anew.
    if (isHidden !== true || share < 1) return
    this.#isHidden = true
    this.#unitsPerRemaining = Math.min(1, capacity / limit)
  }

  /** What flows in within a minute, of a limit that the headers report. */
  #perMinute(reported: number): number {
    this.#reportedLimit = reported
    const windowMillis = this.#window.millisOf(reported, this.#unitsPerRemaining ?? 1)
    return Math.min((reported * minuteMillis) / windowMillis, this.#configured ?? Number.POSITIVE_INFINITY)
  }

  /** Makes the bucket, full. */
  #begin(limit: number, capacity: number, now: number): TokenBucket {
    this.#whole = { limit, capacity }
    return (this.#bucket = new TokenBucket(limit * this.#granted, capacity * this.#granted, now))
  }

  #resize(limit: number, capacity: number, now: number): void {
    this.#whole = { limit, capacity }
    const granted = this.#granted === 1 ? capacity : Math.max(1, capacity * this.#granted)
    this.#bucket?.resize(limit * this.#granted, granted, now)
  }

  #take(amount: number, now: number): void {
    this.#taken += amount
    this.#bucket?.take(amount, now)
    this.#slope?.take(amount, now)
  }
}
