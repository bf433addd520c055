/** What the tries of one call have cost and brought so far. */
import type { AskError } from "../../claude/AskError.ts"
import type { Attempt, End, Observer, PartialReply, Stop } from "../../claude/Attempt.ts"
import { PaidUsage } from "../../claude/PaidUsage.ts"

/** How long a listener may take for the events of a reply, which a call waits for, where that goes beyond the call's time. */
const announcedWithinMillis = 10_000

export class RetriedCall implements Observer {
  readonly #onDispatch: (at: number) => void
  readonly #paid = new PaidUsage()
  #model: string | undefined
  #partialText: string | undefined
  /** The latest attempt, as long as it is not among the tries that failed. */
  #latest: Attempt | undefined
  #underWay = 0
  /** How many tries in a row, up to the latest, brought a reply that is broken. */
  brokenInRow = 0
  /** When an attempt since the latest dispatch brought a reply, in epoch milliseconds. */
  #repliedAt: number | undefined

  /** `onDispatch` gets the time of each dispatch, in epoch milliseconds. */
  constructor(onDispatch: (at: number) => void) {
    this.#onDispatch = onDispatch
  }

  /**
   * When the call is late whose time ends at `end`. A reply that has come is paid, and ends the call once it is announced; while
   * another attempt is under way it may not end it, as one that paused and is not continued.
   */
  lateAt(end: number): number {
    if (this.#repliedAt === undefined) return end
    return this.#underWay === 0 ? Number.POSITIVE_INFINITY : Math.max(end, this.#repliedAt + announcedWithinMillis)
  }

  onDispatch(attempt: Attempt): void {
    this.#underWay++
    this.#repliedAt = undefined
    this.#onDispatch(attempt.dispatchedAt!)
    // A second copy is accounted for by the layer that sends it.
    if (attempt.call.hedge !== true) this.#latest = attempt
  }

  onEnd(attempt: Attempt, end: End): void {
    this.#underWay--
    this.#paid.onEnd(attempt, end)
    // The end of another attempt, such as the copy that lost, takes nothing back.
    if (end.exit._tag === "Success") this.#repliedAt = attempt.dispatchedAt! + end.durationMillis
  }

  addFailure({ model, partialText, reason }: AskError): void {
    const isBroken = reason._tag === "BrokenStream" || reason._tag === "NotJson"
    this.brokenInRow = isBroken ? this.brokenInRow + 1 : 0
    this.#repliedAt = undefined
    this.#model = model ?? this.#model
    this.#partialText = partialText ?? this.#partialText
    this.#latest = undefined
  }

  /** Says why the attempt under way, if any, is about to be interrupted. */
  stop(stop: Stop): void {
    this.#latest?.stop(stop)
  }

  /** The error with the usage of all attempts, those of second copies and of layers below included. */
  withUsage(error: AskError): AskError {
    return this.#paid.inError(error)
  }

  /** The usage of all attempts, and the latest text. To be read once the attempts under way were interrupted. */
  get total(): PartialReply {
    const { model, partialText } = this.#latest?.partial ?? {}
    return {
      usage: this.#paid.usage,
      model: model ?? this.#model,
      partialText: partialText ?? this.#partialText
    }
  }
}
