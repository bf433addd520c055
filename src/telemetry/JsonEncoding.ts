/** OTLP by JSON. Keys that are empty are left out, as a collector leaves them out. */
import {
  type Encoding,
  errorStatus,
  isHistogram,
  type Metric,
  type Point,
  scopeName,
  spanKinds,
  temporalityOf
} from "./Encoding.ts"
import { bounds, type Kind, kinds, type Name, type ValueOf } from "./Names.ts"

const quoted: (text: string) => string = JSON.stringify

const fields = {
  string: "stringValue",
  int: "intValue",
  double: "doubleValue",
  boolean: "boolValue",
  "string[]": "arrayValue"
} as const satisfies Readonly<Record<Kind, string>>

/** What stands before the value of each attribute, and before that of one after others. */
const before = Object.fromEntries(
  Object.entries(kinds).map(([name, kind]) => [name, `{"key":"${name}","value":{"${fields[kind]}":`])
) as Readonly<Record<Name, string>>
const beforeNext = Object.fromEntries(Object.entries(before).map(([name, text]) => [name, `,${text}`])) as typeof before

const attribute: Encoding["attribute"] = (name, value) => `${before[name]}${textOf(name, value)}}}`

const textOf = (name: Name, value: ValueOf<Name>): string | number | boolean => {
  if (typeof value === "number" || typeof value === "boolean") return value
  if (kinds[name] === "string") return quoted(value as string)
  const values = typeof value === "string" ? [value] : value
  return JSON.stringify({ values: values.map((stringValue) => ({ stringValue })) })
}

const nanos = (millis: number): string => `${Math.round(millis)}000000`

const beginSpan: Encoding["beginSpan"] = (pieces, own, parent, startAt, endAt, template) => {
  pieces.push('{"traceId":"', own.traceId, '","spanId":"', own.spanId)
  if (parent !== undefined) pieces.push('","parentSpanId":"', parent.spanId)
  const from = Math.round(startAt)
  const until = Math.max(from, Math.round(endAt))
  pieces.push('","startTimeUnixNano":"', from, '000000","endTimeUnixNano":"', until, "000000", template)
}

const endSpan: Encoding["endSpan"] = (pieces, error, event) => {
  pieces.push("]")
  if (error !== undefined) pieces.push(`,"status":{"code":${errorStatus},"message":${quoted(error)}}`)
  if (event !== undefined) {
    const { at, attributes, name } = event
    pieces.push(`,"events":[{"timeUnixNano":"${nanos(at)}","name":"${name}","attributes":[${attributes.join(",")}]}]`)
  }
  pieces.push("}")
}

const resource = (attributes: Readonly<Record<string, string>>): string => {
  const each = Object.entries(attributes).map(
    ([key, value]) => `{"key":${quoted(key)},"value":{"stringValue":${quoted(value)}}}`
  )
  return `{"attributes":[${each.join(",")}]}`
}

const scope = `{"name":"${scopeName}"}`

const pointOf =
  ({ at, instrument, startedAt }: Metric) =>
  ({ attributes, value }: Point): string => {
    const own = isHistogram(value)
      ? `"count":${value.count},"sum":${value.sum},"min":${value.min},"max":${value.max},"bucketCounts":[${value.buckets.join(",")}],"explicitBounds":[${bounds.join(",")}]`
      : `"${instrument.kind === "amount" ? "asDouble" : "asInt"}":${value}`
    return `{"attributes":[${attributes.join(",")}],"startTimeUnixNano":"${nanos(startedAt)}","timeUnixNano":"${nanos(at)}",${own}}`
  }

const metricOf = (metric: Metric): string => {
  const { description, kind, name, unit } = metric.instrument
  const points = `"aggregationTemporality":${temporalityOf(metric)},"dataPoints":[${metric.points.map(pointOf(metric)).join(",")}]`
  const data = kind === "histogram" ? `"histogram":{${points}}` : `"sum":{${points},"isMonotonic":${kind !== "state"}}`
  return `{"name":"${name}","unit":"${unit}","description":"${description}",${data}}`
}

export const encoding: Encoding = {
  contentType: "application/json",
  charset: "utf8",
  identityCharset: "hex",
  separator: ",",
  attribute,
  several: (attributes) => attributes.join(","),
  template: (name, kind, attributes) =>
    `","name":${quoted(name)},"kind":${spanKinds[kind]},"attributes":[${attributes.join(",")}`,
  beginSpan,
  addAttribute: (pieces, name, value) =>
    void pieces.push(beforeNext[name], typeof value === "number" ? value : textOf(name, value), "}}"),
  endSpan,
  resource,
  aroundSpans: (resource) => [
    `{"resourceSpans":[{"resource":${resource},"scopeSpans":[{"scope":${scope},"spans":[`,
    "]}]}]}"
  ],
  metrics: (resource, metrics) =>
    `{"resourceMetrics":[{"resource":${resource},"scopeMetrics":[{"scope":${scope},"metrics":[${metrics.map(metricOf).join(",")}]}]}]}`
}
