/** OTLP by protobuf, as a text with a character for each byte: a message is joined of its fields, and its length is that of the text. */
import {
  type Attribute,
  type Encoding,
  errorStatus,
  isHistogram,
  type Metric,
  type Point,
  scopeName,
  spanKinds,
  temporalityOf
} from "./Encoding.ts"
import { bounds, kinds, type Name, type ValueOf } from "./Names.ts"

const byte = String.fromCharCode

const varint = (value: number): string =>
  value < 128 ? byte(value) : byte((value % 128) + 128) + varint(Math.floor(value / 128))

/** What stands before a field, by the way that it is written. */
const tag = (field: number, wire: 0 | 1 | 2): string => varint(field * 8 + wire)

const bytesAfter = (tag: string, bytes: string): string => tag + varint(bytes.length) + bytes
const message = (field: number, bytes: string): string => bytesAfter(tag(field, 2), bytes)
const integer = (field: number, value: number): string => tag(field, 0) + varint(value)

const isAscii = /^[\0-\x7f]*$/
const text = (field: number, value: string): string =>
  message(field, isAscii.test(value) ? value : Buffer.from(value).toString("latin1"))

const eight = Buffer.alloc(8)
const double = (value: number): string => {
  eight.writeDoubleLE(value)
  return eight.toString("latin1")
}
const fixed = (value: bigint): string => {
  eight.writeBigUInt64LE(value)
  return eight.toString("latin1")
}
const nanos = (millis: number): string => fixed(BigInt(Math.round(millis)) * 1_000_000n)

const valueOf = (name: Name, value: ValueOf<Name>): string => {
  if (typeof value === "number") return kinds[name] === "int" ? integer(3, value) : tag(4, 1) + double(value)
  if (typeof value === "boolean") return integer(2, Number(value))
  if (kinds[name] === "string") return text(1, value as string)
  const values = typeof value === "string" ? [value] : value
  return message(5, values.map((each) => message(1, text(1, each))).join(""))
}

/** Attributes as the fields of a span and a point of a histogram are numbered; `numbered` gives them the number that others have. */
const attributeTag = tag(9, 2)
const valueTag = tag(2, 2)
const keys = Object.fromEntries(Object.keys(kinds).map((name) => [name, text(1, name)])) as Readonly<
  Record<Name, string>
>
const attribute: Encoding["attribute"] = (name, value) =>
  bytesAfter(attributeTag, keys[name] + bytesAfter(valueTag, valueOf(name, value)))

const numbered = (field: number, attributes: ReadonlyArray<Attribute>): string =>
  attributes.map((each) => tag(field, 2) + each.slice(attributeTag.length)).join("")

const spanTag = tag(2, 2)
const [traceIdTag, spanIdTag, parentTag] = [tag(1, 2), tag(2, 2), tag(4, 2)]
const [startTag, endTag] = [tag(7, 1), tag(8, 1)]

/** Stands where the length of a span is written once it has ended. */
const unknownLength = ""

const beginSpan: Encoding["beginSpan"] = (pieces, own, parent, startAt, endAt, template) => {
  pieces.push(spanTag, unknownLength, bytesAfter(traceIdTag, own.traceId), bytesAfter(spanIdTag, own.spanId))
  if (parent !== undefined) pieces.push(bytesAfter(parentTag, parent.spanId))
  pieces.push(startTag, nanos(startAt), endTag, nanos(Math.max(startAt, endAt)), template)
}

const endSpan: Encoding["endSpan"] = (pieces, error, event) => {
  if (error !== undefined) pieces.push(message(15, text(2, error) + integer(3, errorStatus)))
  if (event !== undefined) {
    const { at, attributes, name } = event
    pieces.push(message(11, tag(1, 1) + nanos(at) + text(2, name) + numbered(3, attributes)))
  }
  writeLength(pieces as Array<string>)
}

const writeLength = (pieces: Array<string>): void => {
  let length = 0
  let at = pieces.length
  while (pieces[--at] !== unknownLength) length += pieces[at]!.length
  pieces[at] = varint(length)
}

const resource = (attributes: Readonly<Record<string, string>>): string => {
  const each = Object.entries(attributes).map(([key, value]) => message(1, text(1, key) + message(2, text(1, value))))
  return message(1, each.join(""))
}

const scope = message(1, text(1, scopeName))

const pointOf =
  ({ at, instrument, startedAt }: Metric) =>
  ({ attributes, value }: Point): string => {
    const times = tag(2, 1) + nanos(startedAt) + tag(3, 1) + nanos(at)
    if (!isHistogram(value)) {
      const number = instrument.kind === "amount" ? tag(4, 1) + double(value) : tag(6, 1) + fixed(BigInt(value))
      return message(1, times + number + numbered(7, attributes))
    }
    const counts = message(6, value.buckets.map((count) => fixed(BigInt(count))).join(""))
    const sums = tag(4, 1) + fixed(BigInt(value.count)) + tag(5, 1) + double(value.sum)
    const extremes = tag(11, 1) + double(value.min) + tag(12, 1) + double(value.max)
    return message(1, times + sums + counts + message(7, bounds.map(double).join("")) + extremes + attributes.join(""))
  }

const metricOf = (metric: Metric): string => {
  const { description, kind, name, unit } = metric.instrument
  const points = metric.points.map(pointOf(metric)).join("") + integer(2, temporalityOf(metric))
  const data = kind === "histogram" ? message(9, points) : message(7, points + integer(3, Number(kind !== "state")))
  return message(2, text(1, name) + text(2, description) + text(3, unit) + data)
}

export const encoding: Encoding = {
  contentType: "application/x-protobuf",
  charset: "latin1",
  identityCharset: "latin1",
  separator: "",
  attribute,
  several: (attributes) => attributes.join(""),
  template: (name, kind, attributes) => text(5, name) + integer(6, spanKinds[kind]) + attributes.join(""),
  beginSpan,
  addAttribute: (pieces, name, value) => void pieces.push(attribute(name, value)),
  endSpan,
  resource,
  aroundSpans: (resource, bytes) => {
    const scopeTags = tag(2, 2) + varint(scope.length + bytes) + scope
    return [tag(1, 2) + varint(resource.length + scopeTags.length + bytes) + resource + scopeTags, ""]
  },
  metrics: (resource, metrics) => message(1, resource + message(2, scope + metrics.map(metricOf).join("")))
}
