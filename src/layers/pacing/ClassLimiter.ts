/**
 * The calls of one model class: which of them wait, what each reserves of the account's limits, and when the next may leave.
 *
 * ```
 *                    a limit is configured or remembered
 *   (new class) ───────────────────────────────────────────► learned ◄───────────┐
 *        │                                                      │ ▲              │
 *        │ nothing is known                    429 unexplained  │ │ headers       │
 *        ▼                                     by any limit     ▼ │ report limits │
 *   awaiting first reply ──── first reply without limits ───► probing             │
 *        │                                                                       │
 *        └──── first headers report limits ──────────────────────────────────────┘
 *
 *   in each of them, on a 429 or the third 529 in a row:
 *                                    cooling down ── rest is over ──► reopening ── gaps below 2 ms ──► as before
 *                                         ▲                              │
 *                                         └──────── 429 or 529 ──────────┘
 * ```
 * `RateProbe` is the probing part, `LimitTracker` what is learned, `CoolDown` the rest and the reopening. A call may leave
 * when all of them let it.
 */
import { AskError, TooLarge } from "../../claude/AskError.ts"
import type { Usage } from "../../claude/Message.ts"
import type { RateLimitHeaders } from "../../claude/RateLimitHeaders.ts"
import { exceedsLimit } from "../../cost/TokenCount.ts"
import { numberText } from "../../options/NumberText.ts"
import { type Waiter, WaitingQueue } from "../../scheduling/WaitingQueue.ts"
import { CoolDown } from "./CoolDown.ts"
import { differs, type Learned } from "./LearnedLimits.ts"
import { type AccountLimits, input, output, requests } from "./LimitKind.ts"
import type { Taken } from "./LimitShare.ts"
import { LimitTracker } from "./LimitTracker.ts"
import { OverloadRun } from "./OverloadRun.ts"
import { initialCallsOf, RateProbe } from "./RateProbe.ts"
import type { Ticket } from "./Ticket.ts"

/** Output tokens of a reply before any has come: the 99th percentile of a public trace of conversations. */
const initialOutputTokens = 600

/** How many of the latest replies count in the expectation of the next one. */
const averagedReplies = 8

/** The first response may be to any of the calls that left together; those to the others come within this time. */
const headersWaitMillis = 50

/** A request of this share of a full bucket that is rejected nonetheless is larger than estimated, and than the bucket. */
const fullBucketShare = 0.8

/** Between two times that learned limits are stored. */
const storeGapMillis = 10_000

export class ClassLimiter {
  inFlight = 0
  readonly coolDown = new CoolDown()
  readonly #overloads = new OverloadRun()
  readonly #probe: RateProbe
  readonly #first = new WaitingQueue<Ticket, AskError>()
  readonly #retries = new WaitingQueue<Ticket, AskError>()
  #isRetrysTurn = false
  readonly #requests: LimitTracker
  readonly #input: LimitTracker
  readonly #output: LimitTracker
  #outputTokens = initialOutputTokens
  /** Counted input tokens for each that was estimated: below 1 where the cache helps, above in scripts of longer tokens. */
  #inputFactor = 1
  #replies = 0
  /** Estimated input tokens of the largest request that was accepted, which an invalid header may exclude. */
  #largestAccepted = 0
  /** Calls under way whose headers are not in. */
  #awaitingHeaders = 0
  /** No call leaves before, unless the headers of all under way are in. */
  #headersAwaitedUntil = 0
  /** What is stored for later runs. */
  #stored: Learned | undefined
  #nextStoreAt = 0

  /**
   * `isProbing` where no limit is configured; `remembered` is what an earlier run learned, `trust` the share of its burst to use.
   * `asks`: how many the run of the first call has.
   */
  constructor(
    isProbing: boolean,
    { itpm, otpm, rpm }: AccountLimits,
    now: number,
    asks: number,
    remembered: Learned = {},
    trust = 1
  ) {
    this.#requests = new LimitTracker(rpm, requests, now, remembered.requests, trust)
    this.#input = new LimitTracker(itpm, input, now, remembered.input)
    this.#output = new LimitTracker(otpm, output, now, remembered.output)
    const probed = rpm === undefined ? remembered.trial : undefined
    const isUnknown = isProbing && remembered.requests === undefined && probed === undefined
    this.#probe = new RateProbe(isUnknown, now, initialCallsOf(asks))
    if (probed !== undefined) this.#probe.beginWith(probed, trust, now)
    this.#stored = trust < 1 ? undefined : remembered
  }

