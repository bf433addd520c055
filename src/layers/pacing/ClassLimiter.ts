/** The calls of one model class: who waits, what each takes from the account's limits, and when the next may leave. */
import { LimitTracker, type Kind, type Share } from "./LimitTracker.ts"
import type { AskError } from "../../claude/AskError.ts"
import type { Call } from "../../claude/Call.ts"
import { CoolDown } from "./CoolDown.ts"
import { estimateInputTokens } from "../../cost/TokenCount.ts"
import { LinkedQueue } from "../../scheduling/LinkedQueue.ts"
import { isNews, type Learned } from "./LearnedLimits.ts"
import type { Request, Usage } from "../../claude/Message.ts"
import type { RateLimitHeaders } from "../../claude/RateLimitHeaders.ts"
import { cautious, RateProbe } from "./RateProbe.ts"

/** What an account allows a model class within a minute: requests, input tokens, output tokens. */
export interface Limits {
  readonly rpm?: number | undefined
  readonly itpm?: number | undefined
  readonly otpm?: number | undefined
}

/** "60 requests a minute may be enforced as one a second": so a quarter of a second's worth may leave at once, or eight. */
const burstOf = (rpm: number): number => Math.max(cautious, rpm / 240)
const requests: Kind = { burstOf, rounding: 0, slope: { burstOf, steepness: 5 } }

/** A minute's worth of tokens may leave at once; what remains of them is told in thousands. */
const input: Kind = { burstOf: (tpm) => tpm, rounding: 500 }

/** Nobody knows how long the first replies will be, so they do not take the whole of a minute's worth. */
const output: Kind = { ...input, isCountedLate: true, slope: { burstOf: (tpm) => tpm / 4, steepness: 5 } }

/** Output tokens of a reply before any has come: the 99th percentile of a public trace of conversations. */
const unseenOutputTokens = 600

/** How many of the latest replies count in the expectation of the next one. */
const remembered = 8

/** The first response may be to any of the first calls; those to the others, which left with it, come as soon as that. */
const listenMillis = 50

/** Between what is handed on to later runs. */
const newsGapMillis = 10_000

const nothing = (): void => {}

/** One attempt of one call. */
export class Ticket {
  readonly limiter: ClassLimiter
  readonly request: Request
  /** An ask that has had its turn before. */
  readonly isRetry: boolean
  /** A second copy, which leaves at once or not at all. */
  readonly isHedge: boolean
  /** Place in the order of asking, among all limiters. */
  readonly order: number
  /** Limit of the ask, where it sets its own. */
  readonly timeoutMillis: number | undefined
  /** Lets the call leave. */
  enter: () => void = nothing
  /** Ends its waiting without having let it leave. */
  turnAway: (error: AskError) => void = nothing
  /** Takes it out of the queue. */
  leaveQueue: () => void = nothing
  /** Its shares of the limits, once it was let through and has a place. */
  shares: { readonly requests: Share; readonly input: Share; readonly output: Share } | undefined
  leftAt = 0
  hasTold = false
  #inputTokens: number | undefined

  constructor(limiter: ClassLimiter, request: Request, { attempt, hedge, timeoutMillis }: Call, order: number) {
    this.limiter = limiter
    this.request = request
    this.isRetry = attempt > 1
    this.isHedge = hedge === true
    this.timeoutMillis = timeoutMillis
    this.order = order
  }

  /** By its length. */
  get inputTokens(): number {
    return (this.#inputTokens ??= estimateInputTokens(this.request))
  }
}

export class ClassLimiter {
  inFlight = 0
  readonly coolDown = new CoolDown()
  readonly #trial: RateProbe
  readonly #first = new LinkedQueue<Ticket>()
  readonly #again = new LinkedQueue<Ticket>()
  #retriesTurn = false
  readonly #requests: LimitTracker
  readonly #input: LimitTracker
  readonly #output: LimitTracker
  #outputTokens = unseenOutputTokens
  /** Counted input of a token that was estimated: less where the cache helps, more where a script needs more tokens. */
  #inputFactor = 1
  #replies = 0
  /** Calls on their way that have told nothing. */
  #untold = 0
  /** Nobody leaves before, unless all have told. */
  #listenUntil = 0
  /** What later runs know already. */
  #kept: Learned | undefined
  #nextNewsAt = 0

  /** `isCautious` where nobody tells; `known` is what an earlier run learned, `trust` how much of that may leave at once. */
  constructor(isCautious: boolean, { itpm, otpm, rpm }: Limits, now: number, known: Learned = {}, trust = 1) {
    const { requests: found, trial } = known
    this.#requests = new LimitTracker(rpm, requests, now, found, trust)
    this.#input = new LimitTracker(itpm, input, now, known.input)
    this.#output = new LimitTracker(otpm, output, now, known.output)
    const begun = rpm === undefined ? trial : undefined
    this.#trial = new RateProbe(isCautious && found === undefined && begun === undefined, now)
    if (begun !== undefined) this.#trial.begin(begun, trust, now)
    this.#kept = trust < 1 ? undefined : known
  }

