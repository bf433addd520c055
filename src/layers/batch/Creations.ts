/** The batches that runs have created, or may have created, folded from their events. */
import { type Event, isBatchEvent } from "../../claude/Event.ts"

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

  constructor(events: ReadonlyArray<Event> = []) {
    for (const event of events) if (isBatchEvent(event)) this.#read(event)
  }

  get all(): ReadonlyArray<Creation> {
    return [...this.#byNonce.values()]
  }

  /** The latest creation with a request of this id. */
  of(id: string): Creation | undefined {
    return this.#byId.get(id)
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
