/** The Message Batches of a run, folded from its events. */
import type { BatchCounts, BatchEvent } from "../claude/Event.ts"

/** One batch; `expiresAt` in epoch milliseconds. */
export interface BatchState {
  readonly id: string
  /** The run that was the first to know it. */
  readonly run: string
  readonly counts: BatchCounts
  readonly expiresAt: number
  readonly isCanceling: boolean
  readonly isEnded: boolean
  /** The last of the calls that have failed in a row, where the API has not answered since. */
  readonly failure?: CallFailure
}

/** `since`: when the first of the row failed, in epoch milliseconds. */
export interface CallFailure {
  readonly message: string
  readonly since: number
}

export class BatchStates {
  readonly #byId = new Map<string, BatchState>()
  /** Requests by the nonce of the creation of their batch, until its id is known. */
  readonly #requests = new Map<string, number>()

  #searchFailure: CallFailure | undefined

  /** Why the batch of a creation whose end is not known cannot be looked for. */
  get searchFailure(): CallFailure | undefined {
    return this.#searchFailure
  }

  /** In the order in which they were met. */
  get all(): ReadonlyArray<BatchState> {
    return [...this.#byId.values()]
  }

  of(id: string): BatchState | undefined {
    return this.#byId.get(id)
  }

  /** Those whose results are still to come. */
  get open(): ReadonlyArray<BatchState> {
    return this.all.filter(({ failure, isEnded }) => !isEnded || failure !== undefined)
  }

  /** How many creations have no known end: whether there is a batch is not known. */
  get uncertain(): number {
    return this.#requests.size
  }

  #runOf({ batch, run }: { readonly batch: string; readonly run: string }): string {
    return this.#byId.get(batch)?.run ?? run
  }

  add(event: BatchEvent): void {
    switch (event._tag) {
      case "BatchSubmitting":
        this.#requests.set(event.nonce, event.ids.length)
        return
      case "BatchSubmitted": {
        const counts = { ...none, processing: this.#requests.get(event.nonce) ?? 0 }
        const { batch: id, expiresAt, run } = event
        this.#byId.set(id, { id, run, counts, expiresAt, isCanceling: false, isEnded: false })
        this.#requests.delete(event.nonce)
        this.#searchFailure = undefined
        return
      }
      case "BatchUncertain":
        this.#searchFailure = undefined
        // Also of a run that this one goes on with.
        this.#requests.set(event.nonce, this.#requests.get(event.nonce) ?? 0)
        return
      case "BatchNotCreated":
        this.#searchFailure = undefined
        this.#requests.delete(event.nonce)
        return
      case "BatchPolled": {
        const { batch: id, counts, expiresAt, isCanceling } = event
        this.#byId.set(id, { id, run: this.#runOf(event), counts, expiresAt, isCanceling, isEnded: false })
        return
      }
      case "BatchCallFailed": {
        const { batch: id, message, since } = event
        const known = id === undefined ? undefined : this.#byId.get(id)
        if (known === undefined) this.#searchFailure = { message, since }
        else this.#byId.set(known.id, { ...known, failure: { message, since } })
        return
      }
      case "BatchEnded": {
        const { at, batch: id, counts } = event
        const { failure: _over, ...known } = this.#byId.get(id) ?? {
          id,
          run: event.run,
          expiresAt: at,
          isCanceling: false
        }
        this.#byId.set(id, { ...known, counts, isEnded: true })
      }
    }
  }
}

const none: BatchCounts = { processing: 0, succeeded: 0, errored: 0, canceled: 0, expired: 0 }
