/**
 * A first-in-first-out queue from which any entry can be removed in constant time.
 *
 * A `Set` keeps the same order, but each look at its first entry steps over those already removed.
 */

interface Entry<A> {
  readonly value: A
  previous: Entry<A> | undefined
  next: Entry<A> | undefined
}

export class LinkedQueue<A> {
  #first: Entry<A> | undefined
  #last: Entry<A> | undefined

  /** The oldest value; it stays in the queue. */
  get first(): A | undefined {
    return this.#first?.value
  }

  /** Appends a value and returns a function that removes it; calling that again has no effect. */
  push(value: A): () => void {
    const entry: Entry<A> = { value, previous: this.#last, next: undefined }
    if (this.#last === undefined) this.#first = entry
    else this.#last.next = entry
    this.#last = entry
    let isQueued = true
    return () => {
      if (!isQueued) return
      isQueued = false
      if (entry.previous === undefined) this.#first = entry.next
      else entry.previous.next = entry.next
      if (entry.next === undefined) this.#last = entry.previous
      else entry.next.previous = entry.previous
    }
  }
}
