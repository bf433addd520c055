/** An OTLP receiver on loopback: what reaches it by JSON or protobuf, in the same shape. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { gunzipSync } from "node:zlib"
import { Effect } from "effect"
import { listening } from "../Loopback.ts"
import * as Protobuf from "./Protobuf.ts"

export type Attributes = Readonly<Record<string, { readonly type: string; readonly value: unknown }>>

export interface ReceivedSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly kind: number
  readonly startAt: number
  readonly endAt: number
  readonly attributes: Attributes
  readonly events: ReadonlyArray<{ readonly name: string; readonly attributes: Attributes }>
  readonly status: number
}

export interface ReceivedPoint {
  readonly attributes: Attributes
  /** Of a sum. */
  readonly value?: number
  /** Of a histogram. */
  readonly count?: number
  readonly sum?: number
  readonly bounds?: ReadonlyArray<number>
}

export interface ReceivedMetric {
  readonly name: string
  readonly unit: string
  readonly kind: string
  readonly points: ReadonlyArray<ReceivedPoint>
}

interface Request {
  readonly path: string
  readonly headers: IncomingMessage["headers"]
}

type Answer = (response: ServerResponse, nth: number) => void

const accept: Answer = (response) => void response.writeHead(200, { "content-type": "application/json" }).end("{}")

/** Serves until the scope closes. */
export const serve = (answer: Answer = accept) =>
  Effect.gen(function* () {
    const requests: Array<Request> = []
    const spans: Array<ReceivedSpan> = []
    const resources: Array<Attributes> = []
    let metrics: ReadonlyArray<ReceivedMetric> = []
    const server = createServer((request, response) => {
      const chunks: Array<Buffer> = []
      request.on("error", () => {})
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        const { headers, url: path = "" } = request
        requests.push({ path, headers })
        const sent = Buffer.concat(chunks)
        const bytes = headers["content-encoding"] === "gzip" ? gunzipSync(sent) : sent
        const isJson = headers["content-type"] === "application/json"
        if (path.endsWith("/v1/traces")) {
          const { resourceSpans } = isJson ? JSON.parse(bytes.toString()) : Protobuf.traces(bytes)
          for (const { resource, scopeSpans } of resourceSpans) {
            resources.push(attributesOf(resource.attributes))
            for (const each of scopeSpans) spans.push(...each.spans.map(spanOf))
          }
        } else if (path.endsWith("/v1/metrics")) {
          const { resourceMetrics } = isJson ? JSON.parse(bytes.toString()) : Protobuf.metrics(bytes)
          metrics = resourceMetrics[0].scopeMetrics[0].metrics.map(metricOf)
        }
        answer(response, requests.length)
      })
    })
    const url = yield* listening(server)
    return { url, requests, spans, resources, metrics: () => metrics }
  })

export const attributesOf = (attributes: ReadonlyArray<any> = []): Attributes =>
  Object.fromEntries(
    attributes.map(({ key, value }) => {
      const [[field, content]] = Object.entries(value) as [[string, any]]
      if (field === "arrayValue") {
        return [key, { type: "string[]", value: content.values.map((each: any) => each.stringValue) }]
      }
      const type = { stringValue: "string", intValue: "int", doubleValue: "double", boolValue: "boolean" }[field]
      return [key, { type: type ?? field, value: field === "intValue" ? Number(content) : content }]
    })
  )

const millis = (nanos: string): number => Number(BigInt(nanos) / 1_000_000n)

const spanOf = (span: any): ReceivedSpan => ({
  name: span.name,
  traceId: span.traceId,
  spanId: span.spanId,
  parentSpanId: span.parentSpanId,
  kind: span.kind,
  startAt: millis(span.startTimeUnixNano),
  endAt: millis(span.endTimeUnixNano),
  attributes: attributesOf(span.attributes),
  events: (span.events ?? []).map(({ attributes, name }: any) => ({ name, attributes: attributesOf(attributes) })),
  status: span.status?.code ?? 0
})

const metricOf = ({ histogram, name, sum, unit }: any): ReceivedMetric => ({
  name,
  unit,
  kind: histogram === undefined ? (sum.isMonotonic === true ? "counter" : "updowncounter") : "histogram",
  points: (histogram ?? sum).dataPoints.map((point: any): ReceivedPoint => {
    const attributes = attributesOf(point.attributes)
    return histogram === undefined
      ? { attributes, value: Number(point.asInt ?? point.asDouble) }
      : { attributes, count: Number(point.count), sum: point.sum, bounds: point.explicitBounds }
  })
})
