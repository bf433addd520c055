/** Calls that share a prefix: one leads, and the others follow once its reply begins, or is too late. */
import { Effect, Exit, type Fiber } from "effect"
import type { AskError } from "../../claude/AskError.ts"
import { LinkedQueue } from "../../scheduling/LinkedQueue.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

/** Leaders in a row whose failure no other try helps: then all go, rather than fail one after the other for the same reason. */
const mostHopeless = 2

const nothing = (): void => {}

/** One call of a group that has to lead or to wait. */
export class Member {
  /** Ends its waiting: from then on it leads or follows. */
  go: () => void = nothing
  leaveQueue: () => void = nothing
}

export class WarmupGroup {
  readonly #lifeMillis: number
  readonly #waiting = new LinkedQueue<Member>()
  /** Whose reply has not begun. */
  #leader: Member | undefined
  /** When the leader's request left, in epoch milliseconds. */
  #leftAt: number | undefined
  #isLate = false
  #warmUntil = Number.NEGATIVE_INFINITY
  #hopeless = 0

  constructor(lifeMillis: number) {
    this.#lifeMillis = lifeMillis
  }

  /** When the leader's request left; `undefined` where nobody leads, or the leader waits for its turn, or is late. */
  get leftAt(): number | undefined {
    return this.#isLate ? undefined : this.#leftAt
  }

  /** Nobody leads and nobody waits. */
  get isIdle(): boolean {
    return this.#leader === undefined && this.#waiting.first === undefined
  }

  /** What is shared is there. */
  isWarm(now: number): boolean {
    return now < this.#warmUntil
  }

  /** Whether a call need not wait: what is shared is there, or its leader is too late for it. */
  isOpen(now: number): boolean {
    return this.#isLate || this.isWarm(now)
  }

  isLedBy(member: Member): boolean {
    return this.#leader === member
  }

  /** Gives once the member may go: as the leader, where nobody else is, or as one who follows. */
  enter(member: Member, now: number): Effect.Effect<void> {
    if (this.isOpen(now)) return Effect.void
    if (this.#leader === undefined) {
      this.#leader = member
      return Effect.void
    }
    return Effect.callback((resume) => {
      member.leaveQueue = this.#waiting.push(member)
      member.go = () => resume(Effect.void)
      return Effect.sync(member.leaveQueue)
    })
  }

  /** The leader's request left. */
  depart(member: Member, at: number): void {
    if (this.#leader === member) this.#leftAt = at
  }

  /** The leader's reply begins: what it shares can be used from now on. */
  begin(member: Member, now: number, fiber: AnyFiber): void {
    if (this.#leader !== member) return
    this.#warmUntil = (this.#leftAt ?? now) + this.#lifeMillis
    this.#hopeless = 0
    this.#dismiss()
    this.#release(fiber)
  }

  /** The others have waited long enough. */
  giveUp(fiber: AnyFiber): void {
    this.#isLate = true
    this.#release(fiber)
  }

  /** A follower's request left, which lengthens the life of what is shared. */
  use(at: number): void {
    if (this.isWarm(at)) this.#warmUntil = Math.max(this.#warmUntil, at + this.#lifeMillis)
  }

  /** A member is over. Where it led and had not begun, the next in order leads. */
  end(member: Member, exit: Exit.Exit<unknown, AskError>, now: number, fiber: AnyFiber): void {
    if (this.#leader !== member) return
    if (Exit.isSuccess(exit)) return this.begin(member, now, fiber)
    this.#dismiss()
    if (isHopeless(exit)) this.#hopeless++
    if (this.#hopeless >= mostHopeless) {
      this.#hopeless = 0
      return this.#release(fiber)
    }
    const next = this.#waiting.first
    if (next === undefined) return
    this.#leader = next
    this.#wake(next, fiber)
  }

  #dismiss(): void {
    this.#leader = undefined
    this.#leftAt = undefined
    this.#isLate = false
  }

  #release(fiber: AnyFiber): void {
    for (let member = this.#waiting.first; member !== undefined; member = this.#waiting.first) this.#wake(member, fiber)
  }

  #wake(member: Member, fiber: AnyFiber): void {
    member.leaveQueue()
    // A task of its own: a resumed fiber would run here and now, within the stream of the one that leads.
    fiber.currentDispatcher.scheduleTask(member.go, 0)
  }
}

/** A failure that its siblings may well share, such as a wrong key. */
const isHopeless = (exit: Exit.Exit<unknown, AskError>): boolean => {
  const error = Exit.findErrorOption(exit)
  return error._tag === "Some" ? !error.value.isRetryable : Exit.hasDies(exit)
}
