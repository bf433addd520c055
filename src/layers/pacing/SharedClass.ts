/** Keeps a model class within this process's share of the account's limits, while it has calls. */
import { Effect, Exit } from "effect"
import { type AnyFiber, nowMillis } from "../../scheduling/FiberClock.ts"
import type { Decision, Held, Member, Shared } from "../../scheduling/SharedRegister.ts"
import type { ClassLimiter } from "./ClassLimiter.ts"
import type { Dispatcher } from "./Dispatcher.ts"
import type { Learned } from "./LearnedLimits.ts"
import { type LimitShare, noneTaken, readable, shareOf, type Taken, takenBy } from "./LimitShare.ts"

/** Between two exchanges with the other processes. */
const gapMillis = 500

/** A process that is silent for so long has ended, and its share is free. */
const lostAfterMillis = 3000

/** The first call waits for the others' limits at most this long. */
const firstTimeout = "1 second"

/** Above what was used since the last exchange, so that more calls than before can leave. */
const headroom = 1.25

/** How much less than before a process says that it wants, from one exchange to the next. */
const decay = 0.7

/** Exchanges without a call before the share is given back. */
const idleExchanges = 2

/** What an exchange has agreed on. */
interface Agreed {
  readonly own: LimitShare
  readonly others: ReadonlyArray<LimitShare>
}

export class SharedClass {
  readonly #member: Effect.Effect<Member>
  readonly #name: string
  readonly #dispatcher: Dispatcher
  #limiter: ClassLimiter | undefined
  /** What this process holds, and when it was agreed on. */
  #own: LimitShare | undefined
  #agreedAt = 0
  /** What the others had taken when this process joined them. */
  #othersBefore = noneTaken
  #isRunning = false
  #idle = 0
  #hasLogged = false

  constructor({ name, register }: Shared, modelClass: string, dispatcher: Dispatcher) {
    let member: Member | undefined
    this.#member = Effect.suspend(() =>
      member === undefined
        ? Effect.tap(register.join, (joined) => Effect.sync(() => void (member ??= joined)))
        : Effect.succeed(member)
    )
    this.#name = `${name} ${modelClass}`
    this.#dispatcher = dispatcher
  }

  /** Joins the others, and gives what one of them has learned. */
  get join(): Effect.Effect<Learned | undefined> {
    return Effect.timeout(this.#exchange, firstTimeout).pipe(
      Effect.flatMap((agreed) =>
        Effect.withFiber((fiber) => {
          this.#onAgreed(agreed, fiber)
          this.#othersBefore = takenBy(agreed.others)
          return Effect.succeed(agreed.others.find(({ learned }) => learned.requests !== undefined)?.learned)
        })
      ),
      Effect.catchCause((cause) => Effect.as(this.#log(cause), undefined))
    )
  }

  /** A call has come: shares are exchanged until the class has none any more. */
  onCall(limiter: ClassLimiter, fiber: AnyFiber): void {
    this.#idle = 0
    if (this.#isRunning) return
    this.#isRunning = true
    this.#limiter = limiter
    if (this.#own !== undefined) limiter.setShare(this.#own.share, noneTaken, nowMillis(fiber))
    Effect.runForkWith(fiber.context)(this.#run)
  }

  get #run(): Effect.Effect<void> {
    const step = Effect.flatMap(Effect.exit(Effect.timeout(this.#exchange, lostAfterMillis)), (exit) =>
      Effect.withFiber((fiber) => {
        if (Exit.isSuccess(exit)) this.#onAgreed(exit.value, fiber)
        else if (nowMillis(fiber) - this.#agreedAt > lostAfterMillis) this.#limiter?.shareUnknown()
        this.#dispatcher.admit(fiber)
        return Exit.isSuccess(exit) ? Effect.void : this.#log(exit.cause)
      })
    )
    const wait = Effect.suspend(() => {
      const hasCalls = this.#limiter !== undefined && (this.#limiter.inFlight > 0 || this.#limiter.next !== undefined)
      this.#idle = hasCalls ? 0 : this.#idle + 1
      return Effect.sleep(gapMillis)
    })
    const leave = Effect.suspend(() => {
      this.#isRunning = false
      this.#own = undefined
      const left = Effect.flatMap(this.#member, ({ exchange }) =>
        exchange(this.#name, () => ({ value: undefined, result: undefined }))
      )
      return Effect.ignore(Effect.timeout(left, lostAfterMillis))
    })
    return Effect.andThen(step, wait).pipe(
      Effect.repeat({ while: () => this.#idle < idleExchanges }),
      Effect.andThen(leave)
    )
  }

  #onAgreed({ others, own }: Agreed, fiber: AnyFiber): void {
    this.#own = own
    this.#agreedAt = nowMillis(fiber)
    this.#limiter?.setShare(own.share, minus(takenBy(others), this.#othersBefore), this.#agreedAt)
  }

  get #exchange() {
    return Effect.flatMap(this.#member, ({ exchange }) =>
      Effect.withFiber((fiber) => exchange(this.#name, (held) => this.#decide(held, nowMillis(fiber)), lostAfterMillis))
    )
  }

  #decide(held: ReadonlyArray<Held>, now: number): Decision<Agreed> {
    const others = readable(held)
    const wanted = this.#wanted(now)
    const { learned = {}, taken = noneTaken } = this.#limiter ?? {}
    const own: LimitShare = { version: 1, share: shareOf(wanted, others), wanted, taken, learned }
    return { value: own, result: { own, others } }
  }

  /** All where calls wait; else a little more than was used, or hardly less than before. */
  #wanted(now: number): number {
    if (this.#limiter === undefined || this.#limiter.next !== undefined) return 1
    const { taken = noneTaken, wanted = 1 } = this.#own ?? {}
    return Math.min(1, Math.max(headroom * this.#limiter.usedShare(taken, now - this.#agreedAt), decay * wanted))
  }

  #log(cause: unknown): Effect.Effect<void> {
    if (this.#hasLogged) return Effect.void
    this.#hasLogged = true
    return Effect.logDebug("Limits are not shared with other processes", cause)
  }
}

const minus = (a: Taken, b: Taken): Taken => ({
  requests: Math.max(0, a.requests - b.requests),
  input: Math.max(0, a.input - b.input),
  output: Math.max(0, a.output - b.output)
})
