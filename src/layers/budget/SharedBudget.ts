/** Admits the calls of one process to a budget that several share: no call leaves before the others know what it reserves. */
import { Effect, Exit, Schedule } from "effect"
import type { AskError } from "../../claude/AskError.ts"
import { noAmount } from "../../cost/WorstCase.ts"
import { type AnyFiber, nowMillis } from "../../scheduling/FiberClock.ts"
import { SharedTimer } from "../../scheduling/SharedTimer.ts"
import type { Decision, Held, Member } from "../../scheduling/SharedRegister.ts"
import type { BudgetLedger, Reservation } from "./BudgetLedger.ts"
import { renewMillis, together } from "./BudgetShare.ts"
import type { ReservedCall } from "./ReservedCall.ts"

/** Between two looks at whether another process has spent less than it had reserved, while a call waits for that. */
const pollMillis = 500

/** Between two tries while the register is away: doubled up to the second. */
const minRetryMillis = 250
const maxRetryMillis = 4000

/** The longest that the end of a program waits until the others know what it has spent. */
const closeTimeout = "5 seconds"

interface Waiting {
  readonly call: ReservedCall
  /** It does not wait for others to be settled, nor behind those that do. */
  readonly isHedge: boolean
  readonly isSynthesis: boolean
  readonly resume: (result: Effect.Effect<void, AskError>) => void
  isGone: boolean
}

export class SharedBudget {
  readonly #ledger: BudgetLedger
  readonly #member: Member
  readonly #name: string
  readonly #overBudget: (reservation: Reservation) => AskError
  /** In the order of their arrival. */
  readonly #waiting = new Set<Waiting>()
  readonly #timer = new SharedTimer((fiber) => this.#start(fiber))
  /** What the exchange under way reserves, and whom it refuses. */
  #admitted: Array<Waiting> = []
  #refused: Array<readonly [Waiting, AskError]> = []
  #isUnderWay = false
  /** Something has changed that the exchange under way may not know. */
  #isChanged = false
  #failures = 0
  #retryAt = 0

  constructor(ledger: BudgetLedger, member: Member, name: string, overBudget: (reservation: Reservation) => AskError) {
    this.#ledger = ledger
    this.#member = member
    this.#name = name
    this.#overBudget = overBudget
  }

  /** Ends once the call's reservation is in the register, and fails once it cannot fit any more. */
  admit(
    call: ReservedCall,
    part: "ask" | "synthesis",
    isHedge: boolean,
    fiber: AnyFiber
  ): Effect.Effect<void, AskError> {
    return Effect.callback((resume) => {
      const waiting = { call, isHedge, isSynthesis: part === "synthesis", resume, isGone: false }
      this.#waiting.add(waiting)
      this.#start(fiber)
      return Effect.sync(() => {
        waiting.isGone = true
        if (this.#waiting.delete(waiting)) this.#start(fiber)
      })
    })
  }

  /** Learns what the others have: the synthesis is reserved by the length of all answers. */
  get learned(): Effect.Effect<void> {
    return this.#member
      .exchange(this.#name, (others) => {
        this.#ledger.others = together(others)
        return { value: this.#ledger.share, result: undefined }
      })
      .pipe(Effect.retry(Schedule.spaced("1 second")), Effect.orDie)
  }

  /** A call was settled in the ledger: the others are to know. */
  onSettled(fiber: AnyFiber): void {
    this.#start(fiber)
  }

  /** Lets the others know what was spent, at the end of the program. What they do not learn stays reserved. */
  get close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#timer.stop()
      return this.#exchange.pipe(Effect.timeout(closeTimeout), Effect.ignore)
    })
  }

  /** Begins an exchange, unless one is under way: then another follows it, for all that has come meanwhile. */
  #start(fiber: AnyFiber): void {
    this.#isChanged = true
    if (this.#isUnderWay || (this.#failures > 0 && nowMillis(fiber) < this.#retryAt)) return
    this.#isUnderWay = true
    Effect.runForkWith(fiber.context)(this.#exchangeAll())
  }

  get #exchange() {
    return this.#member.exchange(this.#name, (others) => this.#decide(others))
  }

  #exchangeAll(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#isChanged = false
      return Effect.flatMap(Effect.exit(this.#exchange), (exit) =>
        Effect.withFiber((fiber) => {
          if (Exit.isFailure(exit)) return this.#onFailure(exit, fiber)
          this.#failures = 0
          this.#apply(fiber)
          if (this.#isChanged) return this.#exchangeAll()
          this.#isUnderWay = false
          const { open } = this.#ledger.share
          if (this.#waiting.size > 0) this.#timer.set(nowMillis(fiber) + pollMillis, fiber)
          else if (open > 0) this.#timer.set(nowMillis(fiber) + renewMillis, fiber)
          else this.#timer.stop()
          return Effect.void
        })
      )
    })
  }

  /** Decides who may leave. It may be called again before anything of it counts. */
  #decide(others: ReadonlyArray<Held>): Decision<void> {
    this.#undo()
    this.#ledger.others = together(others)
    let isBlocked = false
    for (const waiting of this.#waiting) {
      if (isBlocked && !waiting.isSynthesis && !waiting.isHedge) continue
      const { reservation } = waiting.call
      const fitting = isBlocked && waiting.isHedge ? "later" : this.#ledger.check(reservation)
      if (fitting === "now") {
        this.#ledger.reserve(reservation)
        this.#admitted.push(waiting)
      } else if (fitting === "never" || waiting.isHedge) {
        this.#refused.push([waiting, this.#overBudget(reservation)])
      } else isBlocked = true
    }
    return { value: this.#ledger.share, result: undefined }
  }

  #undo(): void {
    for (const { call } of this.#admitted) this.#ledger.settle(call.reservation, noAmount)
    this.#admitted = []
    this.#refused = []
  }

  #apply(fiber: AnyFiber): void {
    for (const waiting of this.#admitted) {
      this.#waiting.delete(waiting)
      if (waiting.isGone) {
        this.#ledger.settle(waiting.call.reservation, noAmount)
        this.#isChanged = true
      } else {
        waiting.call.isAdmitted = true
        this.#release(waiting, Effect.void, fiber)
      }
    }
    for (const [waiting, error] of this.#refused) {
      if (this.#waiting.delete(waiting)) this.#release(waiting, Effect.fail(error), fiber)
    }
    this.#admitted = []
    this.#refused = []
  }

  /** Nothing leaves until the register is back; a second copy does not wait for it. */
  #onFailure(exit: Exit.Failure<void, { readonly message: string }>, fiber: AnyFiber): Effect.Effect<void> {
    this.#undo()
    this.#isUnderWay = false
    const retryMillis = Math.min(maxRetryMillis, minRetryMillis * 2 ** this.#failures++)
    this.#retryAt = nowMillis(fiber) + retryMillis
    for (const waiting of this.#waiting) {
      if (!waiting.isHedge) continue
      this.#waiting.delete(waiting)
      this.#release(waiting, Effect.fail(this.#overBudget(waiting.call.reservation)), fiber)
    }
    this.#timer.set(this.#retryAt, fiber)
    if (this.#failures > 1) return Effect.void
    return Effect.logWarning(
      "Calls wait, as the budget that they share with other processes cannot be reached",
      exit.cause
    )
  }

  /** In a task of its own: resumed here, the fiber would run within this one. */
  #release({ resume }: Waiting, result: Effect.Effect<void, AskError>, fiber: AnyFiber): void {
    fiber.currentDispatcher.scheduleTask(() => resume(result), 0)
  }
}
