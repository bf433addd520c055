/** The body of an export of spans, written as they come: its bytes are not on the heap, which thousands of texts would fill. */
import type { Encoding, Identity, Pieces, SpanEvent, Template } from "./Encoding.ts"

/** A body in parts. */
export type Body = ReadonlyArray<Uint8Array>

export class SpanBody {
  /** Spans in it. */
  count = 0
  readonly #encoding: Encoding
  readonly #spansOfPart: number
  readonly #parts: Array<Uint8Array> = []
  #bytes = 0
  /** Of the spans that have no part yet. */
  #pieces: Pieces = []
  /** How many pieces are of spans that have ended. */
  #ended = 0

  /** `spansOfPart`: so many are written at a time. */
  constructor(encoding: Encoding, spansOfPart: number) {
    this.#encoding = encoding
    this.#spansOfPart = spansOfPart
  }

  /** Begins a span: its attributes are added to what is returned, until `end`. */
  begin(own: Identity, parent: Identity | undefined, startAt: number, endAt: number, template: Template): Pieces {
    // What an exception has left of the span before is no span.
    if (this.#pieces.length > this.#ended) this.#pieces.length = this.#ended
    if (this.count > 0) this.#pieces.push(this.#encoding.separator)
    this.#encoding.beginSpan(this.#pieces, own, parent, startAt, endAt, template)
    return this.#pieces
  }

  end(error: string | undefined, event: SpanEvent | undefined): void {
    this.#encoding.endSpan(this.#pieces, error, event)
    this.#ended = this.#pieces.length
    this.count++
    if (this.count % this.#spansOfPart === 0) this.#write()
  }

  /** The whole, to which nothing can be added. */
  whole(resource: string): Body {
    this.#write()
    const { aroundSpans, charset } = this.#encoding
    const [head, tail] = aroundSpans(resource, this.#bytes)
    return [Buffer.from(head, charset), ...this.#parts, Buffer.from(tail, charset)]
  }

  #write(): void {
    if (this.#ended === 0) return
    this.#pieces.length = this.#ended
    const part = Buffer.from(this.#pieces.join(""), this.#encoding.charset)
    this.#bytes += part.length
    this.#parts.push(part)
    this.#pieces = []
    this.#ended = 0
  }
}
