/** The body of an export of spans, written as they come: its bytes are not on the heap, which thousands of texts would fill. */
import type { Span } from "./Span.ts"

/** What is allocated at a time. */
const partBytes = 256 * 1024

/** The most bytes that a character of a string takes as UTF-8. */
const bytesOfCharacter = 3

export class SpanBody {
  /** Spans in it. */
  count = 0
  readonly #tail: string
  readonly #parts: Array<Uint8Array> = []
  #part: Buffer = Buffer.allocUnsafe(partBytes)
  #used = 0

  /** `head` and `tail`: JSON before the first span and after the last one. */
  constructor(head: string, tail: string) {
    this.#tail = tail
    this.#write(head)
  }

  add(span: Span): void {
    this.#write(this.count++ === 0 ? span : `,${span}`)
  }

  /** The whole, to which nothing can be added. */
  end(): ReadonlyArray<Uint8Array> {
    this.#write(this.#tail)
    return [...this.#parts, this.#part.subarray(0, this.#used)]
  }

  #write(text: string): void {
    const most = text.length * bytesOfCharacter
    if (most > this.#part.length - this.#used) {
      this.#parts.push(this.#part.subarray(0, this.#used))
      this.#part = Buffer.allocUnsafe(Math.max(most, partBytes))
      this.#used = 0
    }
    this.#used += this.#part.write(text, this.#used)
  }
}
