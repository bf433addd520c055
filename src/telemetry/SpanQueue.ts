/** The spans that wait to be sent, in bodies as large as are sent at once. */
import type { Encoding, Identity, Pieces, SpanEvent, Template } from "./Encoding.ts"
import { type Body, SpanBody } from "./SpanBody.ts"

/** Takes one span after another. */
export interface SpanSink {
  /** Begins a span: its attributes are added to what is returned, until `end`. */
  readonly begin: (
    own: Identity,
    parent: Identity | undefined,
    startAt: number,
    endAt: number,
    template: Template
  ) => Pieces
  /** `error`: why what the span is of has failed. */
  readonly end: (error?: string, event?: SpanEvent) => void
}

/** Where no spans are sent. */
export const noSpans: SpanSink = { begin: () => [], end: () => {} }

/** Spans of a body, and of one with prompts and answers, which are large. */
const maxSpans = 2048
const maxSpansWithContent = 50

/** Spans that are written at a time; large ones alone, as a text has a greatest length. */
const spansOfPart = 64

/** So many full bodies wait for a receiver that is slower than the run. */
const maxWaiting = 16

export class SpanQueue implements SpanSink {
  /** Spans that are not sent, as too many wait. */
  dropped = 0
  readonly #encoding: Encoding
  readonly #resource: string
  readonly #isWithContent: boolean
  readonly #onFull: () => void
  readonly #waiting: Array<Body> = []
  #body: SpanBody | undefined

  /** `onFull`: a body has as many spans as are sent at once. */
  constructor(encoding: Encoding, resource: string, isWithContent: boolean, onFull: () => void) {
    this.#encoding = encoding
    this.#resource = resource
    this.#isWithContent = isWithContent
    this.#onFull = onFull
  }

  begin(own: Identity, parent: Identity | undefined, startAt: number, endAt: number, template: Template): Pieces {
    this.#body ??= new SpanBody(this.#encoding, this.#isWithContent ? 1 : spansOfPart)
    return this.#body.begin(own, parent, startAt, endAt, template)
  }

  end(error?: string, event?: SpanEvent): void {
    const body = this.#body
    if (body === undefined) return
    body.end(error, event)
    if (body.count < (this.#isWithContent ? maxSpansWithContent : maxSpans)) return
    if (this.#waiting.length < maxWaiting) this.#waiting.push(body.whole(this.#resource))
    else this.dropped += body.count
    this.#body = undefined
    this.#onFull()
  }

  /** The oldest body that is full; of `isAll` also one that is not. */
  take(isAll: boolean): Body | undefined {
    const oldest = this.#waiting.shift()
    if (oldest !== undefined || this.#body === undefined || !isAll) return oldest
    const body = this.#body.whole(this.#resource)
    this.#body = undefined
    return body
  }
}
