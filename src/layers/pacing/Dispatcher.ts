/** Lets calls through one after the other: those of every limiter share its places, and the limiter decides when the next may go. */
import { Clock, Effect, type Fiber } from "effect"
import { AskError, RateLimited, TimedOut } from "../../claude/AskError.ts"
import type { ClassLimiter, Ticket } from "./ClassLimiter.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

/** What the API asks for beyond that is no matter of pacing. */
const longestRestMillis = 60_000

/**
 * `Semaphore` looks at everybody who waits whenever a place comes free, which for thousands of waiting calls costs more
 * than the calls themselves; this looks at the first of each limiter.
 */
export class Dispatcher {
  readonly #places: number
  readonly #limiters: Array<ClassLimiter> = []
  #taken = 0
  #timer: { readonly at: number; readonly fiber: AnyFiber } | undefined

  constructor(places: number) {
    this.#places = places
  }

  add(limiter: ClassLimiter): void {
    this.#limiters.push(limiter)
  }

  /**
   * Runs the fiber's effect once the ticket's turn has come; a second copy that would have to wait fails instead. Who is
   * interrupted before that gives back all it had reserved.
   */
  hold<A, E, R>(ticket: Ticket, effect: Effect.Effect<A, E, R>, fiber: AnyFiber): Effect.Effect<A, E | AskError, R> {
    return Effect.onExit(
      Effect.suspend(() => {
        const { limiter } = ticket
        const now = millis(fiber)
        const tooLong = tooLongARest(limiter, now)
        if (tooLong !== undefined) return Effect.fail(tooLong)
        if (limiter.next !== undefined || this.#taken >= this.#places || limiter.waitMillis(ticket, now) > 0) {
          if (ticket.isHedge) return Effect.fail(unwelcome())
          return Effect.andThen(this.#wait(ticket, fiber), effect)
        }
        this.#take(ticket, now)
        return effect
      }),
      // Who was never let in has no place to leave.
      () => Effect.sync(() => ticket.shares !== undefined && this.#leave(ticket, fiber))
    )
  }

  /** Looks again who may leave: something has changed. */
  admit(fiber: AnyFiber): void {
    const now = millis(fiber)
    let soonest = Number.POSITIVE_INFINITY
    while (this.#taken < this.#places) {
      soonest = Number.POSITIVE_INFINITY
      let first: Ticket | undefined
      for (const limiter of this.#limiters) {
        const ticket = limiter.next
        if (ticket === undefined) continue
        const wait = limiter.waitMillis(ticket, now)
        if (wait > 0) soonest = Math.min(soonest, wait)
        else if (first === undefined || ticket.order < first.order) first = ticket
      }
      if (first === undefined) break
      this.#take(first, now)
      // A task of its own: a resumed fiber would run here and now, within the one that leaves.
      fiber.currentDispatcher.scheduleTask(first.enter, 0)
    }
    this.#lookAgain(this.#taken < this.#places ? soonest : Number.POSITIVE_INFINITY, now, fiber)
  }

  #take(ticket: Ticket, now: number): void {
    this.#taken++
    ticket.leaveQueue()
    ticket.limiter.take(ticket, now)
  }

  #wait(ticket: Ticket, fiber: AnyFiber): Effect.Effect<void, AskError> {
    return Effect.callback((resume) => {
      ticket.limiter.push(ticket)
      const watch = this.#watch(ticket, fiber, (error) => resume(Effect.fail(error)))
      ticket.enter = () => {
        watch?.interruptUnsafe()
        resume(Effect.void)
      }
      ticket.turnAway = (error) => {
        watch?.interruptUnsafe()
        resume(Effect.fail(error))
      }
      this.admit(fiber)
      return Effect.sync(() => {
        watch?.interruptUnsafe()
        if (ticket.shares === undefined) {
          ticket.leaveQueue()
          return this.admit(fiber)
        }
        // Who was let in, and is interrupted before it moves, has taken nothing.
        ticket.limiter.giveBack(ticket, millis(fiber))
      })
    })
  }

  /** Turns away all who would wait too long: they hear at once when it is worth another try. */
  #turnAway(limiter: ClassLimiter, error: AskError, fiber: AnyFiber): void {
    for (let ticket = limiter.next; ticket !== undefined; ticket = limiter.next) {
      const { leaveQueue, turnAway } = ticket
      leaveQueue()
      fiber.currentDispatcher.scheduleTask(() => turnAway(error), 0)
    }
  }

  /** An ask with a limit of its own is held by a class that rests no longer than that. */
  #watch(ticket: Ticket, fiber: AnyFiber, fail: (error: AskError) => void): AnyFiber | undefined {
    const { limiter, timeoutMillis: limitMillis } = ticket
    if (limitMillis === undefined) return undefined
    const enteredAt = millis(fiber)
    const look: Effect.Effect<void> = Effect.withFiber((watch) => {
      const now = millis(watch)
      const { since, until } = limiter.coolDown
      const heldMillis = now < until ? now - Math.max(since, enteredAt) : 0
      if (heldMillis < limitMillis) return Effect.andThen(Effect.sleep(limitMillis - heldMillis), look)
      if (ticket.shares === undefined) {
        ticket.leaveQueue()
        fail(new AskError({ reason: new TimedOut({ limitMillis, scope: "ask" }) }))
        this.admit(watch)
      }
      return Effect.void
    })
    return Effect.runForkWith(fiber.context)(look)
  }

  #leave(ticket: Ticket, fiber: AnyFiber): void {
    const { limiter } = ticket
    const now = millis(fiber)
    this.#taken--
    limiter.leave(ticket, now)
    const tooLong = tooLongARest(limiter, now)
    if (tooLong !== undefined) this.#turnAway(limiter, tooLong, fiber)
    this.admit(fiber)
  }

  /** One timer for all who wait for time to pass; none where nobody does, so that the process can end. */
  #lookAgain(waitMillis: number, now: number, fiber: AnyFiber): void {
    const at = now + Math.ceil(waitMillis)
    // A timer that comes too early looks, and is set anew.
    if (this.#timer !== undefined && this.#timer.at <= at && at < Number.POSITIVE_INFINITY) return
    this.#timer?.fiber.interruptUnsafe()
    this.#timer = undefined
    if (at === Number.POSITIVE_INFINITY) return
    const look = Effect.withFiber((timer) => {
      this.#timer = undefined
      this.admit(timer)
      return Effect.void
    })
    this.#timer = { at, fiber: Effect.runForkWith(fiber.context)(Effect.andThen(Effect.sleep(at - now), look)) }
  }
}

const unwelcome = (): AskError => {
  const detail = "a second copy was not sent, as it could not leave at once"
  return new AskError({ reason: new RateLimited({ detail }) })
}

/** The error of those who would have to wait for longer than a minute, which is the longest that a bucket takes to fill. */
const tooLongARest = ({ coolDown: { until } }: ClassLimiter, now: number): AskError | undefined => {
  const retryAfterMillis = until - now
  if (retryAfterMillis <= longestRestMillis) return undefined
  const detail = "held back, as another call to this class of models was told to wait"
  return new AskError({ reason: new RateLimited({ detail, retryAfterMillis }) })
}

const millis = (fiber: AnyFiber): number => fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
