/**
 * How OTLP is written: by JSON, or by protobuf as text with a character for each byte. Both are texts that are joined when there are many,
 * and most texts of a span are those of the span before it: writers of protobuf from packages, which write each span whole, take three
 * times as long.
 */
import type { Histogram } from "./Histogram.ts"
import type { Instrument, Name, ValueOf } from "./Names.ts"

/** A name with its value, or several of them. */
export type Attribute = string

/** The name, the kind and the first attributes of spans. */
export type Template = string

/** Texts to be joined; a number stands for its digits. */
export type Pieces = Array<string | number | boolean>

/** Which span of which trace, in characters of the encoding. */
export interface Identity {
  readonly traceId: string
  readonly spanId: string
}

/** What a span ended with. */
export interface SpanEvent {
  readonly at: number
  readonly name: string
  readonly attributes: ReadonlyArray<Attribute>
}

/** What was added to an instrument with these attributes. */
export interface Point {
  readonly attributes: ReadonlyArray<Attribute>
  readonly value: number | Histogram
}

/** What an instrument has measured from one time to another. */
export interface Metric {
  readonly instrument: Instrument
  readonly isDelta: boolean
  readonly startedAt: number
  readonly at: number
  readonly points: ReadonlyArray<Point>
}

/** Values of OTLP. */
export const spanKinds = { internal: 1, client: 3 } as const
export const errorStatus = 2
export const temporalityOf = ({ isDelta }: Metric): number => (isDelta ? 1 : 2)

/** The scope of all that is sent. */
export const scopeName = "fanfold"

export const isHistogram = (value: number | Histogram): value is Histogram => typeof value !== "number"

export interface Encoding {
  readonly contentType: string
  /** How its text is written as bytes, and random bytes as an identity. */
  readonly charset: "utf8" | "latin1"
  readonly identityCharset: "hex" | "latin1"
  /** Between spans. */
  readonly separator: string
  readonly attribute: <N extends Name>(name: N, value: ValueOf<N>) => Attribute
  readonly several: (attributes: ReadonlyArray<Attribute>) => Attribute
  readonly template: (name: string, kind: keyof typeof spanKinds, attributes: ReadonlyArray<Attribute>) => Template
  /** Begins a span, to which `addAttribute` adds where its template has attributes. */
  readonly beginSpan: (
    pieces: Pieces,
    own: Identity,
    parent: Identity | undefined,
    startAt: number,
    endAt: number,
    template: Template
  ) => void
  readonly addAttribute: <N extends Name>(pieces: Pieces, name: N, value: ValueOf<N>) => void
  /** Ends the span that began last. `error`: why it failed. */
  readonly endSpan: (pieces: Pieces, error: string | undefined, event: SpanEvent | undefined) => void
  readonly resource: (attributes: Readonly<Record<string, string>>) => string
  /** What stands before and after spans of so many bytes. */
  readonly aroundSpans: (resource: string, bytes: number) => readonly [head: string, tail: string]
  readonly metrics: (resource: string, metrics: ReadonlyArray<Metric>) => string
}