  /** What later runs should know: once it is first learned, then from time to time, and with the last call. */
  news(now: number): Learned | undefined {
    const isLast = this.inFlight <= 1 && this.next === undefined
    if (now < this.#nextNewsAt && !isLast) return undefined
    const learned = {
      requests: this.#requests.found,
      input: this.#input.found,
      output: this.#output.found,
      trial: this.#trial.found
    }
    // As long as nothing is known, every reply may tell something.
    if (learned.requests !== undefined || learned.trial !== undefined) this.#nextNewsAt = now + newsGapMillis
    if (!isNews(learned, this.#kept)) return undefined
    this.#kept = learned
    return learned
  }

  /** No response has come yet, and nobody has told. */
  get isUnknown(): boolean {
    return this.#trial.isClosed
  }

  push(ticket: Ticket): void {
    ticket.leaveQueue = (ticket.isRetry ? this.#again : this.#first).push(ticket)
  }

  /** Whose turn it is: first asked, first sent; where retries wait too, every other turn is theirs. */
  get next(): Ticket | undefined {
    const [first, again] = [this.#first.first, this.#again.first]
    return this.#retriesTurn ? (again ?? first) : (first ?? again)
  }

  /** How long until this call may leave, as far as is known; infinite where another has to come back first. */
  waitMillis(ticket: Ticket, now: number): number {
    return Math.max(
      0,
      this.#listenUntil - now,
      this.coolDown.waitMillis(now),
      this.#trial.waitMillis(now),
      this.#requests.waitMillis(1, now),
      this.#input.waitMillis(this.#estimateInputTokens(ticket), now),
      this.#output.waitMillis(this.#outputTokensOf(ticket), now)
    )
  }

  /** Takes a call's place, and of each limit what it is expected to need. */
  take(ticket: Ticket, now: number): void {
    this.inFlight++
    this.#untold++
    this.#retriesTurn = !ticket.isRetry
    this.coolDown.leave(now)
    this.#trial.yieldTo(this.#requests.limit)
    this.#trial.leave(now)
    ticket.leftAt = now
    ticket.shares = {
      requests: this.#requests.take(1, now),
      input: this.#input.take(this.#estimateInputTokens(ticket), now),
      output: this.#output.take(this.#outputTokensOf(ticket), now, ticket.request.maxTokens)
    }
  }

  /** Gives back what a call took and the API did not count: it never left, or was refused at the door. */
  giveBack(ticket: Ticket, now: number): void {
    if (ticket.shares === undefined) return
    this.#requests.settle(ticket.shares.requests, 0, now)
    this.#input.settle(ticket.shares.input, 0, now)
    this.#output.settle(ticket.shares.output, 0, now)
  }

  /** A call is over, one way or the other: what it took and nobody counted stays taken. */
  leave({ hasTold, shares }: Ticket, now: number): void {
    this.inFlight--
    if (!hasTold) this.#hear()
    this.#trial.comeBack(now)
    if (shares !== undefined) this.#output.settle(shares.output, shares.output.reserved, now)
  }

  /** Puts what a reply used in the place of what was expected; what came from the cache is free. */
  settle(ticket: Ticket, { cacheCreationInputTokens, inputTokens, outputTokens }: Usage, now: number): void {
    const counted = inputTokens + cacheCreationInputTokens
    const weight = 1 / Math.min(++this.#replies, remembered)
    this.#outputTokens += (outputTokens - this.#outputTokens) * weight
    this.#inputFactor += (counted / ticket.inputTokens - this.#inputFactor) * weight
    if (ticket.shares === undefined) return
    this.#input.settle(ticket.shares.input, counted, now)
    this.#output.settle(ticket.shares.output, outputTokens, now)
  }

  /** Learns from the headers of the response to a call that was let in; once for each call. */
  learn(ticket: Ticket, said: RateLimitHeaders, now: number): void {
    const { leftAt, shares } = ticket
    if (ticket.hasTold || shares === undefined) return
    ticket.hasTold = true
    if (this.isUnknown && said.requests !== undefined) this.#listenUntil = now + listenMillis
    this.#hear()
    this.coolDown.pass(leftAt)
    if (said.requests !== undefined) this.#requests.learn(said.requests, shares.requests, leftAt, now)
    if (said.input !== undefined) this.#input.learn(said.input, shares.input, leftAt, now)
    if (said.output !== undefined) this.#output.learn(said.output, shares.output, leftAt, now)
    if (said.requests === undefined) this.#trial.pass(leftAt, now)
    else this.#trial.yieldTo(this.#requests.limit)
  }

  /** Learns from a refusal, 429 or 529, and lets everyone rest. `random` is from 0 to 1. */
  refuse(
    ticket: Ticket,
    { reason, retryAfterMillis: told }: AskError,
    said: RateLimitHeaders,
    now: number,
    random: number
  ): void {
    const isNews = this.coolDown.isNews(ticket.leftAt)
    // An error in the midst of a stream is no refusal at the door.
    if (!ticket.hasTold) this.giveBack(ticket, now)
    const isTold = told !== undefined && told >= 0
    this.coolDown.refuse(ticket.leftAt, now, isTold ? told : undefined, random)
    if (reason._tag !== "RateLimited") return
    const isExplained = [
      this.#requests.refuse(said.requests, 1, now),
      this.#input.refuse(said.input, this.#estimateInputTokens(ticket), now),
      this.#output.refuse(said.output, 1, now)
    ].includes(true)
    if (isNews && !isExplained) this.#requests.distrust(now)
    this.#trial.refuse(ticket.leftAt, isNews && !isExplained, now)
  }

  #hear(): void {
    if (--this.#untold === 0) this.#listenUntil = 0
  }

  #estimateInputTokens(ticket: Ticket): number {
    return Math.ceil(ticket.inputTokens * this.#inputFactor)
  }

  #outputTokensOf({ request }: Ticket): number {
    return Math.min(request.maxTokens, this.#outputTokens)
  }
}
