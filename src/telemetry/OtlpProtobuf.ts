/** The protobuf of exports, made of their JSON by `effect/observability`. Loaded only where it is asked for. */
import { Effect } from "effect"
import type { HttpBody } from "effect/http"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"

/** What Effect reads of every span, and JSON leaves out where it is empty. */
const empty = { droppedAttributesCount: 0, events: [], droppedEventsCount: 0, links: [], droppedLinksCount: 0 }

const withAll = (span: { readonly events?: ReadonlyArray<object>; readonly status: object }) => ({
  ...empty,
  ...span,
  status: { code: 0, ...span.status },
  ...(span.events && { events: span.events.map((event) => ({ droppedAttributesCount: 0, ...event })) })
})

const bytesOf = (body: HttpBody.HttpBody): Uint8Array => {
  if (body._tag !== "Uint8Array") throw new Error(`a body of ${body._tag}, where bytes were expected`)
  return body.body
}

/** JSON of an export of either signal to protobuf. */
export const encode = Effect.map(OtlpSerialization.OtlpSerialization, ({ metrics, traces }) => (json: string) => {
  const data = JSON.parse(json)
  if (data.resourceSpans === undefined) return bytesOf(metrics(data))
  for (const { scopeSpans } of data.resourceSpans) for (const each of scopeSpans) each.spans = each.spans.map(withAll)
  return bytesOf(traces(data))
}).pipe(Effect.provide(OtlpSerialization.layerProtobuf))
