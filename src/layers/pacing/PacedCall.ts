/** What Pacing learns from the attempts of one call, and when it gives their places back. */
import { Effect, Exit, Random } from "effect"
import type { AskError } from "../../claude/AskError.ts"
import type { Attempt, End, Observer } from "../../claude/Attempt.ts"
import * as RateLimitHeaders from "../../claude/RateLimitHeaders.ts"
import { type AnyFiber, nowMillis } from "../../scheduling/FiberClock.ts"
import type { ClassLimiter } from "./ClassLimiter.ts"
import type { Dispatcher } from "./Dispatcher.ts"
import { modelClassOf } from "./ModelClass.ts"
import { Ticket } from "./Ticket.ts"

/** What all calls of the layer share. */
export interface Shared {
  readonly dispatcher: Dispatcher
  /** Stores what a class has learned. */
  readonly store: (limiter: ClassLimiter, modelClass: string, now: number, fiber: AnyFiber) => void
  /** The next number in the order of arrival. */
  readonly nextOrder: () => number
  /** Invalid headers come with every reply, and are logged once. */
  hasLoggedInvalid: boolean
}

export class PacedCall implements Observer {
  readonly #shared: Shared
  readonly #fiber: AnyFiber
  readonly #limiter: ClassLimiter
  readonly #ticket: Ticket
  #first: Attempt | undefined
  /** Of further attempts: a layer below makes more than one of a call. */
  #others: Map<Attempt, Ticket> | undefined

  constructor(shared: Shared, limiter: ClassLimiter, ticket: Ticket, fiber: AnyFiber) {
    this.#shared = shared
    this.#limiter = limiter
    this.#ticket = ticket
    this.#fiber = fiber
  }

  /** Further attempts of a call are counted, but do not wait: the call was admitted. */
  onDispatch(attempt: Attempt): void {
    if (this.#first === undefined) this.#first = attempt
    else {
      const ticket = new Ticket(attempt.request, attempt.call, this.#shared.nextOrder())
      this.#shared.dispatcher.take(this.#limiter, ticket, nowMillis(this.#fiber))
      this.#others ??= new Map()
      this.#others.set(attempt, ticket)
    }
  }

  /** The headers of a stream come long before its end. */
  onHeaders(attempt: Attempt, headers: Readonly<Record<string, string>>): void {
    const ticket = this.#ticketOf(attempt)
    const now = nowMillis(this.#fiber)
    this.#limiter.onAccepted(ticket, RateLimitHeaders.read(headers, now), now)
    this.#shared.dispatcher.admit(this.#fiber)
  }

  onEnd(attempt: Attempt, { exit, headers, isEstimated, usage }: End): void {
    const ticket = this.#ticketOf(attempt)
    const now = nowMillis(this.#fiber)
    const isCounted = usage !== undefined && usage.isIncomplete !== true && isEstimated !== true
    if (isCounted) this.#limiter.settle(ticket, usage, now)
    const reported = RateLimitHeaders.read(headers, now)
    this.#logInvalid(reported.invalid)
    if (Exit.isSuccess(exit)) this.#limiter.onAccepted(ticket, reported, now)
    else {
      const error = Exit.findErrorOption(exit)
      if (error._tag === "Some" && isRejection(error.value)) {
        const random = this.#fiber.getRef(Random.Random).nextDoubleUnsafe()
        this.#limiter.onRejected(ticket, error.value, reported, now, random)
      }
    }
    this.#shared.store(this.#limiter, modelClassOf(attempt.request.model), now, this.#fiber)
    // Before the event of the end is emitted: a slow listener holds no place.
    this.#shared.dispatcher.release(this.#limiter, ticket, this.#fiber)
  }

  /** Gives back what a call reserved that ended without an attempt, as a layer below failed it. */
  onExit(): void {
    if (this.#first === undefined) this.#limiter.giveBack(this.#ticket, nowMillis(this.#fiber))
  }

  #ticketOf(attempt: Attempt): Ticket {
    return this.#others?.get(attempt) ?? this.#ticket
  }

  #logInvalid(invalid: ReadonlyArray<string>): void {
    if (invalid.length === 0 || this.#shared.hasLoggedInvalid) return
    this.#shared.hasLoggedInvalid = true
    const line = `Rate-limit headers that make no sense are not heeded: ${invalid.join("; ")}`
    Effect.runForkWith(this.#fiber.context)(Effect.logDebug(line))
  }
}

/** The API has no room for the request: 429 and 529. */
const isRejection = ({ reason }: AskError): boolean => reason._tag === "RateLimited" || reason._tag === "Overloaded"
