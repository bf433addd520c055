/** A queue that whoever waits may leave from the midst: each step takes the same time, however many wait. */

interface Link<A> {
  readonly value: A
  before: Link<A> | undefined
  after: Link<A> | undefined
}

export class LinkedQueue<A> {
  #first: Link<A> | undefined
  #last: Link<A> | undefined

  get first(): A | undefined {
    return this.#first?.value
  }

  /** Puts a value at the end, and gives what takes it out again; said twice, that does nothing more. */
  push(value: A): () => void {
    const link: Link<A> = { value, before: this.#last, after: undefined }
    if (this.#last === undefined) this.#first = link
    else this.#last.after = link
    this.#last = link
    let isIn = true
    return () => {
      if (!isIn) return
      isIn = false
      if (link.before === undefined) this.#first = link.after
      else link.before.after = link.after
      if (link.after === undefined) this.#last = link.before
      else link.after.before = link.before
    }
  }
}
