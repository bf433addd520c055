/** The batches that runs have created, or may have created, folded from their events. */
import { type Event, isBatchEvent } from "../../claude/Event.ts"

import type { Member } from "./Member.ts"

/** One call that creates a batch. */
export interface Creation {
  readonly nonce: string
  /** When it was about to be made, in epoch milliseconds. */
  readonly at: number
  readonly ids: ReadonlySet<string>
  /** The id of the batch; `undefined` as long as it is not known, nor whether there is one. */
  batch: string | undefined
}

export class Creations {
  readonly #byNonce = new Map<string, Creation>()
  readonly #byId = new Map<string, Creation>()

  /** When an ask failed by the result that it had in a batch: that result is known, and no answer. */
  readonly #failedAt = new Map<string, number>()
  readonly #batched = new Set<string>()

  constructor(events: ReadonlyArray<Event> = []) {
    for (const event of events) {
      if (isBatchEvent(event)) this.#read(event)
      else if (event.part === "ask") this.#readAsk(event)
    }
  }

  get all(): ReadonlyArray<Creation> {
    return [...this.#byNonce.values()]
  }

  /** The latest creation with a request of this id, unless its result has failed the ask in an earlier run. */
  of({ ask, id }: Pick<Member, "ask" | "id">): Creation | undefined {
    const creation = this.#byId.get(id)
    const failedAt = this.#failedAt.get(ask) ?? Number.NEGATIVE_INFINITY
    return creation === undefined || failedAt >= creation.at ? undefined : creation
  }

  /** Whether any of them is known to have made a batch. */
  get haveMadeAny(): boolean {
    return this.all.some(({ batch }) => batch !== undefined)
  }

  /** Whether one of them has made this batch. */
  hasMade(batch: string): boolean {
    return this.all.some((creation) => creation.batch === batch)
  }

  add(creation: Creation): void {
    this.#byNonce.set(creation.nonce, creation)
    for (const id of creation.ids) this.#byId.set(id, creation)
  }

  /** There is no batch of it. */
  remove({ nonce }: Pick<Creation, "nonce">): void {
    const removed = this.#byNonce.get(nonce)
    this.#byNonce.delete(nonce)
    for (const id of removed?.ids ?? []) if (this.#byId.get(id) === removed) this.#byId.delete(id)
  }

  #readAsk(event: Event): void {
    if (event._tag === "Dispatched" && event.batched === true) this.#batched.add(event.ask)
    else if (event._tag === "Started") this.#batched.delete(event.ask)
    else if (event._tag === "Failed" && this.#batched.has(event.ask)) this.#failedAt.set(event.ask, event.at)
  }

  #read(event: Extract<Event, { readonly nonce: string }> | { readonly _tag: string }): void {
    if (!("nonce" in event)) return
    const { at, nonce } = event
    if (event._tag === "BatchSubmitting") this.add({ nonce, at, ids: new Set(event.ids), batch: undefined })
    else if (event._tag === "BatchNotCreated") this.remove(event)
    else if (event._tag === "BatchSubmitted") {
      const known = this.#byNonce.get(nonce)
      if (known !== undefined) known.batch = event.batch
    }
  }
}
