/** Reads OTLP messages in protobuf into the shape that they have as JSON, as far as the tests look at them. */

type Kind = "string" | "hex" | "int" | "sint" | "fixed64" | "double" | "bool" | "doubles" | "counts" | Message
interface Message {
  readonly [field: number]: readonly [name: string, kind: () => Kind, isRepeated?: "repeated"]
}

const as = (kind: Kind) => () => kind

const anyValue: Message = {
  1: ["stringValue", as("string")],
  2: ["boolValue", as("bool")],
  3: ["intValue", as("int")],
  4: ["doubleValue", as("double")],
  5: ["arrayValue", () => arrayValue]
}
const arrayValue: Message = { 1: ["values", () => anyValue, "repeated"] }
const keyValue: Message = { 1: ["key", as("string")], 2: ["value", as(anyValue)] }
const resource: Message = { 1: ["attributes", as(keyValue), "repeated"] }
const scope: Message = { 1: ["name", as("string")] }
const event: Message = {
  1: ["timeUnixNano", as("fixed64")],
  2: ["name", as("string")],
  3: ["attributes", as(keyValue), "repeated"]
}
const status: Message = { 2: ["message", as("string")], 3: ["code", as("int")] }
const span: Message = {
  1: ["traceId", as("hex")],
  2: ["spanId", as("hex")],
  4: ["parentSpanId", as("hex")],
  5: ["name", as("string")],
  6: ["kind", as("int")],
  7: ["startTimeUnixNano", as("fixed64")],
  8: ["endTimeUnixNano", as("fixed64")],
  9: ["attributes", as(keyValue), "repeated"],
  11: ["events", as(event), "repeated"],
  15: ["status", as(status)]
}
const scopeSpans: Message = { 1: ["scope", as(scope)], 2: ["spans", as(span), "repeated"] }
const resourceSpans: Message = { 1: ["resource", as(resource)], 2: ["scopeSpans", as(scopeSpans), "repeated"] }
const numberPoint: Message = {
  4: ["asDouble", as("double")],
  6: ["asInt", as("fixed64")],
  7: ["attributes", as(keyValue), "repeated"]
}
const histogramPoint: Message = {
  4: ["count", as("fixed64")],
  5: ["sum", as("double")],
  6: ["bucketCounts", as("counts")],
  7: ["explicitBounds", as("doubles")],
  9: ["attributes", as(keyValue), "repeated"]
}
const sum: Message = { 1: ["dataPoints", as(numberPoint), "repeated"], 3: ["isMonotonic", as("bool")] }
const histogram: Message = { 1: ["dataPoints", as(histogramPoint), "repeated"] }
const metric: Message = {
  1: ["name", as("string")],
  3: ["unit", as("string")],
  7: ["sum", as(sum)],
  9: ["histogram", as(histogram)]
}
const scopeMetrics: Message = { 2: ["metrics", as(metric), "repeated"] }
const resourceMetrics: Message = { 1: ["resource", as(resource)], 2: ["scopeMetrics", as(scopeMetrics), "repeated"] }

export const traces = (bytes: Buffer): any => read(bytes, { 1: ["resourceSpans", as(resourceSpans), "repeated"] })
export const metrics = (bytes: Buffer): any => read(bytes, { 1: ["resourceMetrics", as(resourceMetrics), "repeated"] })

const read = (bytes: Buffer, message: Message): Record<string, unknown> => {
  const result: Record<string, any> = {}
  for (const [name, , isRepeated] of Object.values(message)) if (isRepeated === "repeated") result[name] = []
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const [field, wire] = [tag >> 3, tag & 7]
    let raw: Buffer | bigint
    if (wire === 0) raw = varint()
    else {
      const length = wire === 1 ? 8 : wire === 5 ? 4 : Number(varint())
      raw = bytes.subarray(at, at + length)
      at += length
    }
    const known = message[field]
    if (known === undefined) continue
    const [name, kind, isRepeated] = known
    const value = valueOf(raw, kind())
    if (isRepeated === "repeated") result[name].push(value)
    else result[name] = Array.isArray(value) ? [...(result[name] ?? []), ...value] : value
  }
  return result
}

const valueOf = (raw: Buffer | bigint, kind: Kind): unknown => {
  if (typeof raw === "bigint") return kind === "bool" ? raw === 1n : Number(BigInt.asIntN(64, raw))
  if (typeof kind !== "string") return read(raw, kind)
  switch (kind) {
    case "hex":
      return raw.toString("hex")
    case "fixed64":
      return String(raw.readBigUInt64LE())
    case "double":
      return raw.readDoubleLE()
    case "doubles":
      return Array.from({ length: raw.length / 8 }, (_, index) => raw.readDoubleLE(index * 8))
    case "counts":
      return Array.from({ length: raw.length / 8 }, (_, index) => Number(raw.readBigUInt64LE(index * 8)))
    default:
      return raw.toString()
  }
}
