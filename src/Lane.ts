/** The calls of one model class: who waits, what each takes from the account's limits, and when the next may leave. */
import { Bucket } from "./Bucket.ts"
import { inputTokensOf } from "./Estimate.ts"
import { Fifo } from "./Fifo.ts"
import type { Request, Usage } from "./Message.ts"

/** What an account allows a model class within a minute: requests, input tokens, output tokens. */
export interface Limits {
  readonly rpm?: number | undefined
  readonly itpm?: number | undefined
  readonly otpm?: number | undefined
}

/** Calls on their way while nothing is known of the limits: small runs never notice, large ones cause no storm. */
export const cautiousInFlight = 8

/** "60 requests a minute may be enforced as one a second": so a quarter of a second's worth may leave at once, or eight. */
const burstOf = (rpm: number): number => Math.max(cautiousInFlight, rpm / 240)

/** Output tokens of a reply before any has come: the 99th percentile of a public trace of conversations. */
const unseenOutputTokens = 600

/** How many of the latest replies count in the expectation of the next one's length. */
const remembered = 32

/** One attempt of one call. What it reserved is set once it may leave. */
export class Ticket {
  readonly lane: Lane
  readonly request: Request
  /** An ask that has had its turn before. */
  readonly isRetry: boolean
  /** Place in the order of asking, among all lanes. */
  readonly order: number
  /** Lets the call leave. */
  enter: () => void = () => {}
  /** Takes it out of the queue. */
  leaveQueue: () => void = () => {}
  /** It was let through, and has a place. */
  isIn = false
  inputReserved: number | undefined
  outputReserved: number | undefined
  requestReserved = false
  #inputTokens: number | undefined

  constructor(lane: Lane, request: Request, isRetry: boolean, order: number) {
    this.lane = lane
    this.request = request
    this.isRetry = isRetry
    this.order = order
  }

  get inputTokens(): number {
    return (this.#inputTokens ??= inputTokensOf(this.request))
  }
}

export class Lane {
  /** Most calls on their way at once. */
  window: number
  /** The account's own word has replaced the caution of the start. */
  isOpened = false
  inFlight = 0
  /** Until then nobody leaves, in epoch milliseconds. */
  closedUntil = 0
  readonly #first = new Fifo<Ticket>()
  readonly #again = new Fifo<Ticket>()
  #retriesTurn = false
  readonly #requests: Bucket | undefined
  readonly #input: Bucket | undefined
  readonly #output: Bucket | undefined
  #outputTokens = unseenOutputTokens
  #replies = 0

  constructor(window: number, { itpm, otpm, rpm }: Limits, now: number) {
    this.window = window
    this.isOpened = window === Number.POSITIVE_INFINITY
    if (rpm !== undefined) this.#requests = new Bucket(rpm, burstOf(rpm), now)
    if (itpm !== undefined) this.#input = new Bucket(itpm, itpm, now)
    if (otpm !== undefined) this.#output = new Bucket(otpm, otpm, now)
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
    if (this.inFlight >= this.window) return Number.POSITIVE_INFINITY
    return Math.max(
      0,
      this.closedUntil - now,
      this.#requests?.waitMillis(1, now) ?? 0,
      this.#input?.waitMillis(ticket.inputTokens, now) ?? 0,
      this.#output?.waitMillis(this.#outputTokensOf(ticket), now) ?? 0
    )
  }

  /** Takes a call's place, and of each limit what it is expected to need. */
  take(ticket: Ticket, now: number): void {
    this.inFlight++
    this.#retriesTurn = !ticket.isRetry
    if (this.#requests !== undefined) {
      this.#requests.take(1, now)
      ticket.requestReserved = true
    }
    if (this.#input !== undefined) this.#input.take((ticket.inputReserved = ticket.inputTokens), now)
    if (this.#output !== undefined) this.#output.take((ticket.outputReserved = this.#outputTokensOf(ticket)), now)
  }

  /** Puts what a reply used in the place of what was expected; what came from the cache is free. */
  settle(ticket: Ticket, { cacheCreationInputTokens, inputTokens, outputTokens }: Usage, now: number): void {
    this.#outputTokens += (outputTokens - this.#outputTokens) / Math.min(++this.#replies, remembered)
    this.#correct(ticket, inputTokens + cacheCreationInputTokens, outputTokens, now)
  }

  /** Gives back what a call reserved and the API did not count: it never left, or was refused at the door. */
  giveBack(ticket: Ticket, now: number): void {
    this.#correct(ticket, 0, 0, now)
    if (ticket.requestReserved) this.#requests?.take(-1, now)
    ticket.requestReserved = false
  }

  #outputTokensOf({ request }: Ticket): number {
    return Math.min(request.maxTokens, this.#outputTokens)
  }

  #correct(ticket: Ticket, inputTokens: number, outputTokens: number, now: number): void {
    if (ticket.inputReserved !== undefined) this.#input?.take(inputTokens - ticket.inputReserved, now)
    if (ticket.outputReserved !== undefined) this.#output?.take(outputTokens - ticket.outputReserved, now)
    ticket.inputReserved = undefined
    ticket.outputReserved = undefined
  }
}
