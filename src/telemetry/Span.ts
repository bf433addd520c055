/** A finished span, in the shape that OTLP has for it, and the identities that spans refer to each other by. */
import { Hex } from "effect/encoding"
import type { TraceData } from "effect/observability/OtlpTracer"

export type Span = TraceData["resourceSpans"][number]["scopeSpans"][number]["spans"][number]

/** Which span of which trace. */
export interface Identity {
  readonly traceId: string
  readonly spanId: string
}

/** Values of OTLP. */
export const kind = { internal: 1, client: 3 } as const
const status = { unset: 0, error: 2 } as const

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
  readonly attributes: Span["attributes"]
  /** Why it failed; `undefined` where it did not. */
  readonly error?: string | undefined
  readonly events?: Span["events"]
}

export const make = (own: Identity, parent: Identity | undefined, fields: Fields): Span => ({
  traceId: own.traceId,
  spanId: own.spanId,
  parentSpanId: parent?.spanId,
  name: fields.name,
  kind: fields.kind,
  startTimeUnixNano: nanos(fields.startAt),
  // Clocks of several machines may differ.
  endTimeUnixNano: nanos(Math.max(fields.startAt, fields.endAt)),
  attributes: fields.attributes,
  droppedAttributesCount: 0,
  events: fields.events ?? noEvents,
  droppedEventsCount: 0,
  status: fields.error === undefined ? unset : { code: status.error, message: fields.error },
  links: noLinks,
  droppedLinksCount: 0
})

const unset = { code: status.unset }
const noEvents: Span["events"] = []
const noLinks: Span["links"] = []
