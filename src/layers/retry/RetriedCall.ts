/** What the tries of one call have cost and brought so far. */
import type { AskError } from "../../claude/AskError.ts"
import type { Attempt, End, Observer, PartialReply, Stop } from "../../claude/Attempt.ts"
import { PaidUsage } from "../../claude/PaidUsage.ts"

export class RetriedCall implements Observer {
  readonly #onDispatch: (at: number) => void
  readonly #paid = new PaidUsage()
  #model: string | undefined
  #partialText: string | undefined
  /** The latest attempt, as long as it is not among the tries that failed. */
  #latest: Attempt | undefined
  /** An attempt since the latest dispatch brought a reply, which is paid: the call is about to end. */
  hasReply = false

  /** `onDispatch` gets the time of each dispatch, in epoch milliseconds. */
  constructor(onDispatch: (at: number) => void) {
    this.#onDispatch = onDispatch
  }

  onDispatch(attempt: Attempt): void {
    this.hasReply = false
    this.#onDispatch(attempt.dispatchedAt!)
    // A second copy is accounted for by the layer that sends it.
    if (attempt.call.hedge !== true) this.#latest = attempt
  }

  onEnd(attempt: Attempt, end: End): void {
    this.#paid.onEnd(attempt, end)
    // The end of another attempt, such as the copy that lost, takes nothing back.
    if (end.exit._tag === "Success") this.hasReply = true
  }

  addFailure({ model, partialText }: AskError): void {
    this.hasReply = false
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
