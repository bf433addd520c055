/** Admits calls one after the other: all model classes share its places, and each class decides when its next may leave. */
import { Effect } from "effect"
import { AskError, RateLimited, TimedOut } from "../../claude/AskError.ts"
import * as Call from "../../claude/Call.ts"
import { type AnyFiber, nowMillis } from "../../scheduling/FiberClock.ts"
import { SharedTimer } from "../../scheduling/SharedTimer.ts"
import type { Waiter } from "../../scheduling/WaitingQueue.ts"
import type { ClassLimiter } from "./ClassLimiter.ts"
import type { Ticket } from "./Ticket.ts"

/** Calls fail where their class rests for longer: a bucket of a minute's worth is full by then, so another limit is at work. */
const maxCoolDownMillis = 60_000

/**
 * `Semaphore` looks at all waiting fibers whenever a permit is released, which for thousands of waiting calls costs more
 * than the calls themselves; this looks at the first of each class.
 */
export class Dispatcher {
  readonly #places: number
  readonly #limiters: Array<ClassLimiter> = []
  readonly #timer = new SharedTimer((timer) => this.admit(timer))
  #taken = 0

  constructor(places: number) {
    this.#places = places
  }

  add(limiter: ClassLimiter): void {
    this.#limiters.push(limiter)
  }

  /**
   * Runs the fiber's effect once the ticket is admitted; calls `onExit` after that, and releases the ticket, unless it was
   * released before. A second copy that would have to wait fails instead. If interrupted while waiting, its reservation is
   * released.
   */
  run<A, E, R>(
    limiter: ClassLimiter,
    ticket: Ticket,
    effect: Effect.Effect<A, E, R>,
    onExit: () => void,
    fiber: AnyFiber
  ): Effect.Effect<A, E | AskError, R> {
    return Effect.onExit(
      Effect.suspend(() => {
        const now = nowMillis(fiber)
        const error = tooLongCoolDown(limiter, now) ?? limiter.tooLargeError(ticket)
        if (error !== undefined) return Effect.fail(error)
        if (limiter.next !== undefined || this.#taken >= this.#places || limiter.waitMillis(ticket, now) > 0) {
          if (ticket.isHedge) return Effect.fail(copyTurnedAway())
          return Effect.andThen(this.#wait(limiter, ticket, fiber), effect)
        }
        this.take(limiter, ticket, now)
        return effect
      }),
      () =>
        Effect.sync(() => {
          onExit()
          this.release(limiter, ticket, fiber)
        })
    )
  }

  /** Admits whoever may leave by now, and sets the timer for the next. To be called when something has changed. */
  admit(fiber: AnyFiber): void {
    const now = nowMillis(fiber)
    let soonestMillis = Number.POSITIVE_INFINITY
    while (this.#taken < this.#places) {
      soonestMillis = Number.POSITIVE_INFINITY
      let first: { readonly waiter: Waiter<Ticket, AskError>; readonly limiter: ClassLimiter } | undefined
      for (const limiter of this.#limiters) {
        const waiter = nextOf(limiter, fiber)
        if (waiter === undefined) continue
        const waitMillis = limiter.waitMillis(waiter.value, now)
        if (waitMillis > 0) soonestMillis = Math.min(soonestMillis, waitMillis)
        else if (first === undefined || waiter.value.order < first.waiter.value.order) first = { waiter, limiter }
      }
      if (first === undefined) break
      this.take(first.limiter, first.waiter.value, now)
      first.waiter.release(Effect.void, fiber)
    }
    if (this.#taken < this.#places && soonestMillis < Number.POSITIVE_INFINITY) {
      this.#timer.set(now + Math.ceil(soonestMillis), fiber)
    } else this.#timer.stop()
  }

  /** Takes a place for a call that does not wait, also above the number of places. */
  take(limiter: ClassLimiter, ticket: Ticket, now: number): void {
    this.#taken++
    limiter.admit(ticket, now)
  }

  /** Gives back the place of a call that has ended; of one that was never admitted, nothing. */
  release(limiter: ClassLimiter, ticket: Ticket, fiber: AnyFiber): void {
    if (ticket.shares === undefined || ticket.isReleased) return
    ticket.isReleased = true
    const now = nowMillis(fiber)
    this.#taken--
    limiter.release(ticket, now)
    const tooLong = tooLongCoolDown(limiter, now)
    if (tooLong !== undefined) this.#failWaiting(limiter, tooLong, fiber)
    this.admit(fiber)
  }

  #wait(limiter: ClassLimiter, ticket: Ticket, fiber: AnyFiber): Effect.Effect<void, AskError> {
    const queue = limiter.queueOf(ticket)
    let bound: AnyFiber | undefined
    return Effect.onExit(
      queue.wait(ticket, {
        onQueued: (waiter) => {
          bound = this.#boundWait(limiter, waiter, fiber)
          this.admit(fiber)
        },
        onInterrupt: () => {
          if (ticket.shares === undefined) this.admit(fiber)
        }
      }),
      () => Effect.sync(() => bound?.interruptUnsafe())
    )
  }

  /** Fails all calls of a class that would have to wait too long, so that their callers learn it at once. */
  #failWaiting(limiter: ClassLimiter, error: AskError, fiber: AnyFiber): void {
    for (let waiter = limiter.next; waiter !== undefined; waiter = limiter.next) {
      waiter.release(Effect.fail(error), fiber)
    }
  }

  /** Fails an ask with a time limit of its own where its class rests for longer than that. */
  #boundWait(limiter: ClassLimiter, waiter: Waiter<Ticket, AskError>, fiber: AnyFiber): AnyFiber | undefined {
    const { timeoutMillis: limitMillis } = waiter.value
    if (limitMillis === undefined) return undefined
    const queuedAt = nowMillis(fiber)
    const check: Effect.Effect<void> = Effect.withFiber((own) => {
      const now = nowMillis(own)
      const { heldSince, holdUntil } = limiter.coolDown
      const heldMillis = now < holdUntil ? now - Math.max(heldSince, queuedAt) : 0
      if (heldMillis < limitMillis) return Effect.andThen(Effect.sleep(limitMillis - heldMillis), check)
      if (!waiter.isReleased) {
        const { part: scope } = fiber.getRef(Call.Current)
        waiter.release(Effect.fail(new AskError({ reason: new TimedOut({ limitMillis, scope }) })), own)
        this.admit(own)
      }
      return Effect.void
    })
    return Effect.runForkWith(fiber.context)(check)
  }
}

/** The next waiter of a class; fails those before it that can never pass, as the limit was reported while they waited. */
const nextOf = (limiter: ClassLimiter, fiber: AnyFiber): Waiter<Ticket, AskError> | undefined => {
  for (let waiter = limiter.next; waiter !== undefined; waiter = limiter.next) {
    const error = limiter.tooLargeError(waiter.value)
    if (error === undefined) return waiter
    waiter.release(Effect.fail(error), fiber)
  }
  return undefined
}

const copyTurnedAway = (): AskError => {
  const detail = "a second copy was not sent, as it could not leave at once"
  return new AskError({ reason: new RateLimited({ detail }) })
}

/** The error of calls whose class rests for too long. */
const tooLongCoolDown = ({ coolDown: { holdUntil } }: ClassLimiter, now: number): AskError | undefined => {
  const retryAfterMillis = holdUntil - now
  if (retryAfterMillis <= maxCoolDownMillis) return undefined
  const detail = "held back, as another call to this class of models was told to wait"
  return new AskError({ reason: new RateLimited({ detail, retryAfterMillis }) })
}
