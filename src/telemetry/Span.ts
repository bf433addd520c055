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
export const kind = { internal: 1, client: 3 } as const
const errorStatus = 2

/** The identity of a child of `parent`, or of the root of a trace of its own. */
export const identity = (parent?: Identity): Identity => ({
  traceId: parent?.traceId ?? Hex.random(32),
  spanId: Hex.random(16)
})

/** Epoch milliseconds as OTLP writes times. */
export const nanos = (millis: number): string => `${Math.round(millis)}000000`

interface Fields {
  readonly name: string
  readonly kind: number
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
  const { attributes, error, event, kind, name, startAt } = fields
  const ofParent = parent === undefined ? "" : `,"parentSpanId":"${parent.spanId}"`
  const status = error === undefined ? "{}" : JSON.stringify({ code: errorStatus, message: error })
  const events = event === undefined ? "" : `,"events":[${event}]`
  // Clocks of several machines may differ.
  const endAt = Math.max(startAt, fields.endAt)
  return `{"traceId":"${own.traceId}","spanId":"${own.spanId}"${ofParent},"name":${jsonOf(name)},"kind":${kind},"startTimeUnixNano":"${nanos(startAt)}","endTimeUnixNano":"${nanos(endAt)}","attributes":[${attributes}],"status":${status}${events}}`
}

/** Spans have few names. */
const jsonOf = (name: string): string => {
  if (latest.name !== name) latest = { name, json: JSON.stringify(name) }
  return latest.json
}
let latest = { name: "", json: '""' }
