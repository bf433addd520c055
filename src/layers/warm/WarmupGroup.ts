/** Calls that share a prefix: one leads, and the others follow once its reply begins, or takes too long. */
import { Effect, Exit } from "effect"
import type { AskError } from "../../claude/AskError.ts"
import { type AnyFiber, nowMillis } from "../../scheduling/FiberClock.ts"
import { type Waiter, WaitingQueue } from "../../scheduling/WaitingQueue.ts"

/** Leaders in a row with a failure that no other try helps: then all go, instead of failing one by one for the same reason. */
const maxFailedLeaders = 2

/** Identifies one call of a group: it leads or follows. */
export type Member = symbol

export class WarmupGroup {
  /** How long the others wait for the leader, from the moment its request leaves. */
  readonly maxWaitMillis: number
  readonly #lifeMillis: number
  readonly #waiting = new WaitingQueue<Member>()
  /** Its reply has not begun. */
  #leader: Member | undefined
  /** When the leader's request left, in epoch milliseconds. */
  #departedAt: number | undefined
  /** The leader has taken longer than `maxWait`. */
  #isLate = false
  #warmUntil = Number.NEGATIVE_INFINITY
  #failedLeaders = 0

  /** `lifeMillis`: how long the shared prefix can be used from its last use on. */
  constructor(lifeMillis: number, maxWaitMillis: number) {
    this.#lifeMillis = lifeMillis
    this.maxWaitMillis = maxWaitMillis
  }

  /** When the leader's request left; `undefined` where there is no leader, or it is queued below, or it is late. */
  get departedAt(): number | undefined {
    return this.#isLate ? undefined : this.#departedAt
  }

  /** No call leads and none waits. */
  get isIdle(): boolean {
    return this.#leader === undefined && this.#waiting.first === undefined
  }

  /** The shared prefix can be used. */
  isWarm(now: number): boolean {
    return now < this.#warmUntil
  }

  /** A call need not wait: the shared prefix can be used, or its leader takes too long. */
  isOpen(now: number): boolean {
    return this.#isLate || this.isWarm(now)
  }

  isLedBy(member: Member): boolean {
    return this.#leader === member
  }

  /** Ends once the member may go: as the leader, where there is none, or as a follower. */
  enter(member: Member, fiber: AnyFiber): Effect.Effect<void> {
    if (this.#admit(member, fiber)) return Effect.void
    return this.#waiting.wait(member, {
      // The leader may have ended since, as the scheduler may run other fibers before this one is queued.
      onQueued: (waiter) => {
        if (this.#admit(member, fiber)) waiter.release(Effect.void, fiber)
      }
    })
  }

  #admit(member: Member, fiber: AnyFiber): boolean {
    if (this.isOpen(nowMillis(fiber))) return true
    if (this.#leader !== undefined) return false
    this.#leader = member
    return true
  }

  /** The leader's request left. */
  depart(member: Member, at: number): void {
    if (this.#leader === member) this.#departedAt = at
  }

  /** The leader's reply begins: the shared prefix can be used from now on. */
  begin(member: Member, now: number, fiber: AnyFiber): void {
    if (this.#leader !== member) return
    this.#warmUntil = (this.#departedAt ?? now) + this.#lifeMillis
    this.#failedLeaders = 0
    this.#removeLeader()
    this.#releaseAll(fiber)
  }

  /** The others have waited for `maxWait`: they go without the shared prefix. */
  giveUp(fiber: AnyFiber): void {
    this.#isLate = true
    this.#releaseAll(fiber)
  }

  /** A follower's request left, which lengthens the life of the shared prefix. */
  use(at: number): void {
    if (this.isWarm(at)) this.#warmUntil = Math.max(this.#warmUntil, at + this.#lifeMillis)
  }

  /** A member has ended. Where it led and its reply had not begun, the next in order leads. */
  end(member: Member, exit: Exit.Exit<unknown, AskError>, now: number, fiber: AnyFiber): void {
    if (this.#leader !== member) return
    if (Exit.isSuccess(exit)) return this.begin(member, now, fiber)
    this.#removeLeader()
    if (isPermanent(exit)) this.#failedLeaders++
    if (this.#failedLeaders >= maxFailedLeaders) {
      this.#failedLeaders = 0
      return this.#releaseAll(fiber)
    }
    const next = this.#waiting.first
    if (next === undefined) return
    this.#leader = next.value
    next.release(Effect.void, fiber)
  }

  #removeLeader(): void {
    this.#leader = undefined
    this.#departedAt = undefined
    this.#isLate = false
  }

  #releaseAll(fiber: AnyFiber): void {
    let waiter: Waiter<Member> | undefined
    while ((waiter = this.#waiting.first) !== undefined) waiter.release(Effect.void, fiber)
  }
}

/** A failure that its siblings may well share, such as a wrong key. */
const isPermanent = (exit: Exit.Exit<unknown, AskError>): boolean => {
  const error = Exit.findErrorOption(exit)
  return error._tag === "Some" ? !error.value.isRetryable : Exit.hasDies(exit)
}