  /** What is to be stored for later runs: when it is first learned, then from time to time, and with the last call. */
  takeLearned(now: number): Learned | undefined {
    const isLast = this.inFlight <= 1 && this.next === undefined
    if (now < this.#nextStoreAt && !isLast) return undefined
    const { learned } = this
    // As long as nothing is known, every reply may bring the first limit.
    if (learned.requests !== undefined || learned.trial !== undefined) this.#nextStoreAt = now + storeGapMillis
    if (!differs(learned, this.#stored)) return undefined
    this.#stored = learned
    return learned
  }

  /** What is known of the limits. */
  get learned(): Learned {
    return {
      requests: this.#requests.learned,
      input: this.#input.learned,
      output: this.#output.learned,
      trial: this.#probe.learned
    }
  }

  /** What all calls have taken of each limit. */
  get taken(): Taken {
    return { requests: this.#requests.taken, input: this.#input.taken, output: this.#output.taken }
  }

  /** The share used of the limit that was used most since that was taken, so many milliseconds ago. */
  usedShare(before: Taken, millis: number): number {
    return Math.max(
      this.#requests.usedShare(before.requests, millis),
      this.#input.usedShare(before.input, millis),
      this.#output.usedShare(before.output, millis)
    )
  }

  /** The class may use that share of each limit; `others`: what other processes have taken meanwhile. */
  setShare(share: number, others: Taken, now: number): void {
    this.#requests.setGranted(share, others.requests, now)
    this.#input.setGranted(share, others.input, now)
    this.#output.setGranted(share, others.output, now)
  }

  /** The other processes cannot be asked. */
  shareUnknown(): void {
    this.#requests.estimateShare()
    this.#input.estimateShare()
    this.#output.estimateShare()
  }

  /** No response has come, and no limit is known. */
  get isUnknown(): boolean {
    return this.#probe.isAwaitingFirstReply
  }

  queueOf(ticket: Ticket): WaitingQueue<Ticket, AskError> {
    return ticket.isRetry ? this.#retries : this.#first
  }

  /** The next in the order of arrival; where first tries and retries wait, they take turns. */
  get next(): Waiter<Ticket, AskError> | undefined {
    return this.#isRetrysTurn ? (this.#retries.first ?? this.#first.first) : (this.#first.first ?? this.#retries.first)
  }

  /** The error of a request with more input tokens than the limit ever lets pass; of one that is cached, what counts. */
  tooLargeError(ticket: Ticket): AskError | undefined {
    const limit = this.#input.heldAtMost
    if (limit === undefined) return undefined
    const tokens = Math.ceil(ticket.uncachedTokens * this.#inputFactor)
    return exceedsLimit(tokens, Math.max(limit, this.#largestAccepted)) ? tooLarge(tokens, limit) : undefined
  }

  /** How long until this call may leave, in milliseconds; infinite where another has to end first. */
  waitMillis(ticket: Ticket, now: number): number {
    return Math.max(
      0,
      this.#headersAwaitedUntil - now,
      this.coolDown.waitMillis(now),
      this.#probe.waitMillis(now),
      this.#requests.waitMillis(1, now),
      this.#input.waitMillis(this.#inputTokensOf(ticket), now),
      this.#output.waitMillis(this.#outputTokensOf(ticket), now)
    )
  }

  /** Admits a call: reserves what it is expected to take of each limit. */
  admit(ticket: Ticket, now: number): void {
    this.inFlight++
    this.#awaitingHeaders++
    this.#isRetrysTurn = !ticket.isRetry
    this.coolDown.onDispatch(now)
    this.#overloads.onDispatch(ticket)
    this.#probe.yieldTo(this.#requests.limit)
    this.#probe.onDispatch(now)
    ticket.sentAt = now
    ticket.shares = {
      requests: this.#requests.reserve(1, now),
      input: this.#input.reserve(this.#inputTokensOf(ticket), now),
      output: this.#output.reserve(this.#outputTokensOf(ticket), now, ticket.request.maxTokens)
    }
  }

  /** Gives back what a call reserved and the API did not count: it never left, or was rejected. */
  giveBack({ shares }: Ticket, now: number, isOverload = false): void {
    if (shares === undefined) return
    // An overloaded API is not sent another request at once instead.
    if (!isOverload) this.#requests.settle(shares.requests, 0, now)
    this.#input.settle(shares.input, 0, now)
    this.#output.settle(shares.output, 0, now)
  }

  /** A call has ended: what it reserved and was not settled counts as taken. */
  release({ headersSeen, shares }: Ticket, now: number): void {
    this.inFlight--
    if (!headersSeen) this.#onHeadersSeen()
    this.#probe.onEnd(now)
    if (shares !== undefined) this.#output.settle(shares.output, shares.output.reserved, now)
  }

  /** Replaces what was reserved by what a reply used; input tokens read from the cache do not count. */
  settle(ticket: Ticket, { cacheCreationInputTokens, inputTokens, outputTokens }: Usage, now: number): void {
    const counted = inputTokens + cacheCreationInputTokens
    const weight = 1 / Math.min(++this.#replies, averagedReplies)
    this.#outputTokens += (outputTokens - this.#outputTokens) * weight
    this.#inputFactor += (counted / ticket.inputTokens - this.#inputFactor) * weight
    if (ticket.shares === undefined) return
    this.#input.settle(ticket.shares.input, counted, now)
    this.#output.settle(ticket.shares.output, outputTokens, now)
  }

  /** Learns from the headers of the response to a call that was accepted; once for each call. */
  onAccepted(ticket: Ticket, reported: RateLimitHeaders, now: number): void {
    const { sentAt, shares } = ticket
    if (ticket.headersSeen || shares === undefined) return
    ticket.headersSeen = true
    this.#largestAccepted = Math.max(this.#largestAccepted, ticket.uncachedTokens)
    if (this.isUnknown && reported.requests !== undefined) this.#headersAwaitedUntil = now + headersWaitMillis
    this.#onHeadersSeen()
    this.coolDown.onAccepted(sentAt)
    if (reported.requests !== undefined) this.#requests.onAccepted(reported.requests, shares.requests, sentAt, now)
    if (reported.input !== undefined) this.#input.onAccepted(reported.input, shares.input, sentAt, now)
    if (reported.output !== undefined) this.#output.onAccepted(reported.output, shares.output, sentAt, now)
    if (reported.requests === undefined) this.#probe.onAccepted(sentAt, now)
    else this.#probe.yieldTo(this.#requests.limit)
  }

  /** Learns from a 429 or 529; after a 429, and in an outage, the class rests. `random` is from 0 to 1. */
  onRejected(
    ticket: Ticket,
    { reason, retryAfterMillis: after = -1 }: AskError,
    reported: RateLimitHeaders,
    now: number,
    random: number
  ): void {
    const isOfNewCause = this.coolDown.isSentAfterLastRejection(ticket.sentAt)
    ticket.tooLarge = reason._tag === "RateLimited" ? this.#rejectedByFullBucket(ticket, reported) : undefined
    // An error within a stream comes after the API has counted the request.
    if (!ticket.headersSeen) this.giveBack(ticket, now, reason._tag === "Overloaded")
    // The others fit, and need not wait for it.
    if (ticket.tooLarge !== undefined) return
    const retryAfterMillis = after >= 0 ? after : undefined
    if (reason._tag !== "RateLimited") {
      ticket.isOverloaded = true
      this.coolDown.onRejected(ticket.sentAt, now, retryAfterMillis, random, this.#overloads.latest(ticket, now))
      return
    }
    this.coolDown.onRejected(ticket.sentAt, now, retryAfterMillis, random)
    const isExplained = [
      this.#requests.onRejected(reported.requests, 1, ticket.sentAt, now, isOfNewCause),
      this.#input.onRejected(reported.input, this.#inputTokensOf(ticket), ticket.sentAt, now, isOfNewCause),
      this.#output.onRejected(reported.output, 1, ticket.sentAt, now, isOfNewCause)
    ].includes(true)
    if (isOfNewCause && !isExplained) this.#requests.distrustHeaders(now)
    this.#probe.onRejected(ticket.sentAt, isOfNewCause && !isExplained, now)
  }

  /** The error of a request that was rejected although nothing of the input tokens was gone, and every other limit had room. */
  #rejectedByFullBucket(ticket: Ticket, { input, output, requests }: RateLimitHeaders): AskError | undefined {
    const tokens = this.#inputTokensOf(ticket)
    const hasRoom = (requests?.remaining ?? 1) >= 1 && (output?.remaining ?? 1) >= 1
    if (input === undefined || input.remaining < input.limit || !hasRoom) return undefined
    return tokens >= fullBucketShare * input.limit ? tooLarge(tokens, input.limit) : undefined
  }

  #onHeadersSeen(): void {
    if (--this.#awaitingHeaders === 0) this.#headersAwaitedUntil = 0
  }

  #inputTokensOf(ticket: Ticket): number {
    return Math.ceil(ticket.inputTokens * this.#inputFactor)
  }

  #outputTokensOf({ request }: Ticket): number {
    return Math.min(request.maxTokens, this.#outputTokens)
  }
}

const tooLarge = (tokens: number, limit: number): AskError => {
  const detail = `about ${numberText(tokens)} input tokens, and the account's limit of ${numberText(limit)} a minute holds no more`
  return new AskError({ reason: new TooLarge({ detail }) })
}
