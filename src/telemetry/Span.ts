/** A finished span, in the JSON that OTLP has for it, and the identities that spans refer to each other by. */
import * as Hex from "effect/encoding/Hex"

/** A span as JSON: one text to be kept until it is sent, and not a hundred objects. */
export type Span = string

/** Which span of which trace. */
export interface Identity {
  readonly traceId: string
  readonly spanId: string
}

/** Values of OTLP. */
const kinds = { internal: 1, client: 3 } as const
const errorStatus = 2

/** The name and kind of spans, as JSON: made once for many. */
export type Title = string
export const title = (name: string, kind: keyof typeof kinds): Title =>
  `"name":${JSON.stringify(name)},"kind":${kinds[kind]}`

/** The identity of a child of `parent`, or of the root of a trace of its own. */
export const identity = (parent?: Identity): Identity => ({
  traceId: parent?.traceId ?? Hex.random(32),
  spanId: Hex.random(16)
})

/** Epoch milliseconds as OTLP writes times. */
export const nanos = (millis: number): string => `${Math.round(millis)}000000`

interface Fields {
  readonly title: Title
  readonly startAt: number
  readonly endAt: number
  /** Joined by commas. */
  readonly attributes: string
  /** Why it failed; `undefined` where it did not. */
  readonly error?: string | undefined
  /** JSON of the event that it ended with. */
  readonly event?: string | undefined
}

/** Keys that are empty are left out, as a collector leaves them out. */
export const make = (own: Identity, parent: Identity | undefined, fields: Fields): Span => {
  const { attributes, error, event, startAt, title } = fields
  const ofParent = parent === undefined ? "" : `,"parentSpanId":"${parent.spanId}"`
  const status = error === undefined ? "{}" : JSON.stringify({ code: errorStatus, message: error })
  const events = event === undefined ? "" : `,"events":[${event}]`
  // Clocks of several machines may differ.
  const endAt = Math.max(startAt, fields.endAt)
  return `{"traceId":"${own.traceId}","spanId":"${own.spanId}"${ofParent},${title},"startTimeUnixNano":"${nanos(startAt)}","endTimeUnixNano":"${nanos(endAt)}","attributes":[${attributes}],"status":${status}${events}}`
}
