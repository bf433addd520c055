/** What the tries of one call have cost and brought so far. */
import type { AskError } from "../../claude/AskError.ts"
import type { Attempt, End, Observer, PartialReply, Stop } from "../../claude/Attempt.ts"
import { addPaid, type Usage } from "../../claude/Message.ts"

export class RetriedCall implements Observer {
  readonly #onDispatch: (at: number) => void
  /** The usage of the tries that failed. */
  #paid: Usage | undefined
  #model: string | undefined
  #partialText: string | undefined
  /** The latest attempt, as long as it is not among the tries that failed. */
  #latest: Attempt | undefined

  /** `onDispatch` gets the time of each dispatch, in epoch milliseconds. */
  constructor(onDispatch: (at: number) => void) {
    this.#onDispatch = onDispatch
  }

  onDispatch(attempt: Attempt): void {
    this.#onDispatch(attempt.dispatchedAt!)
    // A second copy is accounted for by the layer that sends it.
    if (attempt.call.hedge !== true) this.#latest = attempt
  }

  onEnd(attempt: Attempt, { exit }: End): void {
    if (exit._tag === "Success" && this.#latest === attempt) this.#latest = undefined
  }

  addFailure({ model, partialText, usage }: AskError): void {
    this.#paid = addPaid(this.#paid, usage)
    this.#model = model ?? this.#model
    this.#partialText = partialText ?? this.#partialText
    this.#latest = undefined
  }

  /** Says why the attempt under way, if any, is about to be interrupted. */
  stop(stop: Stop): void {
    this.#latest?.stop(stop)
  }

  /** The error with the usage of all tries; it has that of its own try already. */
  withUsage(error: AskError): AskError {
    return error.usage === this.#paid ? error : error.with({ usage: this.#paid })
  }

  /** The usage of all tries and of the attempt under way, and the latest text. */
  get total(): PartialReply {
    const { model, partialText, usage } = this.#latest?.partial ?? {}
    return {
      usage: addPaid(this.#paid, usage),
      model: model ?? this.#model,
      partialText: partialText ?? this.#partialText
    }
  }
}
